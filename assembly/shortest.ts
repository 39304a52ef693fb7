// Doubles to decimal text: the shortest digits that read back as the same double, and of those the nearest (Burger and
// Dybvig, "Printing Floating-Point Numbers Quickly and Accurately", 1996), laid out as Go's %g and %f do.
import { BIGNUM_SIZE, addBig, compareBig, copyBig, mulBig, mulBigPow5, setBig, shiftBig } from "./bignum.ts";

/** Bytes that a printed double takes at most. */
export const DOUBLE_ROOM: u32 = 32;

const rest: usize = memory.data(BIGNUM_SIZE, 8);
const scale: usize = memory.data(BIGNUM_SIZE, 8);
const gap: usize = memory.data(BIGNUM_SIZE, 8); // from the value to the halfway point below it
const sum: usize = memory.data(BIGNUM_SIZE, 8);
const digits: usize = memory.data(24, 8);

let pointExponent: i32 = 0; // the value is 0.d1d2… * 10^pointExponent
let wide: bool = false; //     the halfway point above is twice as far as the one below
let even: bool = false; //     the halfway points read back as this double

/** Writes the digits of a finite value above 0 and returns their number. */
function shortestDigits(value: f64): i32 {
  const bits = reinterpret<u64>(value);
  const biased = <i32>(bits >> 52);
  const fraction = bits & 0xfffffffffffff;
  const whole = biased ? fraction | 0x10000000000000 : fraction;
  const exponent = max(biased, 1) - 1075;
  wide = fraction == 0 && biased > 1;
  even = (whole & 1) == 0;
  // rest / scale is the value and gap / scale half the distance to the next double; all doubled once more when wide.
  const extra: u32 = wide ? 2 : 1;
  setBig(rest, whole);
  setBig(scale, 1);
  setBig(gap, 1);
  shiftBig(rest, extra + max(exponent, 0));
  shiftBig(gap, max(exponent, 0));
  shiftBig(scale, extra + max(-exponent, 0));
  scaleBy10(<i32>ceil(<f64>(exponent + 63 - <i32>clz(whole)) * 0.30102999566398114 - 1e-9));
  return generate();
}

/** Divides by 10^power, where power is the number of digits before the point or one less. */
function scaleBy10(power: i32): void {
  const count = <u32>abs(power);
  if (power >= 0) mulBigPow10(scale, count);
  else {
    mulBigPow10(rest, count);
    mulBigPow10(gap, count);
  }
  pointExponent = power;
  if (reachesNext()) pointExponent++;
  else {
    mulBig(rest, 10, 0);
    mulBig(gap, 10, 0);
  }
}

function mulBigPow10(a: usize, power: u32): void {
  mulBigPow5(a, power);
  shiftBig(a, power);
}

/** Whether the halfway point above is at or beyond one whole unit. */
function reachesNext(): bool {
  copyBig(sum, rest);
  addBig(sum, gap, 1);
  if (wide) addBig(sum, gap, 1);
  const order = compareBig(sum, scale);
  return even ? order >= 0 : order > 0;
}

function generate(): i32 {
  let count = 0;
  while (count < 18) {
    let digit: u32 = 0;
    while (compareBig(rest, scale) >= 0) {
      addBig(rest, scale, -1);
      digit++;
    }
    const below = compareBig(rest, gap);
    const low = even ? below <= 0 : below < 0;
    const high = reachesNext();
    if (low || high) {
      if (low && high) {
        mulBig(rest, 2, 0);
        const order = compareBig(rest, scale);
        if (order > 0 || (order == 0 && digit & 1)) digit++; // as near: the even digit, as in Go
      } else if (high) digit++;
    }
    store<u8>(digits + count, digit + 0x30);
    count++;
    if (low || high) break;
    mulBig(rest, 10, 0);
    mulBig(gap, 10, 0);
  }
  return count;
}

/** Writes what Go's %g (or, with `fixed`, %f) makes of the value, and returns the address behind it. */
export function printDouble(value: f64, out: usize, fixed: bool): usize {
  if (isNaN(value)) return printWord(out, 0x4e614e, 3); // NaN
  const negative = reinterpret<u64>(value) >> 63 != 0;
  if (abs(value) == Infinity) return printWord(out, negative ? 0x666e492d : 0x666e492b, 4); // ±Inf
  let q = out;
  if (negative) store<u8>(q++, 0x2d);
  if (value == 0) {
    store<u8>(q, 0x30);
    return q + 1;
  }
  const count = shortestDigits(abs(value));
  const exponent = pointExponent - 1;
  if (!fixed && (exponent < -4 || exponent >= 6)) return printExponent(q, count, exponent);
  return printFixed(q, count);
}

function printWord(out: usize, word: u32, length: usize): usize {
  store<u32>(out, word);
  return out + length;
}

function printExponent(out: usize, count: i32, exponent: i32): usize {
  pointExponent = 1;
  let q = printFixed(out, count);
  store<u8>(q++, 0x65);
  store<u8>(q++, exponent < 0 ? 0x2d : 0x2b);
  const size = <u32>abs(exponent);
  if (size < 10) store<u8>(q++, 0x30);
  return printUint(size, q);
}

function printFixed(out: usize, count: i32): usize {
  let q = out;
  if (pointExponent <= 0) store<u8>(q++, 0x30);
  for (let i = min(pointExponent, 0); i < max(count, pointExponent); i++) {
    if (i == pointExponent) store<u8>(q++, 0x2e);
    store<u8>(q++, i >= 0 && i < count ? load<u8>(digits + i) : 0x30);
  }
  return q;
}

/** Writes an unsigned number in decimal and returns the address behind it. */
export function printUint(value: u64, out: usize): usize {
  const q = value >= 10 ? printUint(value / 10, out) : out;
  store<u8>(q, 0x30 + (value % 10));
  return q + 1;
}
