// Durations: text as Go's time.ParseDuration takes it.
import { endOf, setDuration, startOf } from "./cell.ts";
import { digitsValue, fittingDigits, isDigitAt, signAt, skipDigits, wordOf } from "../number/scan.ts";
import { MINUS } from "../text/chars.ts";
import { tenTo } from "../number/powers.ts";

const MOST: u64 = 0x8000000000000000; // nanoseconds, of a negative duration

let end: usize = 0;
let unitEnd: usize = 0;

/** Turns a raw string into the duration that it writes; false when it writes none. */
export function parseDuration(cell: usize): bool {
  end = endOf(cell);
  const sign = signAt(startOf(cell), end);
  let p = startOf(cell) + usize(sign != 0);
  let total: u64 = 0;
  if (p + 1 == end && load<u8>(p) == 0x30) p = end;
  else if (p == end) return false;
  while (p < end) {
    p = readTerm(p);
    total += term;
    if (!p || total > MOST) return false;
  }
  if (sign == MINUS) total = 0 - total;
  else if (total == MOST) return false;
  setDuration(cell, <i64>total);
  return true;
}

let term: u64 = 0;

/** Reads a number with its unit into `term` and returns the address behind it; 0 when it is none or too large. */
function readTerm(start: usize): usize {
  const p = fittingDigits(start, end, MOST);
  if (isDigitAt(p, end)) return 0;
  const units = digitsValue(start, p);
  const point = p < end && load<u8>(p) == 0x2e;
  const any = p > start || (point && isDigitAt(p + 1, end));
  const first = p + usize(point);
  const last = fittingDigits(first, end, MOST); // digits of the fraction that do not fit are dropped
  const unit = readUnit(skipDigits(last, end));
  if (!any || !unit || units > MOST / unit) return 0;
  term = units * unit;
  const part = digitsValue(first, last);
  if (part) term += <u64>(<f64>part * (<f64>unit / tenTo(<i32>(last - first))));
  return term > MOST ? 0 : unitEnd;
}

/** Nanoseconds of the unit at `at`; 0 when there is none. Leaves its end in `unitEnd`. */
function readUnit(at: usize): u64 {
  let p = at;
  while (p < end && load<u8>(p) != 0x2e && !isDigitAt(p, end)) p++;
  unitEnd = p;
  const word = wordOf(at, p, 0);
  if (word == 0x6e73) return 1; // ns
  if (word == 0x7573 || word == 0xc2b573 || word == 0xcebc73) return 1000; // us, and µs with U+00B5 or U+03BC
  if (word == 0x6d73) return 1000000; // ms
  if (word == 0x73) return 1000000000; // s
  if (word == 0x6d) return 60000000000; // m
  return word == 0x68 ? 3600000000000 : 0; // h
}
