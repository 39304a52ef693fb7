// Numbers, taken apart from their text, to the nearest double, ties to even, for every input and in bounded time. Three
// steps, each only when the one before cannot decide: exact double arithmetic (Clinger); the product of the first 19 digits
// and a 64-bit power of ten with a bound on its error; the comparison of the whole text with the halfway point in big
// numbers.
import { charge } from "../runtime/budget.ts";
import { ZERO } from "../text/chars.ts";
import { Bignum, compareScaled, left, mulBig, right, setBig } from "./bignum.ts";
import { MOST_DIGITS, MOST_HEX_DIGITS, ScannedNumber, scanNumber } from "./scan.ts";
import { scale, tenTo } from "./powers.ts";

const MOST_COMPARED: u32 = 800; // a halfway point has at most 767 digits, so any after these only break a tie

/** What big numbers cost: they take up to thirty microseconds. */
const EXACT_COST: u32 = 512;

let exact: bool = false;

/** The double nearest to the number text [start, end); ±Infinity beyond the largest, NaN when the text is not a number. */
export function parseNumber(start: usize, end: usize): f64 {
  const number = scanNumber(start, end);
  return number ? valueOf(number) : NaN;
}

/** Whether the last number needed big numbers. */
export function tookExactPath(): bool {
  return exact;
}

/** The double nearest to a number; ±Infinity beyond the largest. */
export function valueOf(number: ScannedNumber): f64 {
  const value = magnitude(number);
  return number.isNegative ? -value : value;
}

function magnitude(number: ScannedNumber): f64 {
  const digits = number.digits;
  const pointExponent = number.pointExponent;
  exact = false;
  if (!digits) return 0;
  if (number.isHex) {
    const shift = <i32>clz(digits);
    const product = (digits << shift) | u64(number.usedDigits > MOST_HEX_DIGITS);
    return round(product, pointExponent - 4 * <i32>min(number.digitCount, MOST_HEX_DIGITS) - shift, 0, number);
  }
  if (pointExponent < -330) return 0;
  if (pointExponent > 310) return Infinity;
  const exponent = pointExponent - <i32>min(number.digitCount, MOST_DIGITS); // value = digits * 10^exponent
  if (number.usedDigits <= MOST_DIGITS && digits >> 53 == 0 && <u32>(exponent + 22) <= 44) {
    const power = tenTo(abs(exponent));
    return exponent < 0 ? <f64>digits / power : <f64>digits * power;
  }
  const scaled = scale(digits, exponent, u64(number.usedDigits > MOST_DIGITS));
  return round(scaled.product, scaled.binary, scaled.error, number);
}

/**
 * The double nearest to product * 2^power, where 2^63 <= product and the true value, that of `number`, lies within `off`
 * units of product. With `off` 0, product is exact, or has its last bit set when more bits follow.
 */
function round(product: u64, power: i32, off: u64, number: ScannedNumber): f64 {
  const exponent = power + 63; // of the leading bit
  if (exponent > 1023) return Infinity;
  const drop = exponent >= -1022 ? 11 : -1011 - exponent; // bits after the last one of the double
  if (drop > 65) return 0;
  const kept = drop < 64 ? product >> drop : 0;
  let up: bool;
  if (drop < 64) {
    const rest = product - (kept << drop);
    const half = (<u64>1) << (drop - 1);
    if (rest + off < half) up = false;
    else if (rest > half && rest - half > off) up = true;
    else up = off ? roundsUp(kept, power + drop - 1, number) : (kept & 1) != 0;
  } else up = off ? roundsUp(0, -1075, number) : drop == 64 && product > (<u64>1) << 63;
  // A carry out of the fraction goes into the exponent, up to infinity, as it should.
  const base = exponent >= -1022 ? (<u64>(exponent + 1022)) << 52 : 0;
  return reinterpret<f64>(base + kept + <u64>up);
}

/** Whether the number is above (2 * kept + 1) * 2^power, or equal to it and kept odd. */
function roundsUp(kept: u64, power: i32, number: ScannedNumber): bool {
  exact = true;
  charge(EXACT_COST);
  setBig(right, kept * 2 + 1);
  const order = compareScaled(loadDigits(left, number), power);
  return order > 0 || (order == 0 && (kept & 1) != 0);
}

/** Loads the digits of the text into a big number n and returns the exponent of n * 10^exponent. */
function loadDigits(big: Bignum, number: ScannedNumber): i32 {
  const count = min(number.usedDigits, MOST_COMPARED);
  setBig(big, 0);
  let seen: u32 = 0;
  for (let p = number.firstDigit; seen < count; p++) {
    const digit = <u32>load<u8>(p) - ZERO;
    if (digit >= 10) continue;
    mulBig(big, 10, digit);
    seen++;
  }
  const exponent = number.pointExponent - <i32>count;
  if (number.usedDigits <= MOST_COMPARED) return exponent;
  mulBig(big, 10, 1); // for the digits left out: they lie between 0 and 1 of the last place, and no tie is near
  return exponent - 1;
}
