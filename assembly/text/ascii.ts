// Comparing and copying bytes, and ASCII constants: scripts/transforms/ascii-strings.mjs turns a string literal into the
// address of its bytes, with their number in front. Up to 16 bytes after a text are read and ignored; runtime/memory.ts
// keeps them readable.
import { BACKSLASH, CASE_BIT, QUOTE, SPACE, UPPER_A } from "./chars.ts";

/** First byte of a constant. */
// @ts-ignore: decorator
@inline
export function bytesOf(constant: Ascii): usize {
  return changetype<usize>(constant) + 1;
}

/** Bytes of a constant. */
// @ts-ignore: decorator
@inline
export function sizeOf(constant: Ascii): u32 {
  return load<u8>(changetype<usize>(constant));
}

/** Whether two texts of the same length are equal. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  let p = a;
  let q = b;
  let left = length;
  for (; left > 16; left -= 16, p += 16, q += 16) {
    if (v128.any_true(v128.xor(v128.load(p), v128.load(q)))) return false;
  }
  return (i8x16.bitmask(i8x16.ne(v128.load(p), v128.load(q))) & below(left)) == 0;
}

/** A mask with one bit for each of the first `count` bytes, at most 16. */
// @ts-ignore: decorator
@inline
export function below(count: u32): i32 {
  return (1 << count) - 1;
}

/** Copies non-overlapping bytes; for short texts the call to memory.copy costs more than the copy. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  if (length > 128) {
    memory.copy(to, from, length);
    return;
  }
  if (length < 8) {
    for (let i: u32 = 0; i < length; i++) store<u8>(to + <usize>i, load<u8>(from + <usize>i));
    return;
  }
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) store<u64>(to + i, load<u64>(from + i));
  store<u64>(to + last, load<u64>(from + last));
}

/** Whether a text can go into a JSON string unescaped: no quote, no backslash, no control character. */
export function isPlain(at: usize, length: u32): bool {
  const end = at + <usize>length;
  for (let p = at; p < end; p += 16) {
    const text = v128.load(p);
    const signs = v128.or(i8x16.eq(text, i8x16.splat(<i8>QUOTE)), i8x16.eq(text, i8x16.splat(<i8>BACKSLASH)));
    const special = i8x16.bitmask(v128.or(signs, i8x16.lt_u(text, i8x16.splat(<i8>SPACE))));
    if (special & below(<u32>min(end - p, 16))) return false;
  }
  return true;
}

/** Whether the bytes are exactly this constant. */
export function isText(at: usize, length: u32, constant: Ascii): bool {
  return length == sizeOf(constant) && sameBytes(at, bytesOf(constant), length);
}

/** Whether the bytes begin with this constant. */
export function startsText(at: usize, length: u32, constant: Ascii): bool {
  return length >= sizeOf(constant) && sameBytes(at, bytesOf(constant), sizeOf(constant));
}

/** Whether the bytes end with this constant. */
export function endsText(at: usize, length: u32, constant: Ascii): bool {
  const size = sizeOf(constant);
  return length >= size && sameBytes(at + <usize>(length - size), bytesOf(constant), size);
}

/** Whether the bytes are this lower-case constant, ignoring ASCII case. */
export function isTextFolded(at: usize, length: u32, constant: Ascii): bool {
  if (length != sizeOf(constant)) return false;
  for (let i: u32 = 0; i < length; i++) {
    let c = <u32>load<u8>(at + <usize>i);
    if (c - UPPER_A < 26) c |= CASE_BIT;
    if (c != <u32>load<u8>(bytesOf(constant) + <usize>i)) return false;
  }
  return true;
}
