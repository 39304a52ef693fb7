// Writing answers. A text is begun, added to with put…, and finished; one is open at a time. It grows in the region, up to
// the capacity that it was begun with: what does not fit is left out, and `overflowed` tells.
import { bytesOf, copyBytes, isPlain, sizeOf } from "./ascii.ts";
import { BACKSLASH, DELETE, LOWER_A, QUOTE, SEMICOLON, SPACE, ZERO } from "./chars.ts";
import { REPLACEMENT } from "./escape.ts";
import { Span, spanLength, spanOf, spanStart } from "./span.ts";
import { characterSize } from "./utf8.ts";
import { isNewest, reserve, trimRegion } from "../runtime/memory.ts";

let start: usize = 0;
let at: usize = 0;
let limit: usize = 0;
let full: bool = false;

/** Begins a text of at most `capacity` bytes. */
export function begin(capacity: u32): void {
  start = reserve(capacity);
  at = start;
  limit = start ? start + <usize>capacity : 0;
  full = start == 0;
}

/** Ends the text and returns it; NO_SPAN when there was no memory for it. */
export function finish(): Span {
  if (start && isNewest(limit)) trimRegion(at);
  return spanOf(start, <u32>(at - start));
}

/** Where the next byte goes. */
export function position(): usize {
  return at;
}

/** Takes back what was added from `to` on, and that it did not fit. */
export function retract(to: usize): void {
  at = to;
  full = start == 0;
}

/** Whether something did not fit. */
export function overflowed(): bool {
  return full;
}

export function putByte(byte: u32): void {
  if (at >= limit) {
    full = true;
    return;
  }
  store<u8>(at++, byte);
}

/** Adds an ASCII constant. */
export function put(constant: Ascii): void {
  putBytes(bytesOf(constant), sizeOf(constant));
}

/** Adds a text; nothing of it when it does not fit. */
export function putBytes(from: usize, length: u32): void {
  if (at + <usize>length > limit) {
    full = true;
    return;
  }
  putStart(from, length);
}

/** Adds a number in decimal. */
export function putNumber(value: u32): void {
  if (value >= 10) putNumber(value / 10);
  putByte(ZERO + (value % 10));
}

/** Adds raw UTF-8 as the inside of a JSON string. */
export function putJson(from: usize, length: u32): void {
  if (isPlain(from, length)) return putStart(from, length);
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(from + <usize>i);
    if (c == QUOTE || c == BACKSLASH) putByte(BACKSLASH);
    if (c >= SPACE) putByte(c);
    else {
      put("\\u00");
      putByte(hexDigit(c >> 4));
      putByte(hexDigit(c & 15));
    }
  }
}

/**
 * Adds as many whole characters of a text as fit into `most` bytes, for a log or a JSON string: what could end a line, a
 * field or a string, or change how the rest is shown, is escaped as JSON escapes it; what is not UTF-8 becomes \ufffd.
 */
export function putVisible(text: Span, most: u32): void {
  let p = spanStart(text);
  const end = p + <usize>min(spanLength(text), most);
  while (p < end) {
    const c = <u32>load<u8>(p);
    if (c < 0x80) {
      if (c < SPACE || c == SEMICOLON || c == DELETE) putEscape(c);
      else {
        if (c == QUOTE || c == BACKSLASH) putByte(BACKSLASH);
        putByte(c);
      }
      p++;
      continue;
    }
    const size = characterSize(p); // text is followed by readable bytes
    if (p + <usize>size > end) return;
    if (!size) putEscape(REPLACEMENT);
    else if (changesLines(codeAt(p, size))) putEscape(codeAt(p, size));
    else putBytes(p, size);
    p += <usize>max(size, 1);
  }
}

/** The code point of the well-formed character of 2 to 4 bytes at `from`. */
function codeAt(from: usize, size: u32): u32 {
  let code = (<u32>load<u8>(from)) & (0xff >> (size + 1));
  for (let i: u32 = 1; i < size; i++) code = (code << 6) | ((<u32>load<u8>(from + <usize>i)) & 0x3f);
  return code;
}

/** Whether a character beyond ASCII is a control character (C1), a line break, or sets the direction of what follows it. */
function changesLines(code: u32): bool {
  if (code < 0xa0 || code == 0x61c || code == 0x200e || code == 0x200f) return true;
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

function putEscape(code: u32): void {
  put("\\u");
  for (let shift = 12; shift >= 0; shift -= 4) putByte(hexDigit((code >> (<u32>shift)) & 15));
}

/** Adds as much of a text as fits. Where there is room after it, it is copied in pieces of 16 bytes. */
function putStart(from: usize, length: u32): void {
  const end = at + <usize>length;
  if (end + 16 > limit) {
    const fits = min(length, <u32>(limit - at));
    if (fits < length) full = true;
    copyBytes(at, from, fits);
    at += <usize>fits;
    return;
  }
  let p = from;
  for (let to = at; to < end; to += 16, p += 16) v128.store(to, v128.load(p));
  at = end;
}

/** Adds 16 hexadecimal digits; none of them when they do not fit. */
export function putHex64(value: u64): void {
  if (at + 16 > limit) {
    full = true;
    return;
  }
  for (let shift = 60; shift >= 0; shift -= 4) store<u8>(at++, hexDigit((<u32>(value >> (<u64>shift))) & 15));
}

// @ts-ignore: decorator
@inline
export function hexDigit(value: u32): u32 {
  return value < 10 ? ZERO + value : LOWER_A - 10 + value;
}
