// The text of a number, taken apart: decimal or hexadecimal, by the rules of Go's strconv.ParseFloat.
import { NONE } from "../program.ts";

export const MINUS: u32 = 0x2d;
/** Digits that are kept: they surely fit 64 bits. */
export const MOST_DIGITS: u32 = 19;
export const MOST_HEX_DIGITS: u32 = 15;

const MOST_EXPONENT: i32 = 100000000;
// What stands before a character.
const DIGIT: u32 = 1;
const UNDERSCORE: u32 = 2;

// Of the text taken apart last: 0.d1d2d3… * 10^pointExponent, in hexadecimal 0.d1d2d3… * 2^pointExponent.
export let isNegative: bool = false;
export let isHex: bool = false;
export let digits: u64 = 0; //     the first significant digits
export let digitCount: u32 = 0; // without leading zeros
export let usedDigits: u32 = 0; // without trailing zeros too
export let pointExponent: i32 = 0;
export let firstDigit: usize = 0; // where the first significant digit is

/** The sign at `at`, which may be the end of the text; 0 when there is none. */
export function signAt(at: usize, end: usize): u32 {
  const c = at < end ? <u32>load<u8>(at) : 0;
  return c == MINUS || c == 0x2b ? c : 0;
}

/** Up to eight bytes as one number, the first on top, with the bits of `fold` set in each; 0 for others and for more. */
export function wordOf(start: usize, end: usize, fold: u32): u64 {
  let word: u64 = 0;
  for (let p = start; p < end; p++) {
    const c = (<u32>load<u8>(p)) | fold;
    if (!c || end - start > 8) return 0;
    word = (word << 8) | (<u64>c);
  }
  return word;
}

/** What readDigits read, and the address behind the last digit of it. */
export let whole: u64 = 0;
export let wholeEnd: usize = 0;

/** Passes the digits from `at` on and returns the address behind them. They are read as long as they are at most `most`. */
export function readDigits(at: usize, end: usize, most: u64): usize {
  let p = at;
  let kept = at;
  let value: u64 = 0;
  for (; p < end; p++) {
    const digit = <u64>load<u8>(p) - 0x30;
    if (digit > 9) break;
    const next = value * 10 + digit;
    if (kept != p || value > u64.MAX_VALUE / 10 || next > most || next < value) continue;
    value = next;
    kept = p + 1;
  }
  whole = value;
  wholeEnd = kept;
  return p;
}

export function isDigitAt(p: usize, end: usize): bool {
  return p < end && <u32>load<u8>(p) - 0x30 < 10;
}

/**
 * Takes [start, end) apart; false when it is no number. Beside JSON's numbers there are `+1`, `01`, `.5`, `5.`, `1_0`, and
 * `0x1.8p-2`, where the exponent is a must. An underscore stands between two digits; 0x counts as one.
 */
export function isNumber(start: usize, end: usize): bool {
  const sign = signAt(start, end);
  const p = start + usize(sign != 0);
  isNegative = sign == MINUS;
  isHex = end - p > 2 && (load<u16>(p) | 0x2000) == 0x7830;
  const behind = takeDigits(isHex ? p + 2 : p, end);
  if (behind == end) return !isHex;
  if (!behind || (load<u8>(behind) | 0x20) != (isHex ? 0x70 : 0x65)) return false;
  return takePower(behind + 1, end);
}

/** Takes digits, underscores and a point, and returns the address behind them; 0 when they are not well formed. */
// @ts-ignore: decorator
@inline // eslint-disable-next-line complexity -- what may stand before what
function takeDigits(start: usize, end: usize): usize {
  const base: u32 = isHex ? 16 : 10;
  const most = isHex ? MOST_HEX_DIGITS : MOST_DIGITS;
  let before: u32 = isHex ? DIGIT : 0;
  let zeros: u32 = 0; // at the start
  let count: u32 = 0; // of the digits behind these
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
      if (!count) firstDigit = p;
      count++;
      if (digit) used = count;
      value = value * <u64>base + <u64>digit;
      if (count == most) digits = value; // it overflows by the next
    } else if (c == 0x5f) {
      if (before != DIGIT) return 0;
      before = UNDERSCORE;
    } else if (c == 0x2e && point == NONE && before != UNDERSCORE) {
      point = zeros + count;
      before = 0;
    } else break;
  }
  if (count < most) digits = value;
  digitCount = count;
  usedDigits = used;
  pointExponent = (<i32>min(point, zeros + count) - <i32>zeros) * (isHex ? 4 : 1);
  return zeros + count && before != UNDERSCORE ? p : 0;
}

/** The value of a digit; 16 or more when it is none. */
export function hexDigit(c: u32): u32 {
  if (c - 0x30 < 10) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

/** Takes [at, end) as an exponent: digits with underscores between them, and perhaps a sign; false when it is none. */
function takePower(at: usize, end: usize): bool {
  const sign = signAt(at, end);
  let p = at + usize(sign != 0);
  let power: i32 = 0;
  let last: u32 = 0x5f; // the character before; an underscore may not come first or last, nor twice
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c == 0x5f ? last == c : c - 0x30 > 9) return false;
    if (c != 0x5f) power = min(power * 10 + <i32>(c - 0x30), MOST_EXPONENT);
    last = c;
  }
  pointExponent += sign == MINUS ? -power : power;
  return last != 0x5f;
}
