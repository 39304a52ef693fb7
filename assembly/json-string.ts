// Strings of the JSON reader: where they end, and that every byte in them is allowed. 64 bytes at a time, without a
// look at single characters: of a block four masks of 64 bits are made, a bit for each byte.
//
//   text      a \ " b \ \ " , …        quotes     which bytes are quotes
//   slashes   . 1 . . 1 1 . .          escaped    which bytes stand behind a backslash that is not escaped itself;
//   escaped   . . 1 . . 1 . .                     a run of backslashes is told apart by a subtraction whose borrow
//   ends      . . . . . . 1 .                     runs through it (`escapes`)
//   inside    1 1 1 1 1 1 1 .          ends       quotes that are not escaped; the first one ends the string
//                                      inside     all bytes up to it: what stands behind is somebody else's
//
// A block without quotes, backslashes, control and non-ASCII characters is passed after one comparison. UTF-8 is checked
// by looking up each byte's half with the halves of the byte before (Keiser and Lemire, "Validating UTF-8 in less than
// one instruction per byte", 2021); what is left over at the end of a block goes into the next one. Only \u is looked at
// one by one. The text is followed by 64 readable bytes that begin with a zero: a control character, so every loop ends.
import { Reason } from "./program.ts";
import { decodeHex4 } from "./escape.ts";
import { fail } from "./failure.ts";
import { MARK_ESCAPED } from "./slots.ts";

const ODD: u64 = 0xaaaaaaaaaaaaaaaa;

let marks: u32 = 0;

/** Marks of the string that readString read last. */
export function stringMarks(): u32 {
  return marks;
}

/** Behind the closing quote of a string of at most 15 plain characters that starts at `start`; 0 for any other. */
// @ts-ignore: decorator
@inline
export function endOfPlain(start: usize): usize {
  const mask = i8x16.bitmask(stops(v128.load(start)));
  const end = start + <usize>ctz(mask);
  return mask != 0 && load<u8>(end) == 0x22 ? end + 1 : 0;
}

/** Reads a string from behind its opening quote; returns the address behind the closing one, or 0, and leaves its marks. */
export function readString(start: usize): usize {
  let block = start;
  let carried: u64 = 0; //   1 when the first byte of the block is escaped
  let open: bool = false; // whether a character began in the block before and is not complete
  let before = i8x16.splat(0); // the 16 bytes before the block
  let pair: usize = 0; //    where the second half of a surrogate pair has been read already
  marks = 0;
  while (true) {
    const a = v128.load(block);
    const b = v128.load(block, 16);
    const c = v128.load(block, 32);
    const d = v128.load(block, 48);
    if (carried != 0 || v128.any_true(v128.or(v128.or(stops(a), stops(b)), v128.or(stops(c), stops(d))))) {
      const slashes = equal(a, b, c, d, 0x5c);
      let escaped: u64 = 0;
      if (slashes | carried) {
        const codes = escapes(slashes, carried);
        escaped = codes ^ (slashes | carried);
        carried = (codes & slashes) >> 63;
      }
      const ends = equal(a, b, c, d, 0x22) & ~escaped;
      const inside = ends ^ (ends - 1);
      if (slashes & inside) marks = MARK_ESCAPED;
      if (v128.any_true(v128.and(v128.or(v128.or(a, b), v128.or(c, d)), i8x16.splat(-128)))) {
        const first = misfits(a, before);
        const second = misfits(b, a);
        const third = misfits(c, b);
        const fourth = misfits(d, c);
        if (
          v128.any_true(v128.or(v128.or(first, second), v128.or(third, fourth))) &&
          bits(notZero(first), notZero(second), notZero(third), notZero(fourth)) & inside
        ) {
          return fail(Reason.invalid_utf8);
        }
        open = v128.any_true(unfinished(d));
      } else if (open) return fail(Reason.invalid_utf8);
      const controls = v128.or(v128.or(control(a), control(b)), v128.or(control(c), control(d)));
      if (v128.any_true(controls) && bits(control(a), control(b), control(c), control(d)) & inside) {
        return fail(Reason.not_json);
      }
      let unusual = escaped & ~bits(simple(a), simple(b), simple(c), simple(d)) & inside;
      while (unusual) {
        const at = block + <usize>ctz(unusual);
        if (at != pair) pair = readUnicode(at);
        if (!pair) return 0;
        unusual &= unusual - 1;
      }
      if (ends) return block + <usize>ctz(ends) + 1;
    } else if (open) return fail(Reason.invalid_utf8);
    before = d;
    block += 64;
  }
}

/** 0xff for each byte that readString must look at: quotes, backslashes, control characters, not ASCII. */
// @ts-ignore: decorator
@inline
function stops(v: v128): v128 {
  // As signed bytes, everything below 0x20 is a control character or not ASCII.
  return v128.or(
    v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))),
    i8x16.lt_s(v, i8x16.splat(0x20)),
  );
}

// @ts-ignore: decorator
@inline
function control(v: v128): v128 {
  return i8x16.eq(i8x16.min_u(v, i8x16.splat(0x1f)), v);
}

/** One bit for each byte whose highest bit is set. */
// @ts-ignore: decorator
@inline
function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = (<u64>(<u32>i8x16.bitmask(a))) | ((<u64>(<u32>i8x16.bitmask(b))) << 16);
  const high = (<u64>(<u32>i8x16.bitmask(c))) | ((<u64>(<u32>i8x16.bitmask(d))) << 16);
  return low | (high << 32);
}

// @ts-ignore: decorator
@inline
function equal(a: v128, b: v128, c: v128, d: v128, byte: i8): u64 {
  const wanted = i8x16.splat(byte);
  return bits(i8x16.eq(a, wanted), i8x16.eq(b, wanted), i8x16.eq(c, wanted), i8x16.eq(d, wanted));
}

/**
 * Backslashes that escape, and what they escape, in one mask. Of each run of backslashes every other one escapes, from
 * its first on; the subtraction turns the run into that pattern whether it starts at an odd or at an even place.
 */
// @ts-ignore: decorator
@inline
function escapes(slashes: u64, carried: u64): u64 {
  const first = slashes & ~carried;
  return (((first << 1) | ODD) - first) ^ ODD;
}

/** 0xff for the characters that may stand behind a backslash, `u` left out: each half of a byte names the pairs that it is in. */
// @ts-ignore: decorator
@inline
function simple(v: v128): v128 {
  // High half 2: " /   5: \   6: b f n   7: r t
  const low = i8x16.swizzle(i8x16(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1), lowHalf(v));
  const high = i8x16.swizzle(i8x16(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0), highHalf(v));
  return notZero(v128.and(low, high));
}

// @ts-ignore: decorator
@inline
function notZero(v: v128): v128 {
  return i8x16.ne(v, i8x16.splat(0));
}

// @ts-ignore: decorator
@inline
function lowHalf(v: v128): v128 {
  return v128.and(v, i8x16.splat(15));
}

// @ts-ignore: decorator
@inline
function highHalf(v: v128): v128 {
  return v128.and(i16x8.shr_u(v, 4), i8x16.splat(15));
}

/**
 * Not zero for each byte of `v` that cannot stand behind the bytes before it (RFC 3629); `before` are the 16 bytes before
 * `v`. Bits of the tables: 1 too short, 2 too long, 4 overlong (3 bytes), 8 above U+10FFFF, 16 a surrogate, 32 overlong
 * (2 bytes), 64 overlong (4 bytes) or far above U+10FFFF, 128 two continuations, which the second part may want.
 */
// @ts-ignore: decorator
@inline
function misfits(v: v128, before: v128): v128 {
  const one = i8x16.shuffle(before, v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
  const two = i8x16.shuffle(before, v, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
  const three = i8x16.shuffle(before, v, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28);
  const lead = i8x16.swizzle(i8x16(2, 2, 2, 2, 2, 2, 2, 2, -128, -128, -128, -128, 0x21, 1, 0x15, 0x49), highHalf(one));
  const detail = i8x16.swizzle(
    i8x16(-25, -93, -125, -125, -117, -53, -53, -53, -53, -53, -53, -53, -53, -37, -53, -53),
    lowHalf(one),
  );
  const here = i8x16.swizzle(i8x16(1, 1, 1, 1, 1, 1, 1, 1, -26, -82, -70, -70, 1, 1, 1, 1), highHalf(v));
  const wanted = v128.or(i8x16.sub_sat_u(two, i8x16.splat(0x60)), i8x16.sub_sat_u(three, i8x16.splat(0x70)));
  return v128.xor(v128.and(v128.and(lead, detail), here), v128.and(wanted, i8x16.splat(-128)));
}

/** Not zero where a character begins so near to the end of `v` that it goes on behind it. */
// @ts-ignore: decorator
@inline
function unfinished(v: v128): v128 {
  return i8x16.sub_sat_u(v, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -17, -33, -65));
}

/**
 * Checks the escape \u whose `u` is at `at`. Returns `at`, or the place of the `u` of its other half when it is a
 * surrogate; 0 when it is not allowed.
 */
function readUnicode(at: usize): usize {
  if (load<u8>(at) != 0x75) return fail(Reason.not_json);
  const unit = decodeHex4(at + 1);
  if (unit < 0) return fail(Reason.not_json);
  if (unit >> 11 != 0x1b) return at;
  if (unit >= 0xdc00 || load<u16>(at, 5) != 0x755c) return fail(Reason.invalid_utf8);
  return decodeHex4(at + 7) >> 10 == 0x37 ? at + 6 : fail(Reason.invalid_utf8);
}
