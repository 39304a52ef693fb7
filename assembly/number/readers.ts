// What readers of numbers do not agree on: a double keeps 17 digits, a decimal 28 or more. A text such as
// 500.00000000000000000001 is 500 here and more than 500 for a server that reads decimals.
import { shortestDigits } from "./print.ts";
import { lastScanned } from "./scan.ts";

/** Digits that tell every double from its neighbours. */
const DOUBLE_DIGITS: u32 = 17;
/** Those of the largest integer of 64 bits. */
const INTEGER_DIGITS: u32 = 20;
/** More than the decimals of databases and languages keep. */
const DECIMAL_DIGITS: u32 = 40;
/** Numbers that people write have no more; a double of 16 or 17 digits has no shorter text beside it. */
const SHORT_DIGITS: i32 = 15;

/**
 * Whether the number that was parsed last, to `value`, has more digits than readers keep: than any keeps, or than a double
 * keeps when it is so near a shorter number that the double is that one.
 */
export function hasLostDigits(value: f64): bool {
  const number = lastScanned();
  const digits = number.usedDigits;
  if (digits <= DOUBLE_DIGITS) return false;
  if (digits > DECIMAL_DIGITS) return true;
  if (digits <= INTEGER_DIGITS && number.pointExponent >= <i32>digits) return false;
  return value == 0 || abs(value) == Infinity || <i32>shortestDigits(abs(value)).count <= SHORT_DIGITS;
}
