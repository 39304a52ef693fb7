// Walking JSON that has been checked already, in place: the end of a value, the elements and members of a container. One
// extension, for claims: the byte 1 and eight raw bytes are a double.
import { BACKSLASH, CASE_BIT, CLOSE_BRACE, COMMA, OPEN_BRACE, QUOTE, SPACE } from "../text/chars.ts";
import { Reading, readingEnd, readingOf } from "./reading.ts";
import { MARK_ESCAPED } from "./slots.ts";

export const RAW_DOUBLE: u32 = 1;
/** Bytes of a raw double and the byte before it. */
const RAW_DOUBLE_SIZE: usize = 9;

/** Reads the string whose opening quote is at `at`. Reads aligned blocks, so never beyond the memory. */
export function skipString(at: usize): Reading {
  let p = at + 1;
  let marks: u32 = 0;
  while (true) {
    let block = p & ~(<usize>15);
    let mask = (signsIn(block) >> ((<i32>p) & 15)) << ((<i32>p) & 15);
    while (mask == 0) {
      block += 16;
      mask = signsIn(block);
    }
    p = block + <usize>ctz(mask);
    if (load<u8>(p) == QUOTE) return readingOf(p + 1, marks);
    marks = MARK_ESCAPED;
    p += 2;
  }
}

/** One bit for each quote and backslash among 16 bytes. */
function signsIn(block: usize): i32 {
  const bytes = v128.load(block);
  return i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(<i8>QUOTE)), i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH))));
}

/** The address after the value at `at`. */
export function skipValue(at: usize): usize {
  let depth = 0;
  let p = at;
  do {
    const c = <u32>load<u8>(p);
    if (c == QUOTE) p = readingEnd(skipString(p));
    else if (c == RAW_DOUBLE) p += RAW_DOUBLE_SIZE;
    else {
      p++;
      if ((c | CASE_BIT) == OPEN_BRACE) depth++;
      else if (isClosing(c)) depth--;
      else if (depth == 0) p = skipScalar(p);
    }
  } while (depth > 0);
  return p;
}

/** Whether a character is the closing bracket of a list or of a map; as the opening ones, they differ in one bit. */
function isClosing(c: u32): bool {
  return (c | CASE_BIT) == CLOSE_BRACE;
}

function skipScalar(at: usize): usize {
  let p = at;
  while (true) {
    const c = load<u8>(p);
    if (c <= SPACE || c == COMMA || isClosing(c)) return p;
    p++;
  }
}

/** The address after the white space at `at`. */
export function skipWhitespace(at: usize): usize {
  let p = at;
  while (load<u8>(p) <= SPACE && load<u8>(p) > RAW_DOUBLE) p++;
  return p;
}

/** The first element, or key, of the container whose bracket is at `at`; 0 when it is empty. */
export function firstItem(at: usize): usize {
  const p = skipWhitespace(at + 1);
  const c = load<u8>(p);
  return isClosing(c) ? 0 : p;
}

/** The element, or key, that follows the value which ends at `at`; 0 when there is none. */
export function nextItem(at: usize): usize {
  const p = skipWhitespace(at);
  return load<u8>(p) == COMMA ? skipWhitespace(p + 1) : 0;
}
