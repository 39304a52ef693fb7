// The strict JSON reader: one pass over a text that checks all of it and fills the slots of the members that the
// policy names. RFC 8259 exactly, valid UTF-8, no lone surrogates, no number beyond a double, no key twice in any
// object, bounded depth. No recursion and no objects: a stack of open containers and a stack of their keys.
//
// The text must be followed by 32 readable zero bytes: a zero byte is valid nowhere in JSON, so the loops need no
// test for the end. Strings are read 16 bytes at a time; only quotes, backslashes, control and non-ASCII bytes stop.
import { Reason } from "./program.ts";
import { fillSlot, endSlot, MARK_ESCAPED } from "./slots.ts";
import { childSlot, hasMembers } from "./members.ts";
import { openKeys, keyCount, closeKeys, pushEscapedKey, pushKey, openKey, openKeyLength } from "./keys.ts";
import { decodeHex4 } from "./escape.ts";
import { parseNumber } from "./number.ts";

export const READ_OK: i32 = -1;
export const READ_PADDING: u32 = 32;
const MAX_FRAMES: u32 = 1024;
const NO_SLOT: u32 = 0xffffffff;

// A frame:  0: closing bracket   4: node whose members are watched, or NO_SLOT   8: keys below   12: slot to close, or NO_SLOT
const FRAME: usize = 16;
const frames: usize = memory.data(16 * 1025, 16);

let failure: i32 = READ_OK;
let textEnd: usize = 0;
let maxDepth: u32 = 0;
let marks: u32 = 0; //     of the string just read
let keySlot: u32 = 0; //   slot of the key just read

/** Prepares for `readValue` on texts that end at `end`; nesting up to `depth` containers. */
export function openReader(end: usize, depth: u32): void {
  textEnd = end;
  maxDepth = min(depth, MAX_FRAMES);
  failure = READ_OK;
}

/** Why the last read failed: a Reason, or READ_OK. */
export function readFailure(): i32 {
  return failure;
}

function fail(reason: i32): usize {
  failure = reason;
  return 0;
}

// @ts-ignore: decorator
@inline
function skipBlank(at: usize): usize {
  let p = at;
  if (load<u8>(p) > 0x20) return p;
  while (true) {
    const c = load<u8>(p);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return p;
    p++;
  }
}

/** Whether nothing but white space is left from `at` to the end of the text. */
export function onlyBlank(at: usize): bool {
  return skipBlank(at) == textEnd;
}

/**
 * Reads one value from `start`, white space before it allowed. Members named by the program below `root` fill their
 * slots; `root` NO_SLOT fills none. Returns the address behind the value; 0 when it is not acceptable (`readFailure`).
 */
// eslint-disable-next-line complexity, max-lines-per-function -- one loop over the text, without calls where it is hot
export function readValue(start: usize, root: u32): usize {
  let frame = frames; //     of the open container; the first stands for the text
  let closing: u32 = 0; //   its closing bracket; 0 outside of all
  let slot = root;
  let p = start;
  store<u32>(frames, 0);
  openKeys();
  while (true) {
    p = skipBlank(p);
    const c = <u32>load<u8>(p);
    if (c == 0x22) {
      const at = p;
      p = endOfPlain(at + 1);
      marks = 0;
      if (!p) p = readString(at + 1);
      if (!p) return 0;
      if (slot != NO_SLOT) fillSlot(slot, at, p, marks);
    } else if (c == 0x7b || c == 0x5b) {
      if (slot != NO_SLOT) fillSlot(slot, p, 0, 0);
      frame += FRAME;
      if (frame > frames + <usize>maxDepth * FRAME) return fail(Reason.too_deep);
      closing = c + 2; // } and ] stand two behind { and [
      store<u32>(frame, closing);
      store<u32>(frame, c == 0x7b && slot != NO_SLOT && hasMembers(slot) ? slot : NO_SLOT, 4);
      store<u32>(frame, keyCount(), 8);
      store<u32>(frame, slot, 12);
      slot = NO_SLOT;
      p = skipBlank(p + 1);
      if (load<u8>(p) != closing) {
        if (c == 0x7b) {
          p = readKey(p, frame);
          if (!p) return 0;
          slot = keySlot;
        }
        continue;
      }
    } else {
      const at = p;
      p = readScalar(p, c);
      if (!p) return 0;
      if (slot != NO_SLOT) fillSlot(slot, at, p, 0);
    }
    // Behind a value: close what ends here, then go on with the next element or member.
    while (true) {
      if (!closing) return p;
      if (load<u8>(p) <= 0x20) p = skipBlank(p);
      const next = <u32>load<u8>(p);
      if (next == 0x2c) {
        if (closing == 0x5d) {
          slot = NO_SLOT;
          p = skipIntegers(p + 1);
          if (load<u8>(p) == 0x5d && load<u8>(p - 1) != 0x2c) continue;
        } else {
          p = readKey(skipBlank(p + 1), frame);
          if (!p) return 0;
          slot = keySlot;
        }
        break;
      }
      if (next != closing) return fail(Reason.not_json);
      p++;
      if (next == 0x7d && !closeKeys(load<u32>(frame, 8))) return fail(Reason.duplicate_key);
      if (load<u32>(frame, 12) != NO_SLOT) endSlot(load<u32>(frame, 12), p, 0);
      frame -= FRAME;
      closing = load<u32>(frame);
    }
  }
}

/**
 * Skips short plain integers with a comma or the closing bracket behind them, from the start of an element. Returns the
 * start of the first element that is something else, behind its comma, or the bracket, behind a digit.
 */
function skipIntegers(at: usize): usize {
  let element = at;
  while (true) {
    let p = element;
    if (<u32>load<u8>(p) - 0x31 > 8) return element;
    p++;
    while (isDigit(load<u8>(p))) p++;
    if (p - element > 15) return element;
    const c = load<u8>(p);
    if (c == 0x5d) return p;
    if (c != 0x2c) return element;
    element = p + 1;
  }
}

/** Reads a key and its colon; leaves the slot of its value in keySlot. */
function readKey(at: usize, frame: usize): usize {
  if (load<u8>(at) != 0x22) return fail(Reason.not_json);
  const start = at + 1;
  let p = endOfPlain(start);
  let refused: i32;
  if (p) refused = pushKey(start, <u32>(p - start) - 1, load<u32>(frame, 8));
  else {
    p = readString(start);
    if (!p) return 0;
    const length = <u32>(p - start) - 1;
    refused = marks ? pushEscapedKey(start, length, load<u32>(frame, 8)) : pushKey(start, length, load<u32>(frame, 8));
  }
  if (refused != READ_OK) return fail(refused);
  const node = load<u32>(frame, 4);
  keySlot = node == NO_SLOT ? NO_SLOT : childSlot(node, openKey(), openKeyLength(), true);
  if (load<u8>(p) != 0x3a) {
    p = skipBlank(p);
    if (load<u8>(p) != 0x3a) return fail(Reason.not_json);
  }
  return p + 1;
}

/** A bit for each of the 16 bytes at `at` that a string reader must look at: quotes, backslashes, control, not ASCII. */
// @ts-ignore: decorator
@inline
function stopsAt(at: usize): i32 {
  const v = v128.load(at);
  // As signed bytes, everything below 0x20 is a control character or not ASCII.
  return i8x16.bitmask(
    v128.or(v128.or(i8x16.eq(v, i8x16.splat(0x22)), i8x16.eq(v, i8x16.splat(0x5c))), i8x16.lt_s(v, i8x16.splat(0x20))),
  );
}

/** Behind the closing quote of a string of at most 15 plain characters that starts at `start`; 0 for any other. */
// @ts-ignore: decorator
@inline
function endOfPlain(start: usize): usize {
  const mask = stopsAt(start);
  const end = start + <usize>ctz(mask);
  return mask != 0 && load<u8>(end) == 0x22 ? end + 1 : 0;
}

/** Reads a string from behind its opening quote; returns the address behind the closing one and leaves its marks. */
function readString(start: usize): usize {
  let block = start;
  marks = 0;
  while (true) {
    let mask = stopsAt(block);
    let next = block + 16;
    while (mask) {
      let p = block + <usize>ctz(mask);
      const c = load<u8>(p);
      if (c == 0x22) return p + 1;
      if (c == 0x5c) {
        marks = MARK_ESCAPED;
        p = readEscape(p);
      } else if (c >= 0x80) p = readUtf8(p);
      else return fail(Reason.not_json);
      if (!p) return 0;
      // What was read just now is done with.
      const done = <i32>(p - block);
      mask = done < 16 ? mask & (-1 << done) : 0;
      next = max(next, p);
    }
    block = next;
  }
}

/** Checks one escape at its backslash; a surrogate must come with its other half. */
function readEscape(at: usize): usize {
  const c = load<u8>(at, 1);
  if (c != 0x75) {
    const plain = c == 0x22 || c == 0x5c || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
    return plain ? at + 2 : fail(Reason.not_json);
  }
  const unit = decodeHex4(at + 2);
  if (unit < 0) return fail(Reason.not_json);
  if (unit >> 11 != 0x1b) return at + 6;
  if (unit >= 0xdc00 || load<u16>(at, 6) != 0x755c) return fail(Reason.invalid_utf8);
  return decodeHex4(at + 8) >> 10 == 0x37 ? at + 12 : fail(Reason.invalid_utf8);
}

/** Checks a run of non-ASCII characters: no overlong form, no surrogate, nothing above U+10FFFF (RFC 3629). */
// eslint-disable-next-line complexity -- the table of RFC 3629 section 4, row by row
function readUtf8(at: usize): usize {
  let p = at;
  let c = <u32>load<u8>(p);
  do {
    const d = <u32>load<u8>(p, 1);
    if (c < 0xe0) {
      if (c < 0xc2 || (d & 0xc0) != 0x80) return fail(Reason.invalid_utf8);
      p += 2;
    } else if (c < 0xf0) {
      const low: u32 = c == 0xe0 ? 0xa0 : 0x80;
      const high: u32 = c == 0xed ? 0x9f : 0xbf;
      if (d < low || d > high || (load<u8>(p, 2) & 0xc0) != 0x80) return fail(Reason.invalid_utf8);
      p += 3;
    } else {
      const low: u32 = c == 0xf0 ? 0x90 : 0x80;
      const high: u32 = c == 0xf4 ? 0x8f : 0xbf;
      if (c > 0xf4 || d < low || d > high || (load<u16>(p, 2) & 0xc0c0) != 0x8080) return fail(Reason.invalid_utf8);
      p += 4;
    }
    c = <u32>load<u8>(p);
  } while (c >= 0x80);
  return p;
}

/** Reads a number or a literal name whose first byte is `c`. */
function readScalar(at: usize, c: u32): usize {
  if (c == 0x2d || c - 0x30 < 10) return readNumber(at);
  if (c == 0x74 && load<u32>(at) == 0x65757274) return at + 4; // true
  if (c == 0x66 && load<u32>(at, 1) == 0x65736c61) return at + 5; // false
  if (c == 0x6e && load<u32>(at) == 0x6c6c756e) return at + 4; // null
  return fail(Reason.not_json);
}

// @ts-ignore: decorator
@inline
function isDigit(c: u32): bool {
  return c - 0x30 < 10;
}

// eslint-disable-next-line complexity -- the grammar of RFC 8259 section 6, from left to right
function readNumber(at: usize): usize {
  let p = at;
  if (load<u8>(p) == 0x2d) p++;
  const whole = p;
  if (!isDigit(load<u8>(p))) return fail(Reason.not_json);
  if (load<u8>(p) == 0x30) {
    if (isDigit(load<u8>(++p))) return fail(Reason.not_json);
  } else {
    while (isDigit(load<u8>(p))) p++;
  }
  let scale = <i64>(p - whole); // the value is below 10^scale
  if (load<u8>(p) == 0x2e) {
    if (!isDigit(load<u8>(++p))) return fail(Reason.not_json);
    while (isDigit(load<u8>(p))) p++;
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
