// Hexadecimal floating-point text as Go's strconv.ParseFloat takes it: 0x1.8p-2. The exponent is a must.
import { MINUS, exponentRead, readPower, round, signAt } from "./number.ts";

const UNDERSCORE: u32 = 0x5f;

let mantissa: u64 = 0; // the leading bits, at most 60
let sticky: bool = false; // a digit that was left out is not 0
let exponent: i32 = 0; // of the last bit
let negative: bool = false;

/** Takes the text apart; false when it is no hexadecimal number. */
export function isHexNumber(start: usize, end: usize): bool {
  const sign = signAt(start, end);
  let p = start + usize(sign != 0);
  negative = sign == MINUS;
  if (end - p < 5 || load<u8>(p) != 0x30 || (load<u8>(p, 1) | 0x20) != 0x78) return false;
  mantissa = 0;
  sticky = false;
  exponent = 0;
  p = takeDigits(p + 2, end);
  if (!p || p >= end || (load<u8>(p) | 0x20) != 0x70 || !readPower(p + 1, end)) return false;
  exponent += exponentRead;
  return true;
}

/** Reads the digits and the point from `start` on and returns the address behind them; 0 when they are not well formed. */
function takeDigits(start: usize, end: usize): usize {
  let behindPoint = false;
  let any = false;
  let last: u32 = 0; // the character before
  let p = start;
  for (; p < end; p++) {
    const c = <u32>load<u8>(p);
    const digit = hexDigit(c);
    if (digit < 16) {
      any = true;
      takeDigit(digit, behindPoint);
    } else if (last == UNDERSCORE) return 0;
    else if (c == 0x2e && !behindPoint) behindPoint = true;
    else if (c != UNDERSCORE || last == 0x2e) break; // it stands behind a digit or the prefix, and before a digit
    last = c;
  }
  return any && last != UNDERSCORE ? p : 0;
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

/** The nearest double, ties to even, of the text that isHexNumber took apart; ±Infinity beyond the largest. */
export function parseHexNumber(): f64 {
  if (!mantissa) return negative ? -0.0 : 0;
  const shift = <i32>clz(mantissa);
  const value = round((mantissa << shift) | (<u64>sticky), exponent - shift, 0);
  return negative ? -value : value;
}
