// Decimal text to the nearest double, ties to even, for every input and in bounded time. Three steps, each only when
// the one before cannot decide: exact double arithmetic (Clinger); the product of the first 19 digits and a 64-bit
// power of ten with a bound on its error; the comparison of the whole text with the halfway point in big numbers.
import { BIGNUM_SIZE, compareBig, mulBig, mulBigPow5, setBig, shiftBig } from "./bignum.ts";

const MOST_DIGITS: u32 = 800; // a halfway point has at most 767 digits, so any after these only break a tie
const MOST_EXPONENT: i32 = 100000000;

// Of the text scanned last: 0.d1d2d3… * 10^pointExponent.
let digits: u64 = 0; //     the first 19 significant digits
let digitCount: u32 = 0; // without leading zeros
let usedDigits: u32 = 0; // without trailing zeros too
let pointExponent: i32 = 0;
let firstDigit: usize = 0;
let exact: bool = false;

const left: usize = memory.data(BIGNUM_SIZE, 8);
const right: usize = memory.data(BIGNUM_SIZE, 8);

/** 10^(16k) for k = -22 … 20: the 64 leading bits, rounded. */
// prettier-ignore
const POWERS: usize = memory.data<u64>([
  0xcd42a11346f34f7d, 0xe3e27a444d8d98b8, 0xfd00b897478238d1, 0x8c71dcd9ba0b4926, 0x9becce62836ac577,
  0xad1c8eab5ee43b67, 0xc0314325637a193a, 0xd5605fcdcf32e1d7, 0xece53cec4a314ebe, 0x8380dea93da4bc60,
  0x91ff83775423cc06, 0xa21727db38cb0030, 0xb3f4e093db73a093, 0xc7caba6e7c5382c9, 0xddd0467c64bce4a1,
  0xf64335bcf065d37d, 0x88b402f7fd75539b, 0x97c560ba6b0919a6, 0xa87fea27a539e9a5, 0xbb127c53b17ec159,
  0xcfb11ead453994ba, 0xe69594bec44de15b, 0x8000000000000000, 0x8e1bc9bf04000000, 0x9dc5ada82b70b59e,
  0xaf298d050e4395d7, 0xc2781f49ffcfa6d5, 0xd7e77a8f87daf7fc, 0xefb3ab16c59b14a3, 0x850fadc09923329e,
  0x93ba47c980e98ce0, 0xa402b9c5a8d3a6e7, 0xb616a12b7fe617aa, 0xca28a291859bbf93, 0xe070f78d3927556b,
  0xf92e0c3537826146, 0x8a5296ffe33cc930, 0x9991a6f3d6bf1766, 0xaa7eebfb9df9de8e, 0xbd49d14aa79dbc82,
  0xd226fc195c6a2f8c, 0xe950df20247c83fd, 0x81842f29f2cce376,
]);

export const MINUS: u32 = 0x2d;

/** The sign at `at`, which may be the end of the text; 0 when there is none. */
export function signAt(at: usize, end: usize): u32 {
  const c = at < end ? <u32>load<u8>(at) : 0;
  return c == MINUS || c == 0x2b ? c : 0;
}

/** The double nearest to the number text [start, end); ±Infinity beyond the largest. The text is JSON, or was accepted by isNumber. */
export function parseNumber(start: usize, end: usize): f64 {
  const sign = signAt(start, end);
  scan(start + usize(sign != 0), end);
  const value = magnitude();
  return sign == MINUS ? -value : value;
}

/** Whether the last parseNumber needed big numbers. */
export function tookExactPath(): bool {
  return exact;
}

/** Whether the text has the form that parseNumber reads: as JSON, but also `+1`, `01`, `.5`, `5.`, `1_0` (Go's ParseFloat). */
export function isNumber(start: usize, end: usize): bool {
  return scan(start + usize(signAt(start, end) != 0), end);
}

/** Takes the text of an unsigned number apart; false when it is none. */
function scan(start: usize, end: usize): bool {
  let p = start;
  let behindPoint = false;
  let any = false;
  let last: u32 = 0x2e; // the character before, a digit or not
  let fine = true;
  digits = 0;
  digitCount = 0;
  usedDigits = 0;
  pointExponent = 0;
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    const digit = c - 0x30;
    if (digit < 10) {
      any = true;
      takeDigit(digit, p, behindPoint);
    } else if (c == 0x5f) {
      // An underscore stands between two digits.
      if (last - 0x30 >= 10 || p + 1 >= end || <u32>load<u8>(p, 1) - 0x30 >= 10) fine = false;
    } else if (c == 0x2e && !behindPoint) behindPoint = true;
    else break;
    last = c;
  }
  if (p < end) {
    if ((load<u8>(p) | 0x20) != 0x65 || !readPower(p + 1, end)) fine = false;
    else pointExponent += exponentRead;
  }
  return fine && any;
}

function takeDigit(digit: u32, at: usize, behindPoint: bool): void {
  if (!digit && !digitCount) {
    if (behindPoint) pointExponent--;
    return;
  }
  if (!digitCount) firstDigit = at;
  if (digitCount < 19) digits = digits * 10 + <u64>digit;
  digitCount++;
  if (digit) usedDigits = digitCount;
  if (!behindPoint) pointExponent++;
}

/** The exponent that readPower read. */
export let exponentRead: i32 = 0;

/** Reads [at, end) as an exponent: digits with underscores between them, and perhaps a sign; false when it is none. */
export function readPower(at: usize, end: usize): bool {
  exponentRead = 0;
  const sign = signAt(at, end);
  let p = at + usize(sign != 0);
  let last: u32 = 0x5f; // the character before; an underscore may not come first or last, nor twice
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c == 0x5f ? last == c : c - 0x30 > 9) return false;
    if (c != 0x5f) exponentRead = min(exponentRead * 10 + <i32>(c - 0x30), MOST_EXPONENT);
    last = c;
  }
  if (sign == MINUS) exponentRead = -exponentRead;
  return last != 0x5f;
}

function magnitude(): f64 {
  exact = false;
  if (!digitCount || pointExponent < -330) return 0;
  if (pointExponent > 310) return Infinity;
  const exponent = pointExponent - <i32>min(digitCount, 19); // value = digits * 10^exponent
  if (usedDigits <= 19 && digits >> 53 == 0 && <u32>(exponent + 22) <= 44) {
    const power = tenTo(abs(exponent));
    return exponent < 0 ? <f64>digits / power : <f64>digits * power;
  }
  return approximate(exponent);
}

/** 10^power, exact up to 10^22. */
function tenTo(power: i32): f64 {
  let value: f64 = 1;
  for (let i = 0; i < power; i++) value *= 10;
  return value;
}

/** The high 64 bits of a product. */
function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const cross = ah * bl + ((al * bl) >> 32);
  const middle = al * bh + (cross & 0xffffffff);
  return ah * bh + (cross >> 32) + (middle >> 32);
}

/**
 * digits * 10^exponent as product * 2^binary with 2^63 <= product, where the true value lies within `error` units of
 * product. The rounding is certain unless the halfway point lies within that distance.
 */
function approximate(exponent: i32): f64 {
  const shift = clz(digits);
  let product = digits << shift;
  let binary = -(<i32>shift);
  let error: u64 = usedDigits > 19 ? (<u64>1) << shift : 0;
  const step = (exponent + 352) >> 4;
  const small = exponent + 352 - (step << 4); // 0 … 15
  if (small) {
    const ten = <u64>tenTo(small);
    product = mulHigh(product, ten << clz(ten));
    binary += 64 - <i32>clz(ten);
    error += 1;
    const low = clz(product);
    product <<= low;
    binary -= <i32>low;
    error <<= low;
  }
  product = mulHigh(product, load<u64>(POWERS + ((<usize>step) << 3)));
  binary += ((((step << 4) - 352) * 217706) >> 16) + 1;
  const low = clz(product);
  product <<= low;
  binary -= <i32>low;
  return round(product, binary, (error + 3) << low);
}

/**
 * The double nearest to product * 2^binary, where 2^63 <= product and the true value lies within `error` units of product.
 * Without an error product is exact, or has its last bit set when more bits follow.
 */
export function round(product: u64, binary: i32, error: u64): f64 {
  const exponent = binary + 63; // of the leading bit
  if (exponent > 1023) return Infinity;
  const drop = exponent >= -1022 ? 11 : -1011 - exponent; // bits behind the last of the double
  if (drop > 65) return 0;
  const kept = drop < 64 ? product >> drop : 0;
  let up: bool;
  if (drop < 64) {
    const rest = product - (kept << drop);
    const half = (<u64>1) << (drop - 1);
    if (rest + error < half) up = false;
    else if (rest > half && rest - half > error) up = true;
    else up = error ? roundsUp(kept, binary + drop - 1) : (kept & 1) != 0;
  } else up = error ? roundsUp(0, -1075) : drop == 64 && product > (<u64>1) << 63;
  // A carry out of the fraction goes into the exponent, up to infinity, as it should.
  const base = exponent >= -1022 ? (<u64>(exponent + 1022)) << 52 : 0;
  return reinterpret<f64>(base + kept + <u64>up);
}

/** Whether the text is above (2 * kept + 1) * 2^binary, or equal to it and kept odd. */
function roundsUp(kept: u64, binary: i32): bool {
  exact = true;
  const power = loadDigits(left);
  setBig(right, kept * 2 + 1);
  if (power >= 0) mulBigPow5(left, power);
  else mulBigPow5(right, -power);
  const shift = power - binary;
  if (shift > 0) shiftBig(left, shift);
  else shiftBig(right, -shift);
  const order = compareBig(left, right);
  return order > 0 || (order == 0 && (kept & 1) != 0);
}

/** Loads the digits of the text into a big number n and returns the exponent of n * 10^exponent. */
function loadDigits(big: usize): i32 {
  const count = min(usedDigits, MOST_DIGITS);
  setBig(big, 0);
  let seen: u32 = 0;
  for (let p = firstDigit; seen < count; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit >= 10) continue;
    mulBig(big, 10, digit);
    seen++;
  }
  if (usedDigits <= MOST_DIGITS) return pointExponent - <i32>count;
  mulBig(big, 10, 1); // stands for the digits left out: they lie between 0 and 1 of the last place, and no tie is near
  return pointExponent - <i32>count - 1;
}
