// JSON string escapes, checked and decoded (RFC 8259 section 7).
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CASE_BIT,
  LINE_FEED,
  LOWER_A,
  LOWER_B,
  LOWER_F,
  LOWER_N,
  LOWER_R,
  LOWER_T,
  LOWER_U,
  TAB,
  ZERO,
} from "./chars.ts";
import { codeOf, Point, pointEnd, pointOf } from "./point.ts";

/** Replaces what cannot be decoded. */
export const REPLACEMENT: u32 = 0xfffd;

const BACKSPACE: u32 = 0x08;
const FORM_FEED: u32 = 0x0c;
/** The first two bytes of a \u escape as one little-endian number. */
const BACKSLASH_U: u32 = BACKSLASH | (LOWER_U << 8);

/** The UTF-16 code unit that the four hexadecimal digits at `at` spell; -1 when they are not four. */
export function decodeHex4(at: usize): i32 {
  let unit: i32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c = <u32>load<u8>(at + i);
    let digit = c - ZERO;
    if (digit > 9) {
      const letter = (c | CASE_BIT) - LOWER_A;
      if (letter > 5) return -1;
      digit = letter + 10;
    }
    unit = (unit << 4) | (<i32>digit);
  }
  return unit;
}

/** Decodes `length` hexadecimal digits, of which two are a byte, to `out`; false when they are none. */
export function decodeHex(at: usize, length: u32, out: usize): bool {
  for (let i: u32 = 0; i < length; i += 4) {
    const unit = decodeHex4(at + <usize>i);
    if (unit < 0) return false;
    store<u8>(out + <usize>(i >> 1), unit >> 8);
    store<u8>(out + <usize>(i >> 1) + 1, unit);
  }
  return true;
}

/** Writes one code point as UTF-8 and returns the address after it. */
export function writeUtf8(out: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(out, point);
    return out + 1;
  }
  const size: usize = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  let rest = point;
  for (let q = out + size - 1; q > out; q--) {
    store<u8>(q, 0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  store<u8>(out, (0xff00 >> (<u32>size)) | rest); // as many leading ones as bytes
  return out + size;
}

/** The code point of the checked JSON escape at `at`; U+FFFD for a lone surrogate. */
export function escapeAt(at: usize): Point {
  const c = <u32>load<u8>(at + 1);
  const end = at + 2;
  if (c == LOWER_B) return pointOf(BACKSPACE, end);
  if (c == LOWER_F) return pointOf(FORM_FEED, end);
  if (c == LOWER_N) return pointOf(LINE_FEED, end);
  if (c == LOWER_R) return pointOf(CARRIAGE_RETURN, end);
  if (c == LOWER_T) return pointOf(TAB, end);
  return c == LOWER_U ? unicodeAt(at) : pointOf(c, end);
}

/** The code point of the escape \uXXXX at `at`, or of a surrogate pair of two of them. */
function unicodeAt(at: usize): Point {
  const unit = <u32>decodeHex4(at + 2);
  const end = at + 6;
  if (unit < 0xd800 || unit > 0xdfff) return pointOf(unit, end);
  if (unit >= 0xdc00 || load<u16>(end) != BACKSLASH_U) return pointOf(REPLACEMENT, end);
  const low = <u32>decodeHex4(end + 2) - 0xdc00;
  if (low >= 0x400) return pointOf(REPLACEMENT, end);
  return pointOf(0x10000 + ((unit - 0xd800) << 10) + low, end + 6);
}

/**
 * Decodes the checked JSON string text [start, end) (between the quotes) to UTF-8 at `out`, which has room for
 * end - start bytes. Returns the address after what was written.
 */
export function decodeString(start: usize, end: usize, out: usize): usize {
  let p = start;
  let q = out;
  while (p < end) {
    const c = load<u8>(p);
    if (c != BACKSLASH) {
      store<u8>(q++, c);
      p++;
    } else {
      const point = escapeAt(p);
      q = writeUtf8(q, codeOf(point));
      p = pointEnd(point);
    }
  }
  return q;
}
