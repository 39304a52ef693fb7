// Strings: raw UTF-8, or the inside of a JSON string with its escapes. Both are walked as code points, as CEL sees them;
// nothing is decoded to memory. Bytes that are no UTF-8 (a header can have them) count as U+FFFD each, as in Go.
import { Tag } from "../program.ts";
import { REPLACEMENT, escapeAt, writeUtf8 } from "../text/escape.ts";
import { codeOf, pointEnd } from "../text/point.ts";
import { charge, scratch } from "../runtime/budget.ts";
import { auxOf, endOf, lengthOf, setSpan, startOf } from "./cell.ts";

const BACKSLASH: u32 = 0x5c;

let after: usize = 0;

/** Behind the code point that pointAt read last. */
export function afterPoint(): usize {
  return after;
}

/** The code point at `at`, which is below `end`; `escaped` is the aux of the string. */
export function pointAt(at: usize, end: usize, escaped: u32): u32 {
  const c = <u32>load<u8>(at);
  if (c == BACKSLASH && escaped) {
    const point = escapeAt(at);
    after = pointEnd(point);
    return codeOf(point);
  }
  if (c >= 0x80) return wideAt(at, end);
  after = at + 1;
  return c;
}

/** The code point of the UTF-8 sequence at `at`, which begins with a byte above 0x7f (RFC 3629). */
function wideAt(at: usize, end: usize): u32 {
  const c = <u32>load<u8>(at);
  const size: usize = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
  after = at + 1;
  if (c < 0xc2 || c > 0xf4 || at + size > end) return REPLACEMENT;
  let point = c & (0x7f >> (<u32>size));
  for (let i: usize = 1; i < size; i++) {
    const next = <u32>load<u8>(at + i);
    if ((next & 0xc0) != 0x80) return REPLACEMENT;
    point = (point << 6) | (next & 0x3f);
  }
  const least: u32 = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  if (point < least || point > 0x10ffff || point >> 11 == 0x1b) return REPLACEMENT;
  after = at + size;
  return point;
}

/** Length in code points. */
export function pointCount(text: usize): u32 {
  const end = endOf(text);
  const escaped = auxOf(text);
  charge(lengthOf(text) >> 3);
  let count: u32 = 0;
  for (let p = startOf(text); p < end; p = after) {
    pointAt(p, end, escaped);
    count++;
  }
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

/** Order by code points, which for raw strings and for bytes is the order of their bytes: below 0, 0 or above 0. */
export function compareText(a: usize, b: usize): i32 {
  if (!areRaw(a, b)) return comparePoints(a, b);
  const length = min(lengthOf(a), lengthOf(b));
  const i = commonLength(startOf(a), startOf(b), length);
  if (i == length) return <i32>lengthOf(a) - <i32>lengthOf(b);
  return <i32>load<u8>(startOf(a) + <usize>i) - <i32>load<u8>(startOf(b) + <usize>i);
}

let left: i32 = 0; //  where the walk over two strings ended: a code point each, PAST at the end of the string
let right: i32 = 0;
const PAST: i32 = -1;

/** Goes along the code points of `a` from `at` on and of `b` until they differ, or one ends. */
function walk(at: usize, a: usize, b: usize): void {
  const aEnd = endOf(a);
  const bEnd = endOf(b);
  let p = at;
  let q = startOf(b);
  do {
    left = p < aEnd ? 0 : PAST;
    right = q < bEnd ? 0 : PAST;
    if (left | right) break;
    left = <i32>pointAt(p, aEnd, auxOf(a));
    p = after;
    right = <i32>pointAt(q, bEnd, auxOf(b));
    q = after;
  } while (left == right);
  charge((<u32>(p - at)) >> 3);
}

function comparePoints(a: usize, b: usize): i32 {
  walk(startOf(a), a, b);
  return i32(left > right) - i32(left < right);
}

/** Whether the bytes at `at` are those of a raw string. */
function hasBytes(at: usize, part: usize): bool {
  return commonLength(at, startOf(part), lengthOf(part)) == lengthOf(part);
}

/** Whether the rest of `text` from `at` on begins with `part`, by code points. */
function startsAt(at: usize, text: usize, part: usize): bool {
  walk(at, text, part);
  return right == PAST;
}

/** Whether a string begins or, with `atEnd`, ends with another. */
export function hasPart(text: usize, part: usize, atEnd: bool): bool {
  const length = lengthOf(part);
  if (!areRaw(text, part)) return hasPartByPoints(text, part, atEnd);
  return length <= lengthOf(text) && hasBytes(atEnd ? endOf(text) - <usize>length : startOf(text), part);
}

/** Escapes cannot be read backwards, so this goes forward to where the part would start. */
function hasPartByPoints(text: usize, part: usize, atEnd: bool): bool {
  let p = startOf(text);
  if (atEnd) {
    const length = pointCount(part);
    const whole = pointCount(text);
    if (length > whole) return false;
    for (let i = whole - length; i > 0; i--) {
      pointAt(p, endOf(text), auxOf(text));
      p = after;
    }
  }
  return startsAt(p, text, part);
}

/** Every comparison is charged, so a hostile text that repeats a prefix of the part runs out of steps. */
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
      if (!charge(0)) return false;
    }
    return false;
  }
  for (; p <= last; p = after) {
    if (startsAt(p, text, part)) return true;
    if (!charge(0)) return false;
    pointAt(p, endOf(text), auxOf(text));
  }
  return false;
}

/** Makes a string raw for who reads it whole, in scratch memory when it has escapes. False when that or the steps are gone. */
export function makeRaw(text: usize): bool {
  if (!charge(lengthOf(text) >> 3)) return false;
  if (!auxOf(text)) return true;
  const out = scratch(lengthOf(text));
  if (!out) return false;
  setSpan(text, Tag.String, 0, out, <u32>(copyPoints(text, out) - out));
  return true;
}

/** Writes a string or bytes value to `out`, which has room for its length, as raw bytes; returns the address behind. */
export function copyPoints(text: usize, out: usize): usize {
  if (!auxOf(text)) {
    memory.copy(out, startOf(text), lengthOf(text));
    return out + <usize>lengthOf(text);
  }
  const end = endOf(text);
  let q = out;
  for (let p = startOf(text); p < end; p = after) q = writeUtf8(q, pointAt(p, end, 1));
  return q;
}

/** Whether the bytes are UTF-8 throughout. */
export function isUtf8(start: usize, end: usize): bool {
  for (let p = start; p < end; p = after) {
    if (pointAt(p, end, 0) == REPLACEMENT && after == p + 1) return false;
  }
  return true;
}
