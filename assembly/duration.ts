// Durations: text as Go's time.ParseDuration takes it.
import { endOf, setDuration, setError, startOf } from "./cell.ts";
import { MINUS, signAt } from "./number-text.ts";
import { makeRaw } from "./text.ts";

const MOST: u64 = 0x8000000000000000; // nanoseconds, of a negative duration

let end: usize = 0;
let unitEnd: usize = 0;

/** Turns a string cell into the duration that it writes, or an error. */
export function parseDuration(cell: usize): void {
  if (!makeRaw(cell)) return setError(cell);
  end = endOf(cell);
  const sign = signAt(startOf(cell), end);
  let p = startOf(cell) + usize(sign != 0);
  if (p + 1 == end && load<u8>(p) == 0x30) return setDuration(cell, 0);
  if (p == end) return setError(cell);
  let total: u64 = 0;
  while (p < end) {
    p = readTerm(p);
    if (!p) return setError(cell);
    total += term;
    if (total > MOST) return setError(cell);
  }
  if (sign == MINUS) setDuration(cell, <i64>(0 - total));
  else if (total == MOST) setError(cell);
  else setDuration(cell, <i64>total);
}

let term: u64 = 0;

/** Reads a number with its unit into `term` and returns the address behind it; 0 when it is none or too large. */
function readTerm(start: usize): usize {
  let p = readDigits(start);
  const whole = value;
  if (full) return 0;
  const point = p < end && load<u8>(p) == 0x2e;
  const any = p > start || (point && isDigitAt(p + 1));
  value = 0;
  if (point) p = readDigits(p + 1);
  const unit = readUnit(p);
  if (!any || !unit || whole > MOST / unit) return 0;
  term = whole * unit;
  if (value) term += <u64>(<f64>value * (<f64>unit / scale));
  return term > MOST ? 0 : unitEnd;
}

let value: u64 = 0;
let scale: f64 = 1; // behind a point, the value is value / scale
let full: bool = false;

/** Reads digits into `value`; from those on that do not fit it is `full`. */
function readDigits(start: usize): usize {
  let p = start;
  value = 0;
  scale = 1;
  full = false;
  for (; isDigitAt(p); p++) {
    const next = value * 10 + <u64>(load<u8>(p) - 0x30);
    full = full || value > MOST / 10 || next > MOST;
    if (full) continue;
    value = next;
    scale *= 10;
  }
  return p;
}

function isDigitAt(p: usize): bool {
  return p < end && <u32>load<u8>(p) - 0x30 < 10;
}

/** Nanoseconds of the unit at `at`; 0 when there is none. Leaves its end in `unitEnd`. */
function readUnit(at: usize): u64 {
  let word: u32 = 0;
  let p = at;
  for (; p < end && load<u8>(p) != 0x2e && !isDigitAt(p); p++) word = p - at < 4 ? (word << 8) | load<u8>(p) : 0;
  unitEnd = p;
  if (p - at > 4) return 0;
  switch (word) {
    case 0x6e73: // ns
      return 1;
    case 0x7573: // us
    case 0xc2b573: // µs, U+00B5
    case 0xcebc73: // μs, U+03BC
      return 1000;
    case 0x6d73: // ms
      return 1000000;
    case 0x73: // s
      return 1000000000;
    case 0x6d: // m
      return 60000000000;
    case 0x68: // h
      return 3600000000000;
    default:
      return 0;
  }
}
