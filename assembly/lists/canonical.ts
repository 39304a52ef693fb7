// A tool of a list in canonical JSON (RFC 8785), without what says nothing of what it does: the text whose digest a lock
// has (scripts/compiler/lock/digest.ts). Of text that the strict reader has taken.
import { parseNumber } from "../number/parse.ts";
import { printEcmaScript } from "../number/print.ts";
import { decodeText } from "../json/decode.ts";
import { readingEnd, readingMarks } from "../json/reading.ts";
import { firstItem, nextItem, skipString, skipValue, skipWhitespace } from "../json/walk.ts";
import { regionEnd, reserve } from "../runtime/memory.ts";
import { rewind } from "../runtime/budget.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LOWER_B,
  LOWER_F,
  LOWER_N,
  LOWER_R,
  LOWER_T,
  LOWER_U,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  ZERO,
} from "../text/chars.ts";
import { hexDigit } from "../text/writer.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanIs, spanLength, spanStart } from "../text/span.ts";

/** Larger and deeper ones are not compared. */
const MOST_BYTES: u32 = 1048576;
const MOST_DEPTH: u32 = 32;
/** `1e20` is written with 21 digits: nothing grows more. */
const GROWTH: u32 = 6;
const ROOM: u32 = 32;

/** A member of an object. */
@unmanaged
class Member {
  key: Span; //    decoded
  value: usize; // its address
}

const MEMBER: usize = offsetof<Member>();
let out: usize = 0;
let toolName: Span = NO_SPAN;

/**
 * The tool [at, end) in canonical JSON, under this name; NO_SPAN when it is too large or too deep, or there is no memory for
 * it. Behind a gateway that prefixes names the name of the lock is another than that of the list.
 */
export function canonical(at: usize, end: usize, name: Span): Span {
  const length = <u32>(end - at);
  if (length > MOST_BYTES) return NO_SPAN;
  const start = reserve(length * GROWTH + ROOM);
  if (!start) return NO_SPAN;
  out = start;
  toolName = name;
  return writeObject(at, 0) ? spanBetween(start, out) : NO_SPAN;
}

function putByte(byte: u32): void {
  store<u8>(out++, byte);
}

/** Writes the value at `at`; returns the address after it, 0 when it cannot be written. */
function writeValue(at: usize, depth: u32): usize {
  const first = <u32>load<u8>(at);
  if (first == OPEN_BRACE) return writeObject(at, depth);
  if (first == OPEN_BRACKET) return writeList(at, depth);
  if (first == QUOTE) return writeString(at);
  const end = skipValue(at);
  if (first == MINUS || (first >= ZERO && first <= NINE)) out = printEcmaScript(parseNumber(at, end), out);
  else {
    memory.copy(out, at, end - at); // true, false, null
    out += end - at;
  }
  return end;
}

function writeList(at: usize, depth: u32): usize {
  if (depth >= MOST_DEPTH) return 0;
  putByte(OPEN_BRACKET);
  let end = at + 1;
  for (let p = firstItem(at); p; p = nextItem(end)) {
    if (end != at + 1) putByte(COMMA);
    end = writeValue(p, depth + 1);
    if (!end) return 0;
  }
  putByte(CLOSE_BRACKET);
  return skipWhitespace(end) + 1;
}

function writeObject(at: usize, depth: u32): usize {
  if (depth >= MOST_DEPTH) return 0;
  const before = regionEnd();
  const count = countMembers(at);
  const members = reserve(count * <u32>MEMBER);
  if (count && !members) return 0;
  const end = readMembers(at, members);
  sortMembers(members, count);
  putByte(OPEN_BRACE);
  let written = false;
  for (let i: u32 = 0; i < count; i++) {
    const member = memberAt(members, i);
    if (!depth && isDecoration(member.key)) continue;
    if (written) putByte(COMMA);
    putText(member.key);
    putByte(COLON);
    if (!depth && spanIs(member.key, "name")) putText(toolName);
    else if (!writeValue(member.value, depth + 1)) return 0;
    written = true;
  }
  putByte(CLOSE_BRACE);
  rewind(before);
  return end;
}

/** What hosts and proxies add, and pictures. */
function isDecoration(key: Span): bool {
  return spanIs(key, "_meta") || spanIs(key, "icons");
}

/** The address of the value of the member whose key ends at `keyEnd`. */
function valueAfter(keyEnd: usize): usize {
  return skipWhitespace(skipWhitespace(keyEnd) + 1);
}

function countMembers(at: usize): u32 {
  let count: u32 = 0;
  for (let p = firstItem(at); p; p = nextItem(skipValue(valueAfter(readingEnd(skipString(p)))))) count++;
  return count;
}

/** Fills in the members; returns the address after the object. */
function readMembers(at: usize, members: usize): usize {
  let end = at + 1;
  let member = members;
  for (let p = firstItem(at); p; p = nextItem(end), member += MEMBER) {
    const key = skipString(p);
    const record = changetype<Member>(member);
    record.key = decodeText(p, readingEnd(key), readingMarks(key));
    record.value = valueAfter(readingEnd(key));
    end = skipValue(record.value);
  }
  return skipWhitespace(end) + 1;
}

// @ts-ignore: decorator
@inline
function memberAt(members: usize, index: u32): Member {
  return changetype<Member>(members + <usize>index * MEMBER);
}

/** Sorts by key: a heap, so that no order of the server's takes long. */
function sortMembers(members: usize, count: u32): void {
  for (let i = count / 2; i; i--) sink(members, i - 1, count);
  for (let left = count; left > 1; left--) {
    swap(memberAt(members, 0), memberAt(members, left - 1));
    sink(members, 0, left - 1);
  }
}

function sink(members: usize, from: u32, count: u32): void {
  let place = from;
  while (true) {
    let most = place;
    const below: u32 = 2 * place + 1;
    if (below < count && isBefore(memberAt(members, most), memberAt(members, below))) most = below;
    if (below + 1 < count && isBefore(memberAt(members, most), memberAt(members, below + 1))) most = below + 1;
    if (most == place) return;
    swap(memberAt(members, most), memberAt(members, place));
    place = most;
  }
}

function swap(a: Member, b: Member): void {
  const key = a.key;
  const value = a.value;
  a.key = b.key;
  a.value = b.value;
  b.key = key;
  b.value = value;
}

/** Whether the key of `a` comes before that of `b` in UTF-16 code units (RFC 8785 section 3.2.3). */
function isBefore(a: Member, b: Member): bool {
  const shorter = min(spanLength(a.key), spanLength(b.key));
  for (let i: usize = 0; i < shorter; i++) {
    const one = <u32>load<u8>(spanStart(a.key) + i);
    const other = <u32>load<u8>(spanStart(b.key) + i);
    if (one != other) return rank(one) < rank(other);
  }
  return spanLength(a.key) < spanLength(b.key);
}

/** UTF-8 sorts as UTF-16 but for U+E000 to U+FFFF, which come after the surrogate pairs of what is above them. */
function rank(byte: u32): u32 {
  return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

function writeString(at: usize): usize {
  const reading = skipString(at);
  const end = readingEnd(reading);
  const marks = readingMarks(reading);
  if (!marks) {
    memory.copy(out, at, end - at);
    out += end - at;
    return end;
  }
  const before = regionEnd();
  const text = decodeText(at, end, marks);
  if (!text) return 0;
  putText(text);
  rewind(before);
  return end;
}

/** Writes a text as a string with the fewest escapes (RFC 8785 section 3.2.2.2). */
function putText(text: Span): void {
  putByte(QUOTE);
  for (let p = spanStart(text); p < spanEnd(text); p++) {
    const byte = <u32>load<u8>(p);
    if (byte >= SPACE && byte != QUOTE && byte != BACKSLASH) putByte(byte);
    else {
      putByte(BACKSLASH);
      putEscaped(byte);
    }
  }
  putByte(QUOTE);
}

/** Writes what follows the backslash of an escaped character. */
function putEscaped(byte: u32): void {
  const letter = byte < SPACE ? shortEscape(byte) : byte;
  if (letter) return putByte(letter);
  putByte(LOWER_U);
  putByte(ZERO);
  putByte(ZERO);
  putByte(hexDigit(byte >> 4));
  putByte(hexDigit(byte & 15));
}

/** The letter for a control character that has one; 0 for the others. */
function shortEscape(byte: u32): u32 {
  if (byte == 8) return LOWER_B;
  if (byte == 9) return LOWER_T;
  if (byte == 10) return LOWER_N;
  if (byte == 12) return LOWER_F;
  return byte == 13 ? LOWER_R : 0;
}
