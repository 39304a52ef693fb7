// Checking UTF-8 (RFC 3629): one character, or 16 bytes at once by looking up the high half of each byte together with both
// halves of the byte before it (Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", 2021).

/** Bytes of the character at `at`, whose first byte is not ASCII; 0 when it is not well formed. Offsets count its bytes. */
// @ts-ignore: decorator
@inline
// eslint-disable-next-line complexity -- the table of RFC 3629 section 4, row by row
export function characterSize(at: usize): u32 {
  const c = <u32>load<u8>(at);
  const d = <u32>load<u8>(at, 1);
  if (c < 0xe0) return c >= 0xc2 && (d & 0xc0) == 0x80 ? 2 : 0;
  if (c < 0xf0) {
    const low: u32 = c == 0xe0 ? 0xa0 : 0x80;
    const high: u32 = c == 0xed ? 0x9f : 0xbf;
    return d >= low && d <= high && (load<u8>(at, 2) & 0xc0) == 0x80 ? 3 : 0;
  }
  const low: u32 = c == 0xf0 ? 0x90 : 0x80;
  const high: u32 = c == 0xf4 ? 0x8f : 0xbf;
  return c <= 0xf4 && d >= low && d <= high && (load<u16>(at, 2) & 0xc0c0) == 0x8080 ? 4 : 0;
}

/** One bit for each of the 64 bytes at `block` that may not follow the bytes before it; `before` are the 16 before `block`. */
export function misfitsIn(block: usize, before: v128): u64 {
  let found: u64 = 0;
  let previous = before;
  for (let i: usize = 0; i < 64; i += 16) {
    const v = v128.load(block + i);
    const fine = i8x16.eq(misfits(v, previous), i8x16.splat(0));
    found |= (<u64>((<u32>i8x16.bitmask(fine)) ^ 0xffff)) << (<u64>i);
    previous = v;
  }
  return found;
}

/**
 * Non-zero for each byte of `v` that may not follow the bytes before it (RFC 3629); `before` are the 16 bytes before `v`.
 * Bits of the tables: 1 too short, 2 too long, 4 overlong (3 bytes), 8 above U+10FFFF, 16 a surrogate, 32 overlong
 * (2 bytes), 64 overlong (4 bytes) or far above U+10FFFF, 128 two continuations in a row, which the lengths in `wanted`
 * may call for.
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

/** Non-zero where a character begins so close to the end of `v` that it continues after it. */
// @ts-ignore: decorator
@inline
export function unfinished(v: v128): v128 {
  return i8x16.sub_sat_u(v, i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -17, -33, -65));
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
