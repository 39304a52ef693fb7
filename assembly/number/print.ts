// Doubles to decimal text: the shortest digits that read back as the same double, and of those the nearest, laid out as
// Go's %g and %f do. The value and the halfway points around it are counted in units of a power of ten that leaves 17 or 18
// digits: estimated first, then corrected by exact comparison.
import { DOT, LOWER_E, MINUS, PLUS, ZERO } from "../text/chars.ts";
import { bytesOf, copyBytes, sizeOf } from "../text/ascii.ts";
import { compareScaled, left, right, setBig } from "./bignum.ts";
import { scale } from "./powers.ts";

/** Bytes that a printed double takes at most. */
export const DOUBLE_ROOM: u32 = 32;

const MOST_UNIT: u64 = 100000000000000000; // 10^17

/** The digits of the value 0.d1d2… * 10^pointExponent; their text follows. */
// @ts-ignore: decorator
@unmanaged
class Decimal {
  count: i32;
  pointExponent: i32;
}

const decimal = changetype<Decimal>(memory.data(32, 8));

/** The address of the first digit. */
function digitsOf(number: Decimal): usize {
  return changetype<usize>(number) + offsetof<Decimal>();
}

// The value is counted in units of 10^unitPower, as a whole number of times 2^binaryPower.
let unitPower: i32 = 0;
let binaryPower: i32 = 0;

/** Compares a count of units with whole * 2^binaryPower: -1, 0 or 1. */
function compareUnits(count: u64, whole: u64): i32 {
  setBig(left, count);
  setBig(right, whole);
  return compareScaled(unitPower, binaryPower);
}

/** The largest count of units below whole * 2^binaryPower or, with `open` 1, at most that. */
function unitsIn(whole: u64, open: i32): u64 {
  const scaled = scale(whole, -unitPower, 0);
  let count = (scaled.product >> -(scaled.binary + binaryPower)) + 1; // the error is less than one
  while (compareUnits(count, whole) >= open) count--;
  return count;
}

/** Finds the digits of a finite value above 0. The result holds until the next call. */
export function shortestDigits(value: f64): Decimal {
  const bits = reinterpret<u64>(value);
  const biased = max(<i32>(bits >> 52), 1);
  const whole = bits - ((<u64>(biased - 1)) << 52); // value = whole * 2^(biased - 1075)
  const even = i32((whole & 1) == 0); // the halfway points read back as this double
  const wide = u64(whole << 12 == 0 && biased > 1); // the halfway point below is half as far as the one above
  const four = whole << 2;
  binaryPower = biased - 1077;
  unitPower = max((((biased - 1012 - <i32>clz(whole)) * 78913) >> 18) - 16, -330);
  const least = unitsIn(four - 2 + wide, 1 - even) + 1;
  const most = unitsIn(four + 2, even);
  const near = unitsIn(four, 1);
  // Of the multiples of the largest unit that has one between the halfway points, the nearest.
  let unit = MOST_UNIT;
  let unitExponent = unitPower + 17;
  let count = near / unit;
  while (count * unit < least && (count + 1) * unit > most && unit > 1) {
    unit /= 10;
    unitExponent--;
    count = near / unit;
  }
  const down = count * unit;
  // Of two that are equally near, the one with the even digit, as in Go.
  if (down < least || (down + unit <= most && compareUnits(2 * down + unit, 2 * four) < <i32>(count & 1))) count++;
  const length = <i32>(printUint(count, digitsOf(decimal)) - digitsOf(decimal));
  decimal.count = length;
  decimal.pointExponent = unitExponent + length;
  return decimal;
}

/** Writes what Go's %g (or, with `fixed`, %f) makes of the value, and returns the address after it. */
export function printDouble(value: f64, out: usize, fixed: bool): usize {
  if (isNaN(value)) return printWord(out, "NaN");
  if (value == Infinity) return printWord(out, "+Inf");
  if (value == -Infinity) return printWord(out, "-Inf");
  let q = out;
  if (reinterpret<u64>(value) >> 63) store<u8>(q++, MINUS); // of -0 too
  if (value == 0) {
    store<u8>(q, ZERO);
    return q + 1;
  }
  const number = shortestDigits(abs(value));
  const exponent = number.pointExponent - 1;
  if (!fixed && (exponent < -4 || exponent >= 6)) return printExponent(q, number, exponent);
  return printFixed(q, number, number.pointExponent);
}

/** Writes what ECMAScript makes of a finite value (RFC 8785 section 3.2.2.3), and returns the address after it. */
export function printEcmaScript(value: f64, out: usize): usize {
  if (value == 0) {
    store<u8>(out, ZERO); // of -0 too
    return out + 1;
  }
  let q = out;
  if (value < 0) store<u8>(q++, MINUS);
  const number = shortestDigits(abs(value));
  const point = number.pointExponent;
  if (point > -6 && point <= 21) return printFixed(q, number, point);
  q = printFixed(q, number, 1);
  store<u8>(q++, LOWER_E);
  store<u8>(q++, point < 1 ? MINUS : PLUS);
  return printUint(<u64>abs(point - 1), q);
}

function printWord(out: usize, word: Ascii): usize {
  copyBytes(out, bytesOf(word), sizeOf(word));
  return out + <usize>sizeOf(word);
}

function printExponent(out: usize, number: Decimal, exponent: i32): usize {
  let q = printFixed(out, number, 1);
  store<u8>(q++, LOWER_E);
  store<u8>(q++, exponent < 0 ? MINUS : PLUS);
  const size = <u32>abs(exponent);
  if (size < 10) store<u8>(q++, ZERO);
  return printUint(size, q);
}

/** Writes the digits with the point after the first `pointExponent` of them. */
function printFixed(out: usize, number: Decimal, pointExponent: i32): usize {
  const count = number.count;
  let q = out;
  if (pointExponent <= 0) store<u8>(q++, ZERO);
  for (let i = min(pointExponent, 0); i < max(count, pointExponent); i++) {
    if (i == pointExponent) store<u8>(q++, DOT);
    store<u8>(q++, i >= 0 && i < count ? <u32>load<u8>(digitsOf(number) + i) : ZERO);
  }
  return q;
}

/** Writes an unsigned number in decimal and returns the address after it. */
export function printUint(value: u64, out: usize): usize {
  const q = value >= 10 ? printUint(value / 10, out) : out;
  store<u8>(q, ZERO + <u32>(value % 10));
  return q + 1;
}
