// Strings of the JSON reader: where they end, and that every byte in them is allowed. 64 bytes at a time, without looking
// at single characters: each block yields masks of 64 bits, one for each byte.
//
//   text      a \ " b \ \ " , …        quotes     which bytes are quotes
//   slashes   . 1 . . 1 1 . .          escaped    which bytes follow a backslash that is not escaped itself;
//   escaped   . . 1 . . 1 . .                     a run of backslashes is resolved by a subtraction whose borrow
//   ends      . . . . . . 1 .                     runs through it (`escapes`)
//   inside    1 1 1 1 1 1 1 .          ends       quotes that are not escaped; the first one ends the string
//                                      inside     all bytes up to it: those after it are not the string's
//
// A block without quotes, backslashes, control and non-ASCII characters is passed after one comparison. A few characters
// that are not ASCII are checked one by one, many at once by tables (text/utf8.ts); one that crosses the end of a block is
// carried into the next. Of the escapes only \u is looked at by itself. The text is followed by 64 readable bytes that
// begin with a zero: a control character, so every loop ends.
import { Reason } from "../program.ts";
import { decodeHex4 } from "../text/escape.ts";
import { BACKSLASH, CASE_BIT, COMMA, EIGHT, LOWER_D, LOWER_U, QUOTE, SPACE } from "../text/chars.ts";
import { fail } from "./failure.ts";
import { Reading, readingOf } from "./reading.ts";
import { MARK_ESCAPED } from "./slots.ts";
import { characterSize, misfitsIn, unfinished } from "../text/utf8.ts";

// A vector constant costs V8 three instructions wherever it is used; one that is loaded stays in a register.
const signs: usize = memory.data<u8>([0x22, 0x5c, 0x20, 0x0f]); // quote, backslash, space, and the lower half of a byte
// The bytes of `signs`.
const QUOTE_SIGN: usize = signs;
const BACKSLASH_SIGN: usize = signs + 1;
const SPACE_SIGN: usize = signs + 2;
const HALF_SIGN: usize = signs + 3;
// What may follow a backslash besides quote, backslash and `u`: / b f n r t, each at the index that the two halves of its
// byte give by XOR. Elsewhere 0x80, whose own index is 8.
const simple: usize = memory.data<u8>([
  0x66, 0x80, 0x80, 0x74, 0x62, 0x72, 0x80, 0x80, 0x6e, 0x80, 0x80, 0x80, 0x80, 0x2f, 0x80, 0x80,
]);

/** Up to this many bytes of a block that are not ASCII, each character is read by itself. */
const FEW: u64 = 8;
const ALL: u64 = 0xffffffffffffffff;
const ODD: u64 = 0xaaaaaaaaaaaaaaaa;

/** A comma and a quote as one little-endian number; a backslash and a `u`. */
const COMMA_QUOTE: u32 = COMMA | (QUOTE << 8);
const BACKSLASH_U: u32 = BACKSLASH | (LOWER_U << 8);

let pairEnd: usize = 0; // the `u` of the second half of the last surrogate pair

/**
 * The address of the first byte from `start` on that is not plain, or start + 16 when the first 16 are. When it is a quote,
 * the string that starts at `start` ends there. (The caller tests that: a result that depended on it would make each look
 * wait.)
 */
// @ts-ignore: decorator
@inline
export function endOfPlain(start: usize): usize {
  const quote = v128.load8_splat(QUOTE_SIGN);
  const slash = v128.load8_splat(BACKSLASH_SIGN);
  const space = v128.load8_splat(SPACE_SIGN);
  const v = v128.load(start);
  return start + <usize>ctz(i8x16.bitmask(v128.or(signsIn(v, quote, slash), strangersIn(v, space))) | 0x10000);
}

/** Passes the short plain strings at `at`, each directly after a comma; returns the address after the last. */
// @ts-ignore: decorator
@inline
export function skipStrings(at: usize): usize {
  let p = at;
  while (load<u16>(p) == COMMA_QUOTE) {
    const end = endOfPlain(p + 2);
    if (load<u8>(end) != QUOTE) break;
    p = end + 1;
  }
  return p;
}

/** Reads a string from after its opening quote to after the closing one. */
// eslint-disable-next-line complexity -- one loop over the blocks, without calls where it is hot
export function readString(start: usize): Reading {
  let block = start;
  let carried: u64 = 0; // 1 when the first byte of the block is escaped
  let before = i8x16.splat(0); // the 16 bytes before the block
  let open: bool = false; // whether a character continues from there
  let read: usize = 0; // the address after the last character that was checked by itself
  let marks: u32 = 0;
  const quote = v128.load8_splat(QUOTE_SIGN);
  const slash = v128.load8_splat(BACKSLASH_SIGN);
  const space = v128.load8_splat(SPACE_SIGN);
  const half = v128.load8_splat(HALF_SIGN);
  const table = v128.load(simple);
  pairEnd = 0;
  while (true) {
    const a = v128.load(block); // the block's 64 bytes, in four vectors of 16
    const b = v128.load(block, 16);
    const c = v128.load(block, 32);
    const d = v128.load(block, 48);
    const strangers = strangersIn(i8x16.min_s(i8x16.min_s(a, b), i8x16.min_s(c, d)), space);
    const early = v128.or(signsIn(a, quote, slash), signsIn(b, quote, slash));
    const late = v128.or(signsIn(c, quote, slash), signsIn(d, quote, slash));
    if (carried != 0 || open || i8x16.bitmask(v128.or(v128.or(early, late), strangers))) {
      const slashes = equal(a, b, c, d, slash);
      let escaped: u64 = 0;
      if (slashes | carried) {
        const codes = escapes(slashes, carried);
        escaped = codes ^ (slashes | carried);
        carried = (codes & slashes) >> 63;
      }
      const quotes = equal(a, b, c, d, quote);
      const ends = quotes & ~escaped;
      const inside = ends ^ (ends - 1);
      if (open || i8x16.bitmask(strangers)) {
        const highs = bits(a, b, c, d);
        if (open || popcnt(highs) > FEW) {
          if (misfitsIn(block, before) & inside) return fail(Reason.invalid_utf8);
          open = v128.any_true(unfinished(d));
        } else if (highs & inside) {
          read = readCharacters(block, highs & inside, read);
          if (!read) return 0;
        }
        if (hasControls(i8x16.min_u(i8x16.min_u(a, b), i8x16.min_u(c, d)), space)) {
          if (controlsIn(block) & inside) return fail(Reason.not_json);
        }
      }
      if (escaped & inside) {
        marks = MARK_ESCAPED;
        const known = quotes | slashes | simpleIn(a, b, c, d, half, table);
        const others = escaped & inside & ~known;
        if (others && !readEscapes(block, others)) return 0;
      }
      if (ends) return readingOf(block + <usize>ctz(ends) + 1, marks);
    }
    before = d;
    block += 64;
  }
}

/** Checks the characters whose bytes `highs` marks in the block, except those before `read`; returns the address after the last. */
// @ts-ignore: decorator
@inline
function readCharacters(block: usize, highs: u64, read: usize): usize {
  let end = max(read, block);
  let left = highs;
  while (true) {
    const done = <u64>(end - block);
    left = done < 64 ? left & (ALL << done) : 0;
    if (!left) return end;
    const at = block + <usize>ctz(left);
    const size = characterSize(at);
    if (!size) return fail(Reason.invalid_utf8);
    end = at + <usize>size;
  }
}

/** 0xff for each quote and backslash. */
// @ts-ignore: decorator
@inline
function signsIn(v: v128, quote: v128, slash: v128): v128 {
  return v128.or(i8x16.eq(v, quote), i8x16.eq(v, slash));
}

/** 0xff for each control character and each byte that is not ASCII: as signed bytes these are below a space. */
// @ts-ignore: decorator
@inline
function strangersIn(v: v128, space: v128): v128 {
  return i8x16.lt_s(v, space);
}

/** One bit for each byte whose highest bit is set. */
// @ts-ignore: decorator
@inline
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = i8x16.bitmask(a) | (i8x16.bitmask(b) << 16);
  const high = i8x16.bitmask(c) | (i8x16.bitmask(d) << 16);
  return (<u64>(<u32>low)) | ((<u64>(<u32>high)) << 32);
}

// @ts-ignore: decorator
@inline
function equal(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  return bits(i8x16.eq(a, wanted), i8x16.eq(b, wanted), i8x16.eq(c, wanted), i8x16.eq(d, wanted));
}

/** Whether one of 16 bytes is a control character. */
// @ts-ignore: decorator
@inline
function hasControls(v: v128, space: v128): bool {
  return v128.any_true(i8x16.sub_sat_u(space, v));
}

/** One bit for each of the 64 bytes at `block` that is a control character. */
function controlsIn(block: usize): u64 {
  let found: u64 = 0;
  for (let i: usize = 0; i < 64; i += 16) {
    const v = v128.load(block + i);
    found |= (<u64>(<u32>i8x16.bitmask(i8x16.lt_u(v, i8x16.splat(<i8>SPACE))))) << (<u64>i);
  }
  return found;
}

/**
 * Backslashes that escape, and what they escape, in one mask. Of each run of backslashes every other one escapes, from
 * its first on; the subtraction turns the run into that pattern whether it starts at an odd or an even bit.
 */
// @ts-ignore: decorator
@inline
function escapes(slashes: u64, carried: u64): u64 {
  const first = slashes & ~carried;
  return (((first << 1) | ODD) - first) ^ ODD;
}

/** One bit for each byte that is one of / b f n r t. */
// @ts-ignore: decorator
@inline
function simpleIn(a: v128, b: v128, c: v128, d: v128, half: v128, table: v128): u64 {
  return bits(isSimple(a, half, table), isSimple(b, half, table), isSimple(c, half, table), isSimple(d, half, table));
}

// @ts-ignore: decorator
@inline
function isSimple(v: v128, half: v128, table: v128): v128 {
  return i8x16.eq(v, i8x16.swizzle(table, v128.and(v128.xor(v, i16x8.shr_u(v, 4)), half)));
}

/** Checks the escapes of a block that are not simple; `places` has a bit for the character after each backslash. */
// @ts-ignore: decorator
@inline
function readEscapes(block: usize, places: u64): bool {
  for (let left = places; left; left &= left - 1) {
    const at = block + <usize>ctz(left);
    if (at != pairEnd && !readUnicode(at)) return false;
  }
  return true;
}

/** Whether there are four hexadecimal digits at `at`. Control characters may pass for digits: they are refused anyway. */
// @ts-ignore: decorator
@inline
function isHex4(at: usize): bool {
  const word = load<u32>(at);
  const lower = word | 0x20202020;
  const letters = (lower + 0x1f1f1f1f) & ~(lower + 0x19191919); // a … f
  return (((((lower ^ 0x30303030) + 0x76767676) & ~letters) | word) & 0x80808080) == 0;
}

/** Checks the escape \u whose `u` is at `at`; a surrogate must be followed by its other half, which is then read too. */
// @ts-ignore: decorator
@inline
function readUnicode(at: usize): bool {
  if (load<u8>(at) != LOWER_U || !isHex4(at + 1)) return fail(Reason.not_json) != 0;
  if ((load<u8>(at + 1) | CASE_BIT) != LOWER_D || load<u8>(at + 2) < EIGHT) return true; // not d800 … dfff
  const isHigh = decodeHex4(at + 1) < 0xdc00;
  if (!isHigh || load<u16>(at + 5) != BACKSLASH_U || !isLow(at + 7)) return fail(Reason.lone_surrogate) != 0;
  pairEnd = at + 6;
  return true;
}

/** Whether the four hexadecimal digits at `at` are a low surrogate. */
// @ts-ignore: decorator
@inline
function isLow(at: usize): bool {
  const unit = decodeHex4(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
