// Durations: text as Go's time.ParseDuration reads it.
import { endOf, setDuration, startOf } from "./cell.ts";
import { digitsValue, fittingDigits, isDigitAt, signAt, skipDigits } from "../number/scan.ts";
import { tenTo } from "../number/powers.ts";
import { isText } from "../text/ascii.ts";
import { DOT, LOWER_S, MINUS, ZERO } from "../text/chars.ts";

/** Nanoseconds of the longest duration, which is a negative one. */
const MOST: u64 = 0x8000000000000000;
/** Returned in place of nanoseconds: more than MOST. */
const NO_TERM: u64 = u64.MAX_VALUE;

// The first two bytes of µs, where the unit is spelled with U+00B5 or U+03BC, as little-endian numbers.
const MICRO_SIGN: u32 = 0xb5c2;
const GREEK_MU: u32 = 0xbcce;

// The text that is being parsed: how far it has been read, and where it ends.
let at: usize = 0;
let end: usize = 0;

/** Parses a raw string as a duration; false when it is not the text of one. */
export function parseDuration(cell: usize): bool {
  at = startOf(cell);
  end = endOf(cell);
  const sign = signAt(at, end);
  at += usize(sign != 0);
  let total: u64 = 0;
  if (at + 1 == end && load<u8>(at) == ZERO)
    at = end; // the only number that needs no unit
  else if (at == end) return false;
  while (at < end) {
    const term = readTerm();
    if (term == NO_TERM) return false;
    total += term;
    if (total > MOST) return false;
  }
  if (sign == MINUS) total = 0 - total;
  else if (total == MOST) return false;
  setDuration(cell, <i64>total);
  return true;
}

/** Reads a number with its unit and returns it in nanoseconds; NO_TERM when there is none, or it is too large. */
function readTerm(): u64 {
  const start = at;
  const wholeEnd = fittingDigits(start, end, MOST);
  if (isDigitAt(wholeEnd, end)) return NO_TERM;
  const whole = digitsValue(start, wholeEnd);
  const hasPoint = wholeEnd < end && load<u8>(wholeEnd) == DOT;
  const first = wholeEnd + usize(hasPoint);
  const hasDigits = wholeEnd > start || (hasPoint && isDigitAt(first, end));
  const last = fittingDigits(first, end, MOST); // digits of the fraction that do not fit are dropped
  at = skipDigits(last, end);
  const unit = readUnit();
  if (!hasDigits || !unit || whole > MOST / unit) return NO_TERM;
  const fraction = digitsValue(first, last);
  let term = whole * unit;
  if (fraction) term += <u64>(<f64>fraction * (<f64>unit / tenTo(<i32>(last - first))));
  return term > MOST ? NO_TERM : term;
}

/** Reads a unit, up to the next number, and returns its nanoseconds; 0 when it is not one. */
function readUnit(): u64 {
  const start = at;
  while (at < end && load<u8>(at) != DOT && !isDigitAt(at, end)) at++;
  const length = <u32>(at - start);
  if (isText(start, length, "ns")) return 1;
  if (isText(start, length, "us") || isMicroseconds(start, length)) return 1000;
  if (isText(start, length, "ms")) return 1000000;
  if (isText(start, length, "s")) return 1000000000;
  if (isText(start, length, "m")) return 60000000000;
  return isText(start, length, "h") ? 3600000000000 : 0;
}

/** Whether the unit is µs. */
function isMicroseconds(start: usize, length: u32): bool {
  if (length != 3 || load<u8>(start + 2) != LOWER_S) return false;
  const letter = <u32>load<u16>(start);
  return letter == MICRO_SIGN || letter == GREEK_MU;
}
