// Durations: text as Go's time.ParseDuration takes it.
import { endOf, setDuration, setError, startOf } from "./cell.ts";
import { makeRaw } from "./text.ts";

const MOST: u64 = 0x8000000000000000; // nanoseconds, of a negative duration

let end: usize = 0;
let unitEnd: usize = 0;

/** Turns a string cell into the duration that it writes, or an error. */
export function parseDuration(cell: usize): void {
  if (!makeRaw(cell)) return setError(cell);
  let p = startOf(cell);
  end = endOf(cell);
  const negative = p < end && load<u8>(p) == 0x2d;
  if (negative || (p < end && load<u8>(p) == 0x2b)) p++;
  if (p + 1 == end && load<u8>(p) == 0x30) return setDuration(cell, 0);
  if (p == end) return setError(cell);
  let total: u64 = 0;
  while (p < end) {
    p = readTerm(p);
    if (!p) return setError(cell);
    total += term;
    if (total > MOST) return setError(cell);
  }
  if (negative) setDuration(cell, <i64>(0 - total));
  else if (total == MOST) setError(cell);
  else setDuration(cell, <i64>total);
}

let term: u64 = 0;

/** Reads a number with its unit into `term` and returns the address behind it; 0 when it is none or too large. */
function readTerm(start: usize): usize {
  let p = start;
  let whole: u64 = 0;
  for (; isDigitAt(p); p++) {
    if (whole > MOST / 10) return 0;
    whole = whole * 10 + <u64>(load<u8>(p) - 0x30);
    if (whole > MOST) return 0;
  }
  const point = p < end && load<u8>(p) == 0x2e;
  const any = p > start || (point && isDigitAt(p + 1));
  fraction = 0;
  if (point) p = readFraction(p + 1);
  const unit = readUnit(p);
  if (!any || !unit || whole > MOST / unit) return 0;
  term = whole * unit;
  if (fraction) term += <u64>(<f64>fraction * (<f64>unit / scale));
  return term > MOST ? 0 : unitEnd;
}

let fraction: u64 = 0;
let scale: f64 = 1; // the value is fraction / scale

/** Reads the digits behind a point; those that do not fit are dropped. */
function readFraction(start: usize): usize {
  let p = start;
  let full = false;
  scale = 1;
  for (; isDigitAt(p); p++) {
    const next = fraction * 10 + <u64>(load<u8>(p) - 0x30);
    full = full || fraction > (MOST - 1) / 10 || next > MOST;
    if (full) continue;
    fraction = next;
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
