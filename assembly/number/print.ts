// Doubles to decimal text: the shortest digits that read back as the same double, and of those the nearest, laid out as
// Go's %g and %f do. The value and the halfway points around it are counted in units of a power of ten that leaves 17 or 18
// digits: estimated first, then corrected by exact comparison.
import { compareScaled, left, right, setBig } from "./bignum.ts";
import { binary, scale } from "./powers.ts";

/** Bytes that a printed double takes at most. */
export const DOUBLE_ROOM: u32 = 32;

const MOST_UNIT: u64 = 100000000000000000; // 10^17

const digits: usize = memory.data(24, 8);

let pointExponent: i32 = 0; // the value is 0.d1d2… * 10^pointExponent

let unitPower: i32 = 0; //   a unit is 10^unitPower
let binaryPower: i32 = 0; // of the last bit of the numbers that are counted

/** Compares a count of units with whole * 2^binaryPower: -1, 0 or 1. */
function compareUnits(count: u64, whole: u64): i32 {
  setBig(left, count);
  setBig(right, whole);
  return compareScaled(unitPower, binaryPower);
}

/** The largest count of units below whole * 2^binaryPower or, with `open` 1, at most that. */
function unitsIn(whole: u64, open: i32): u64 {
  const product = scale(whole, -unitPower, 0);
  let count = (product >> -(binary + binaryPower)) + 1; // the error is less than one
  while (compareUnits(count, whole) >= open) count--;
  return count;
}

/** Writes the digits of a finite value above 0 and returns their number. */
function shortestDigits(value: f64): i32 {
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
  // Of two that are as near, the one with the even digit, as in Go.
  if (down < least || (down + unit <= most && compareUnits(2 * down + unit, 2 * four) < <i32>(count & 1))) count++;
  const length = <i32>(printUint(count, digits) - digits);
  pointExponent = unitExponent + length;
  return length;
}

/** Writes what Go's %g (or, with `fixed`, %f) makes of the value, and returns the address behind it. */
export function printDouble(value: f64, out: usize, fixed: bool): usize {
  if (isNaN(value)) return printWord(out, 0x4e614e, 3); // NaN
  const bits = reinterpret<u64>(value);
  const negative = bits >> 63 != 0;
  if (abs(value) == Infinity) return printWord(out, negative ? 0x666e492d : 0x666e492b, 4); // ±Inf
  let q = out;
  if (negative) store<u8>(q++, 0x2d);
  if (bits << 1 == 0) {
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
