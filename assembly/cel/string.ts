// Strings: raw UTF-8, or the inside of a JSON string with its escapes. Both are walked as code points, as CEL sees them;
// nothing is decoded to memory. Bytes that are not UTF-8 (a header can have them) count as one U+FFFD each, as in Go.
import { Tag } from "../program.ts";
import { charge, scratch } from "../runtime/budget.ts";
import { BACKSLASH } from "../text/chars.ts";
import { REPLACEMENT, escapeAt, writeUtf8 } from "../text/escape.ts";
import { Point, codeOf, pointEnd, pointOf } from "../text/point.ts";
import { auxOf, endOf, lengthOf, setSpan, startOf } from "./cell.ts";

/** The code point at `at`, which is below `end`; `escaped` is the aux of the string. */
export function pointAt(at: usize, end: usize, escaped: u32): Point {
  const c = <u32>load<u8>(at);
  if (c == BACKSLASH && escaped) return escapeAt(at);
  return c < 0x80 ? pointOf(c, at + 1) : wideAt(at, end);
}

/** The code point of the UTF-8 sequence at `at`, which begins with a byte above 0x7f (RFC 3629). */
function wideAt(at: usize, end: usize): Point {
  const c = <u32>load<u8>(at);
  const size: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  const broken = pointOf(REPLACEMENT, at + 1);
  if (c < 0xc2 || c > 0xf4 || at + size > end) return broken;
  let code = c & (0x7f >> (<u32>size));
  for (let i: usize = 1; i < size; i++) {
    const next = <u32>load<u8>(at + i);
    if ((next & 0xc0) != 0x80) return broken;
    code = (code << 6) | (next & 0x3f);
  }
  const least: u32 = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10ffff || isSurrogate(code)) return broken;
  return pointOf(code, at + size);
}

function isSurrogate(code: u32): bool {
  return code >> 11 == 0xd800 >> 11;
}

/** Length in code points. */
export function pointCount(text: usize): u32 {
  const end = endOf(text);
  const escaped = auxOf(text);
  charge(lengthOf(text) >> 2);
  let count: u32 = 0;
  for (let p = startOf(text); p < end; p = pointEnd(pointAt(p, end, escaped))) count++;
  return count;
}

/** Bytes that two memory blocks have in common at their starts, up to `length`. */
function commonLength(a: usize, b: usize, length: u32): u32 {
  let i: u32 = 0;
  while (i + 8 <= length && load<u64>(a + <usize>i) == load<u64>(b + <usize>i)) i += 8;
  while (i < length && load<u8>(a + <usize>i) == load<u8>(b + <usize>i)) i++;
  charge(i >> 3);
  return i;
}

/** Whether both are raw, so that bytes can be compared. */
function areRaw(a: usize, b: usize): bool {
  return !(auxOf(a) | auxOf(b));
}

/** Whether two strings, or two bytes values, are the same. */
export function sameText(a: usize, b: usize): bool {
  if (!areRaw(a, b)) return compareText(a, b) == 0;
  const length = lengthOf(a);
  return length == lengthOf(b) && commonLength(startOf(a), startOf(b), length) == length;
}

/** Orders two strings by code points (for raw strings and bytes values, that is by bytes): below 0, 0 or above 0. */
export function compareText(a: usize, b: usize): i32 {
  if (!areRaw(a, b)) return comparePoints(startOf(a), a, b);
  const length = min(lengthOf(a), lengthOf(b));
  const i = commonLength(startOf(a), startOf(b), length);
  if (i == length) return <i32>lengthOf(a) - <i32>lengthOf(b);
  return <i32>load<u8>(startOf(a) + <usize>i) - <i32>load<u8>(startOf(b) + <usize>i);
}

/** What comparePoints returns when both end together, and when only `b` has ended. */
const SAME: i32 = 0;
const CONTINUES: i32 = 2;

/**
 * Compares the code points of `a` from `at` on with those of `b`: below 0, SAME, or above 0, which is CONTINUES when `b` is
 * a proper prefix.
 */
function comparePoints(at: usize, a: usize, b: usize): i32 {
  const aEnd = endOf(a);
  const bEnd = endOf(b);
  let p = at;
  let q = startOf(b);
  let result = SAME;
  while (result == SAME && p < aEnd && q < bEnd) {
    const left = pointAt(p, aEnd, auxOf(a));
    const right = pointAt(q, bEnd, auxOf(b));
    p = pointEnd(left);
    q = pointEnd(right);
    result = i32(codeOf(left) > codeOf(right)) - i32(codeOf(left) < codeOf(right));
  }
  charge((<u32>(p - at)) >> 1);
  if (result != SAME) return result;
  return p < aEnd ? CONTINUES : -i32(q < bEnd);
}

/** Whether the bytes at `at` are those of a raw string. */
function hasBytes(at: usize, part: usize): bool {
  return commonLength(at, startOf(part), lengthOf(part)) == lengthOf(part);
}

/** Whether the rest of `text` from `at` on begins with `part`, by code points. */
function startsAt(at: usize, text: usize, part: usize): bool {
  const result = comparePoints(at, text, part);
  return result == SAME || result == CONTINUES;
}

/** Whether a string begins or, with `atEnd`, ends with another. */
export function hasPart(text: usize, part: usize, atEnd: bool): bool {
  const length = lengthOf(part);
  if (!areRaw(text, part)) return hasPartByPoints(text, part, atEnd);
  return length <= lengthOf(text) && hasBytes(atEnd ? endOf(text) - <usize>length : startOf(text), part);
}

/** Escapes cannot be read backwards, so this walks forward to where the part would start. */
function hasPartByPoints(text: usize, part: usize, atEnd: bool): bool {
  let p = startOf(text);
  if (atEnd) {
    const length = pointCount(part);
    const whole = pointCount(text);
    if (length > whole) return false;
    charge(lengthOf(text) >> 2);
    for (let i = whole - length; i > 0; i--) p = pointEnd(pointAt(p, endOf(text), auxOf(text)));
  }
  return startsAt(p, text, part);
}

/** Whether a string contains another. Every comparison is charged, so a hostile text that repeats a prefix of the part runs out of steps. */
export function contains(text: usize, part: usize): bool {
  const length = lengthOf(part);
  if (length == 0) return true;
  if (!charge(lengthOf(text) >> 3)) return false;
  const raw = areRaw(text, part);
  if (raw && length > lengthOf(text)) return false;
  const last = endOf(text) - (raw ? <usize>length : 1);
  const first = <u32>load<u8>(startOf(part));
  let p = startOf(text);
  if (raw) {
    for (; p <= last; p++) {
      if (load<u8>(p) != first) continue;
      if (hasBytes(p, part)) return true;
      if (!charge(1)) return false;
    }
    return false;
  }
  for (; p <= last; p = pointEnd(pointAt(p, endOf(text), auxOf(text)))) {
    if (startsAt(p, text, part)) return true;
    if (!charge(1)) return false;
  }
  return false;
}

/** Makes a string raw, in scratch memory when it has escapes; false when that or the steps have run out. */
export function makeRaw(text: usize): bool {
  if (!charge(lengthOf(text) >> 2)) return false;
  if (!auxOf(text)) return true;
  const out = scratch(lengthOf(text));
  if (!out) return false;
  setSpan(text, Tag.String, 0, out, <u32>(copyPoints(text, out) - out));
  return true;
}

/** Writes a string or bytes value as raw bytes to `out`, which has room for its length; returns the address after them. */
export function copyPoints(text: usize, out: usize): usize {
  if (!auxOf(text)) {
    memory.copy(out, startOf(text), lengthOf(text));
    return out + <usize>lengthOf(text);
  }
  const end = endOf(text);
  let q = out;
  for (let p = startOf(text); p < end;) {
    const point = pointAt(p, end, 1);
    q = writeUtf8(q, codeOf(point));
    p = pointEnd(point);
  }
  return q;
}

/** Whether the bytes are UTF-8 throughout. */
export function isUtf8(start: usize, end: usize): bool {
  for (let p = start; p < end;) {
    const point = pointAt(p, end, 0);
    if (codeOf(point) == REPLACEMENT && pointEnd(point) == p + 1) return false; // U+FFFD itself takes three bytes
    p = pointEnd(point);
  }
  return true;
}
