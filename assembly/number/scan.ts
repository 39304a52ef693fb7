// The text of a number, taken apart: decimal or hexadecimal, by the rules of Go's strconv.ParseFloat.
import { NONE } from "../program.ts";
import { CASE_BIT, DOT, LOWER_A, LOWER_E, LOWER_P, LOWER_X, MINUS, PLUS, UNDERSCORE, ZERO } from "../text/chars.ts";

/** Digits that are kept: as many always fit into 64 bits. */
export const MOST_DIGITS: u32 = 19;
export const MOST_HEX_DIGITS: u32 = 15;

const MOST_EXPONENT: i32 = 100000000;
/** "0x" as a little-endian number; the case bit belongs to the x. */
const ZERO_X: u32 = ZERO | (LOWER_X << 8);

// What comes before a character.
const DIGIT: u32 = 1;
const UNDERLINE: u32 = 2;

/** A number taken apart: ±0.d1d2d3… * 10^pointExponent, in hexadecimal ±0.d1d2d3… * 2^pointExponent. */
// @ts-ignore: decorator
@unmanaged
export class ScannedNumber {
  /** The first significant digits as one number: MOST_DIGITS or MOST_HEX_DIGITS of them, or all. */
  digits: u64;
  /** Where the first significant digit is. */
  firstDigit: usize;
  /** Digits without leading zeros. */
  digitCount: u32;
  /** The same without trailing zeros either. */
  usedDigits: u32;
  pointExponent: i32;
  isNegative: bool;
  isHex: bool;
}

const scanned = changetype<ScannedNumber>(memory.data(40, 8));

/** The number that was taken apart last. */
export function lastScanned(): ScannedNumber {
  return scanned;
}

/** The sign at `at`, which may be the end of the text; 0 when there is none. */
export function signAt(at: usize, end: usize): u32 {
  const c = at < end ? <u32>load<u8>(at) : 0;
  return c == MINUS || c == PLUS ? c : 0;
}

export function isDigitAt(p: usize, end: usize): bool {
  return p < end && <u32>load<u8>(p) - ZERO < 10;
}

/** The address after the decimal digits at `at`. */
export function skipDigits(at: usize, end: usize): usize {
  let p = at;
  while (isDigitAt(p, end)) p++;
  return p;
}

/** The address after as many of the decimal digits at `at` as make a number of at most `most`. */
export function fittingDigits(at: usize, end: usize, most: u64): usize {
  let value: u64 = 0;
  let p = at;
  for (; isDigitAt(p, end); p++) {
    const next = value * 10 + (<u64>load<u8>(p) - ZERO);
    if (value > u64.MAX_VALUE / 10 || next > most || next < value) break;
    value = next;
  }
  return p;
}

/** The number that the decimal digits [start, end) make, which must fit into 64 bits (`fittingDigits`). */
export function digitsValue(start: usize, end: usize): u64 {
  let value: u64 = 0;
  for (let p = start; p < end; p++) value = value * 10 + (<u64>load<u8>(p) - ZERO);
  return value;
}

/**
 * Takes the number [start, end) apart; null when it is not one. Besides JSON's numbers there are `+1`, `01`, `.5`, `5.`,
 * `1_0`, and `0x1.8p-2`, where the exponent is required. An underscore goes between two digits; 0x counts as one. The
 * result holds until the next call.
 */
export function scanNumber(start: usize, end: usize): ScannedNumber | null {
  const sign = signAt(start, end);
  const p = start + usize(sign != 0);
  const isHex = end - p > 2 && (load<u16>(p) | (CASE_BIT << 8)) == ZERO_X;
  scanned.isNegative = sign == MINUS;
  scanned.isHex = isHex;
  const digitsEnd = scanDigits(isHex ? p + 2 : p, end, isHex);
  if (digitsEnd == end) return isHex ? null : scanned;
  if (!digitsEnd || (load<u8>(digitsEnd) | CASE_BIT) != (isHex ? LOWER_P : LOWER_E)) return null;
  return scanExponent(digitsEnd + 1, end) ? scanned : null;
}

/** Takes digits, underscores and a point, and returns the address after them; 0 when they are not well formed. */
// @ts-ignore: decorator
@inline // eslint-disable-next-line complexity -- what may come before what
function scanDigits(start: usize, end: usize, isHex: bool): usize {
  const base: u32 = isHex ? 16 : 10;
  const most = isHex ? MOST_HEX_DIGITS : MOST_DIGITS;
  let before: u32 = isHex ? DIGIT : 0;
  let zeros: u32 = 0; // leading ones
  let count: u32 = 0; // digits after these
  let used: u32 = 0;
  let value: u64 = 0;
  let point: u32 = NONE; // digits before it
  let p = start;
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    const digit = hexDigit(c);
    if (digit < base) {
      before = DIGIT;
      if (!(digit | count)) {
        zeros++;
        continue;
      }
      if (!count) scanned.firstDigit = p;
      count++;
      if (digit) used = count;
      value = value * <u64>base + <u64>digit;
      if (count == most) scanned.digits = value; // the next one may overflow
    } else if (c == UNDERSCORE) {
      if (before != DIGIT) return 0;
      before = UNDERLINE;
    } else if (c == DOT && point == NONE && before != UNDERLINE) {
      point = zeros + count;
      before = 0;
    } else break;
  }
  if (count < most) scanned.digits = value;
  scanned.digitCount = count;
  scanned.usedDigits = used;
  scanned.pointExponent = (<i32>min(point, zeros + count) - <i32>zeros) * (isHex ? 4 : 1);
  return zeros + count && before != UNDERLINE ? p : 0;
}

/** The value of a hexadecimal digit; 16 or more when it is not one. */
export function hexDigit(c: u32): u32 {
  if (c - ZERO < 10) return c - ZERO;
  const letter = (c | CASE_BIT) - LOWER_A;
  return letter < 6 ? letter + 10 : 16;
}

/** Takes [at, end) as an exponent: digits with underscores between them, and perhaps a sign; false when it is not one. */
function scanExponent(at: usize, end: usize): bool {
  const sign = signAt(at, end);
  let p = at + usize(sign != 0);
  let power: i32 = 0;
  let last: u32 = UNDERSCORE; // the character before; an underscore may not come first or last, nor twice
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c == UNDERSCORE ? last == c : c - ZERO > 9) return false;
    if (c != UNDERSCORE) power = min(power * 10 + <i32>(c - ZERO), MOST_EXPONENT);
    last = c;
  }
  scanned.pointExponent += sign == MINUS ? -power : power;
  return last != UNDERSCORE;
}
