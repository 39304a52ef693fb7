// Numbers of the JSON reader: the grammar of RFC 8259 section 6, and none beyond a double. On the hot path, conditions are
// nested `if`s rather than &&, of which asc first makes a number (in reader.ts, too).
import { Reason } from "../program.ts";
import { CASE_BIT, COMMA, DOT, LOWER_E, MINUS, PLUS, ZERO } from "../text/chars.ts";
import { fail } from "./failure.ts";
import { parseNumber } from "../number/parse.ts";

/** The address of an e: what endOfShort returns for a number that needs a closer look, as if an exponent followed. */
const NOT_SHORT: usize = memory.data<u8>([0x65]);

/** Larger exponents all mean the same: too large, or nearly zero. */
const MOST_EXPONENT: i64 = 0xffffffff;

// @ts-ignore: decorator
@inline
function isDigit(c: u32): bool {
  return c - ZERO < 10;
}

/** The highest bit of each of the 8 bytes at `at` that is not a digit; bytes after one that is not ASCII may be wrong. */
// @ts-ignore: decorator
@inline
function othersAt(at: usize): u64 {
  const v = load<u64>(at) ^ 0x3030303030303030; // digits are 0 … 9 now
  return ((v + 0x7676767676767676) | v) & 0x8080808080808080;
}

/** The address after the digits at `at`. */
function endOfDigits(at: usize): usize {
  let p = at;
  let others = othersAt(p);
  while (!others) {
    p += 8;
    others = othersAt(p);
  }
  return p + <usize>(ctz(others) >> 3);
}

/**
 * The address after the digits at `at`, with or without a point among them, when they are at most seven characters;
 * NOT_SHORT for any other number and for anything else. An exponent may follow.
 */
// @ts-ignore: decorator
@inline
export function endOfShort(at: usize): usize {
  let others = othersAt(at);
  let end = at + <usize>(ctz(others) >> 3);
  if (end - at - 1 >= 7) return NOT_SHORT; // no digit, or eight
  if (load<u8>(at) == ZERO) {
    if (end != at + 1) return NOT_SHORT; // a leading zero
  }
  if (load<u8>(end) == DOT) {
    const point = end;
    others &= others - 1;
    if (!others) return NOT_SHORT;
    end = at + <usize>(ctz(others) >> 3);
    if (end == point + 1) return NOT_SHORT;
  }
  return end;
}

/** Passes the short numbers at `at` that are directly followed by a comma; returns where the next element starts. */
// @ts-ignore: decorator
@inline
export function skipNumbers(at: usize): usize {
  let p = at;
  while (true) {
    const end = endOfShort(p);
    if (load<u8>(end) != COMMA) return p;
    p = end + 1;
  }
}

/** The address after the number at `at`; 0 when it is refused. */
export function readNumber(at: usize): usize {
  let p = at;
  if (load<u8>(p) == MINUS) p++;
  const whole = p;
  if (!isDigit(load<u8>(p))) return fail(Reason.not_json);
  if (load<u8>(p) == ZERO) {
    if (isDigit(load<u8>(++p))) return fail(Reason.not_json);
  } else {
    p = endOfDigits(p);
  }
  let scale = <i64>(p - whole); // the value is below 10^scale
  if (load<u8>(p) == DOT) {
    if (!isDigit(load<u8>(++p))) return fail(Reason.not_json);
    p = endOfDigits(p);
  }
  if ((load<u8>(p) | CASE_BIT) == LOWER_E) {
    const sign = load<u8>(++p);
    if (sign == PLUS || sign == MINUS) p++;
    if (!isDigit(load<u8>(p))) return fail(Reason.not_json);
    let exponent: i64 = 0;
    for (; isDigit(load<u8>(p)); p++) exponent = min(exponent * 10 + <i64>(load<u8>(p) - ZERO), MOST_EXPONENT);
    scale += sign == MINUS ? -exponent : exponent;
  }
  if (scale > 308 && overflows(whole, p, scale)) return fail(Reason.number_range);
  return p;
}

/** Whether the number at `whole`, below 10^scale with scale > 308, is beyond a double; leading zeros do not count. */
function overflows(whole: usize, end: usize, scale: i64): bool {
  let magnitude = scale;
  let p = whole;
  if (load<u8>(p) == ZERO) {
    p++;
    if (load<u8>(p) != DOT) return false; // 0e999 is zero
    p++;
    magnitude--;
    while (load<u8>(p) == ZERO) {
      magnitude--;
      p++;
    }
    if (!isDigit(load<u8>(p))) return false; // zero
    if (magnitude < 309) return false;
  }
  if (magnitude > 309) return true;
  return parseNumber(whole, end) == Infinity;
}
