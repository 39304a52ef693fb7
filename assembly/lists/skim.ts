// The grammar of JSON alone, where the strict reader has refused a value for something else: keys that occur twice, numbers
// out of range, halves of surrogate pairs, nesting. It finds where such a value ends, so that a list loses only one item.
import { characterSize } from "../text/utf8.ts";
import { decodeHex4 } from "../text/escape.ts";
import { skipWhitespace } from "../json/reader.ts";
import {
  BACKSLASH,
  CASE_BIT,
  COLON,
  COMMA,
  DOT,
  LOWER_B,
  LOWER_E,
  LOWER_F,
  LOWER_N,
  LOWER_R,
  LOWER_T,
  LOWER_U,
  MINUS,
  OPEN_BRACE,
  PLUS,
  QUOTE,
  SLASH,
  SPACE,
  ZERO,
} from "../text/chars.ts";

/** Containers that may be open at once. */
const MAX_OPEN: u32 = 4096;
/** A bit for each open container: whether it is a map. */
const open: usize = memory.data(512, 8);
/** An opening bracket and the closing one differ by this. */
const CLOSING: u32 = 2;

/** The address after the value at `at`, in a text that ends with a zero; 0 when it is none. */
export function skim(at: usize): usize {
  let depth: u32 = 0;
  let p = skipWhitespace(at);
  while (true) {
    const c = <u32>load<u8>(p);
    if ((c | CASE_BIT) == OPEN_BRACE) {
      if (depth == MAX_OPEN) return 0;
      setMap(depth++, c == OPEN_BRACE);
      p = skipWhitespace(p + 1);
      if (load<u8>(p) != c + CLOSING) {
        p = itemStart(p, c == OPEN_BRACE);
        if (!p) return 0;
        continue;
      }
      depth--;
      p++;
    } else {
      p = c == QUOTE ? skimString(p) : skimScalar(p);
      if (!p) return 0;
    }
    while (true) {
      if (!depth) return p;
      p = skipWhitespace(p);
      const isMap = isMapAt(depth - 1);
      if (load<u8>(p) == COMMA) {
        p = itemStart(skipWhitespace(p + 1), isMap);
        if (!p) return 0;
        break;
      }
      if (load<u8>(p) != (isMap ? OPEN_BRACE + CLOSING : (OPEN_BRACE ^ CASE_BIT) + CLOSING)) return 0;
      depth--;
      p++;
    }
  }
}

function setMap(depth: u32, isMap: bool): void {
  const byte = open + <usize>(depth >> 3);
  const bit: u32 = 1 << (depth & 7);
  store<u8>(byte, isMap ? load<u8>(byte) | bit : load<u8>(byte) & ~bit);
}

function isMapAt(depth: u32): bool {
  return ((load<u8>(open + <usize>(depth >> 3)) >> (depth & 7)) & 1) != 0;
}

/** The start of the value of an element or member that starts at `at`; 0 when there is none. */
function itemStart(at: usize, isMap: bool): usize {
  if (!isMap) return at;
  const keyEnd = load<u8>(at) == QUOTE ? skimString(at) : 0;
  if (!keyEnd) return 0;
  const p = skipWhitespace(keyEnd);
  return load<u8>(p) == COLON ? skipWhitespace(p + 1) : 0;
}

/** The address after the string at `at`; 0 when it is none. */
export function skimString(at: usize): usize {
  let p = at + 1;
  while (true) {
    const c = <u32>load<u8>(p);
    if (c == QUOTE) return p + 1;
    if (c < SPACE) return 0;
    const size = c == BACKSLASH ? escapeSize(p) : c < 0x80 ? 1 : characterSize(p);
    if (!size) return 0;
    p += <usize>size;
  }
}

function escapeSize(at: usize): u32 {
  const c = <u32>load<u8>(at, 1);
  if (c == LOWER_U) return decodeHex4(at + 2) >= 0 ? 6 : 0;
  const isSimple =
    c == QUOTE || c == BACKSLASH || c == SLASH || c == LOWER_B || c == LOWER_F || c == LOWER_N || c == LOWER_R;
  return isSimple || c == LOWER_T ? 2 : 0;
}

function skimScalar(at: usize): usize {
  const word = load<u32>(at);
  if (word == 0x6c6c756e || word == 0x65757274) return at + 4; // null, true
  if (word == 0x736c6166 && load<u8>(at, 4) == LOWER_E) return at + 5; // false
  let p = load<u8>(at) == MINUS ? at + 1 : at;
  const first = p;
  p = skimDigits(p);
  if (p == first || (load<u8>(first) == ZERO && p > first + 1)) return 0;
  if (load<u8>(p) == DOT) {
    const fraction = p + 1;
    p = skimDigits(fraction);
    if (p == fraction) return 0;
  }
  if ((load<u8>(p) | CASE_BIT) != LOWER_E) return p;
  p++;
  if (load<u8>(p) == PLUS || load<u8>(p) == MINUS) p++;
  const exponent = p;
  p = skimDigits(p);
  return p == exponent ? 0 : p;
}

function skimDigits(at: usize): usize {
  let p = at;
  while (<u32>load<u8>(p) - ZERO < 10) p++;
  return p;
}
