// Numbers, taken apart from their text, to the nearest double, ties to even, for every input and in bounded time. Three
// steps, each only when the one before cannot decide: exact double arithmetic (Clinger); the product of the first 19 digits
// and a 64-bit power of ten with a bound on its error; the comparison of the whole text with the halfway point in big
// numbers.
import { charge } from "../runtime/budget.ts";
import { compareScaled, left, mulBig, right, setBig } from "./bignum.ts";
import {
  MOST_DIGITS,
  MOST_HEX_DIGITS,
  digitCount,
  digits,
  firstDigit,
  isHex,
  isNegative,
  isNumber,
  pointExponent,
  usedDigits,
} from "./scan.ts";
import { binary, error, scale, tenTo } from "./powers.ts";

const MOST_COMPARED: u32 = 800; // a halfway point has at most 767 digits, so any after these only break a tie

/** What big numbers cost: they take up to thirty microseconds. */
const EXACT_COST: u32 = 512;

let exact: bool = false;

/** The double nearest to the number text [start, end); ±Infinity beyond the largest. The text is one that isNumber takes. */
export function parseNumber(start: usize, end: usize): f64 {
  isNumber(start, end);
  return numberRead();
}

/** Whether the last parseNumber needed big numbers. */
export function tookExactPath(): bool {
  return exact;
}

/** The double of the text that isNumber took apart. */
export function numberRead(): f64 {
  const value = magnitude();
  return isNegative ? -value : value;
}

function magnitude(): f64 {
  exact = false;
  if (!digits) return 0;
  if (isHex) {
    const shift = <i32>clz(digits);
    const product = (digits << shift) | u64(usedDigits > MOST_HEX_DIGITS);
    return round(product, pointExponent - 4 * <i32>min(digitCount, MOST_HEX_DIGITS) - shift, 0);
  }
  if (pointExponent < -330) return 0;
  if (pointExponent > 310) return Infinity;
  const exponent = pointExponent - <i32>min(digitCount, MOST_DIGITS); // value = digits * 10^exponent
  if (usedDigits <= MOST_DIGITS && digits >> 53 == 0 && <u32>(exponent + 22) <= 44) {
    const power = tenTo(abs(exponent));
    return exponent < 0 ? <f64>digits / power : <f64>digits * power;
  }
  const product = scale(digits, exponent, u64(usedDigits > MOST_DIGITS));
  return round(product, binary, error);
}

/**
 * The double nearest to product * 2^power, where 2^63 <= product and the true value lies within `off` units of product.
 * Without that product is exact, or has its last bit set when more bits follow.
 */
function round(product: u64, power: i32, off: u64): f64 {
  const exponent = power + 63; // of the leading bit
  if (exponent > 1023) return Infinity;
  const drop = exponent >= -1022 ? 11 : -1011 - exponent; // bits behind the last of the double
  if (drop > 65) return 0;
  const kept = drop < 64 ? product >> drop : 0;
  let up: bool;
  if (drop < 64) {
    const rest = product - (kept << drop);
    const half = (<u64>1) << (drop - 1);
    if (rest + off < half) up = false;
    else if (rest > half && rest - half > off) up = true;
    else up = off ? roundsUp(kept, power + drop - 1) : (kept & 1) != 0;
  } else up = off ? roundsUp(0, -1075) : drop == 64 && product > (<u64>1) << 63;
  // A carry out of the fraction goes into the exponent, up to infinity, as it should.
  const base = exponent >= -1022 ? (<u64>(exponent + 1022)) << 52 : 0;
  return reinterpret<f64>(base + kept + <u64>up);
}

/** Whether the text is above (2 * kept + 1) * 2^power, or equal to it and kept odd. */
function roundsUp(kept: u64, power: i32): bool {
  exact = true;
  charge(EXACT_COST);
  setBig(right, kept * 2 + 1);
  const order = compareScaled(loadDigits(left), power);
  return order > 0 || (order == 0 && (kept & 1) != 0);
}

/** Loads the digits of the text into a big number n and returns the exponent of n * 10^exponent. */
function loadDigits(big: usize): i32 {
  const count = min(usedDigits, MOST_COMPARED);
  setBig(big, 0);
  let seen: u32 = 0;
  for (let p = firstDigit; seen < count; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit >= 10) continue;
    mulBig(big, 10, digit);
    seen++;
  }
  if (usedDigits <= MOST_COMPARED) return pointExponent - <i32>count;
  mulBig(big, 10, 1); // stands for the digits left out: they lie between 0 and 1 of the last place, and no tie is near
  return pointExponent - <i32>count - 1;
}
