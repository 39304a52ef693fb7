// Numbers of the JSON reader: the grammar of RFC 8259 section 6, and none beyond a double. Two nested `if`s in what is hot
// are two branches; with && asc would make a number of both first (json.ts has some, too).
import { Reason } from "../program.ts";
import { fail } from "./failure.ts";
import { parseNumber } from "../number/parse.ts";

/** The address of an e: what endOfShort gives for a number that needs a closer look, as if an exponent followed. */
const NOT_SHORT: usize = memory.data<u8>([0x65]);

// @ts-ignore: decorator
@inline
function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}

/** The highest bit of each of the 8 bytes at `at` that is no digit; bytes behind one that is not ASCII may be wrong. */
// @ts-ignore: decorator
@inline
function othersAt(at: usize): u64 {
  const v = load<u64>(at) ^ 0x3030303030303030; // digits are 0 … 9 now
  return ((v + 0x7676767676767676) | v) & 0x8080808080808080;
}

/** Behind the digits from `at` on. */
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
 * Behind the digits at `at`, with a point among them or none, when these are at most seven characters; NOT_SHORT for
 * any other number, and for what is none. An exponent may follow.
 */
// @ts-ignore: decorator
@inline
export function endOfShort(at: usize): usize {
  let others = othersAt(at);
  let end = at + <usize>(ctz(others) >> 3);
  if (end - at - 1 >= 7) return NOT_SHORT; // no digit, or eight
  if (load<u8>(at) == 0x30) {
    if (end != at + 1) return NOT_SHORT; // a zero before others
  }
  if (load<u8>(end) == 0x2e) {
    const point = end;
    others &= others - 1;
    if (!others) return NOT_SHORT;
    end = at + <usize>(ctz(others) >> 3);
    if (end == point + 1) return NOT_SHORT;
  }
  return end;
}

/** Passes the short numbers from `at` on that have a comma right behind them; returns where the next element starts. */
// @ts-ignore: decorator
@inline
export function skipNumbers(at: usize): usize {
  let p = at;
  while (true) {
    const end = endOfShort(p);
    if (load<u8>(end) != 0x2c) return p;
    p = end + 1;
  }
}

/** Behind the number at `at`; 0 when it is not acceptable. */
export function readNumber(at: usize): usize {
  let p = at;
  if (load<u8>(p) == 0x2d) p++;
  const whole = p;
  if (!isDigit(load<u8>(p))) return fail(Reason.not_json);
  if (load<u8>(p) == 0x30) {
    if (isDigit(load<u8>(++p))) return fail(Reason.not_json);
  } else {
    p = endOfDigits(p);
  }
  let scale = <i64>(p - whole); // the value is below 10^scale
  if (load<u8>(p) == 0x2e) {
    if (!isDigit(load<u8>(++p))) return fail(Reason.not_json);
    p = endOfDigits(p);
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    const sign = load<u8>(++p);
    if (sign == 0x2b || sign == 0x2d) p++;
    if (!isDigit(load<u8>(p))) return fail(Reason.not_json);
    let exponent: i64 = 0;
    for (; isDigit(load<u8>(p)); p++) exponent = min(exponent * 10 + (load<u8>(p) - 0x30), 0xffffffff);
    scale += sign == 0x2d ? -exponent : exponent;
  }
  if (scale > 308 && overflows(whole, p, scale)) return fail(Reason.number_range);
  return p;
}

/** Whether the number of digits `whole`… (below 10^scale, scale > 308) is beyond a double: leading zeros do not count. */
function overflows(whole: usize, end: usize, scale: i64): bool {
  let magnitude = scale;
  let p = whole;
  if (load<u8>(p) == 0x30) {
    if (load<u8>(p, 1) != 0x2e) return false; // 0e999 is zero
    magnitude--;
    p += 2;
    while (load<u8>(p) == 0x30) {
      magnitude--;
      p++;
    }
    if (!isDigit(load<u8>(p))) return false; // zero
    if (magnitude < 309) return false;
  }
  if (magnitude > 309) return true;
  return parseNumber(whole, end) == Infinity;
}
