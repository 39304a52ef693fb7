// Hexadecimal floating-point text as Go's strconv.ParseFloat takes it: 0x1.8p-2. The exponent is a must.

let mantissa: u64 = 0; // the leading bits, at most 60
let sticky: bool = false; // a digit that was left out is not 0
let exponent: i64 = 0; // of the last bit
let negative: bool = false;

/** Takes the text apart; false when it is no hexadecimal number. */
export function isHexNumber(start: usize, end: usize): bool {
  let p = start;
  negative = p < end && load<u8>(p) == 0x2d;
  if (negative || (p < end && load<u8>(p) == 0x2b)) p++;
  if (end - p < 5 || load<u8>(p) != 0x30 || (load<u8>(p, 1) | 0x20) != 0x78) return false;
  mantissa = 0;
  sticky = false;
  exponent = 0;
  p = takeDigits(p + 2, end);
  return p > 0 && p < end && (load<u8>(p) | 0x20) == 0x70 && takeExponent(p + 1, end);
}

/** Reads the digits and the point from `start` on and returns the address behind them; 0 when they are not well formed. */
function takeDigits(start: usize, end: usize): usize {
  let behindPoint = false;
  let any = false;
  let p = start;
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (hexDigit(c) < 16) {
      any = true;
      takeDigit(hexDigit(c), behindPoint);
    } else if (c == 0x5f) {
      // Behind a digit or the prefix, and before a digit.
      if (p > start && hexDigit(load<u8>(p - 1)) > 15) return 0;
      if (p + 1 >= end || hexDigit(load<u8>(p, 1)) > 15) return 0;
    } else if (c == 0x2e && !behindPoint) behindPoint = true;
    else break;
  }
  return any ? p : 0;
}

function hexDigit(c: u32): u32 {
  if (c - 0x30 < 10) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

function takeDigit(digit: u32, behindPoint: bool): void {
  if (mantissa >> 56) {
    if (digit) sticky = true;
    if (!behindPoint) exponent += 4;
    return;
  }
  mantissa = (mantissa << 4) | digit;
  if (behindPoint) exponent -= 4;
}

function takeExponent(start: usize, end: usize): bool {
  let p = start;
  const minus = p < end && load<u8>(p) == 0x2d;
  if (minus || (p < end && load<u8>(p) == 0x2b)) p++;
  const first = p;
  let power: i64 = 0;
  for (; p < end; p++) {
    const digit = <u32>load<u8>(p) - 0x30;
    if (digit == 0x2f && p > first && p + 1 < end && load<u8>(p - 1) != 0x5f && load<u8>(p, 1) != 0x5f) continue;
    if (digit > 9) return false;
    power = min(power * 10 + <i64>digit, 100000000);
  }
  exponent += minus ? -power : power;
  return p > first;
}

/** The nearest double, ties to even, of the text that isHexNumber took apart; ±Infinity beyond the largest. */
export function parseHexNumber(): f64 {
  const value = magnitude();
  return negative ? -value : value;
}

function magnitude(): f64 {
  if (!mantissa) return 0;
  const shift = <i64>clz(mantissa);
  const bits = mantissa << shift;
  const leading = exponent - shift + 63; // exponent of the leading bit
  if (leading > 1023) return Infinity;
  const drop = leading >= -1022 ? 11 : -1011 - leading;
  if (drop > 64) return 0;
  const half = u64(1) << u64(drop - 1);
  const kept = drop < 64 ? bits >> u64(drop) : 0;
  const rest = drop < 64 ? bits - (kept << u64(drop)) : bits;
  const up = rest > half || (rest == half && (sticky || (kept & 1) != 0));
  const base = leading >= -1022 ? u64(leading + 1022) << 52 : 0;
  return reinterpret<f64>(base + kept + <u64>up);
}
