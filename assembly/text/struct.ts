// A google.protobuf.Struct, written into the text that is open (text/writer.ts). An entry is opened with the tag of its value
// and closed when the value is complete; its three lengths are then put into the places that were left for them, of two
// bytes each: protobuf takes a length with a leading zero group. What does not fit is left out as a whole entry.
//
//   entry:  0a LL  0a k key  12 LL  tag LL …          number:  0a L  0a k key  12 09  11 double
import { bytesOf, sizeOf } from "./ascii.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "./span.ts";
import { overflowed, position, putByte, putBytes, putVisible, retract } from "./writer.ts";

/** The field that a Value has, one of these. */
export enum ValueTag {
  Null = 0x08,
  Number = 0x11,
  String = 0x1a,
  Bool = 0x20,
  Struct = 0x2a,
  List = 0x32,
}

const FIELD: u32 = 0x0a; // an entry, its key, an item
const VALUE: u32 = 0x12;
const KEY_AT: usize = 3; // of an entry: after its tag and length
const NAME_AT: usize = 5;
const HEAD: usize = 3; // bytes of a tag and a length
const MAX_NAME: u32 = 100; // so that the length of a number's entry takes one byte
const MOST_ITEM: u32 = 256;

/** Opens an entry of this name, whose value has a length; returns its address. */
export function openEntry(name: Span, tag: u32): usize {
  const entry = position();
  putHead(FIELD);
  putName(name);
  putHead(VALUE);
  putHead(tag);
  return entry;
}

/** Opens an entry with a constant name. */
export function openNamed(name: Ascii, tag: u32): usize {
  return openEntry(spanOf(bytesOf(name), sizeOf(name)), tag);
}

/** Closes the entry at `entry`, or takes it back when it did not fit. */
export function closeEntry(entry: usize): void {
  if (overflowed()) return retract(entry);
  const value = entry + NAME_AT + <usize>load<u8>(entry + KEY_AT + 1);
  putLength(entry);
  putLength(value);
  putLength(value + HEAD);
}

/** Adds a text, escaped, to the list that is open. */
export function addItem(text: Span): void {
  const item = position();
  putHead(FIELD);
  putHead(ValueTag.String);
  putVisible(text, MOST_ITEM);
  if (overflowed()) return retract(item);
  putLength(item);
  putLength(item + HEAD);
}

/** Adds a text of which at most `most` bytes are wanted, escaped, and … where it is cut; nothing for NO_SPAN. */
export function addText(name: Ascii, text: Span, most: u32): void {
  if (text == NO_SPAN) return;
  const entry = openNamed(name, ValueTag.String);
  putCut(text, most);
  closeEntry(entry);
}

export function addConstant(name: Ascii, text: Ascii): void {
  addText(name, spanOf(bytesOf(text), sizeOf(text)), MOST_ITEM);
}

/** Adds at most `most` bytes of a text, escaped, and … where it is cut. */
export function putCut(text: Span, most: u32): void {
  putVisible(text, most);
  if (spanLength(text) <= most) return;
  putByte(0xe2);
  putByte(0x80);
  putByte(0xa6);
}

export function addNumber(name: Ascii, value: f64): void {
  addDouble(spanOf(bytesOf(name), sizeOf(name)), value);
}

export function addDouble(name: Span, value: f64): void {
  addScalar(name, ValueTag.Number, reinterpret<u64>(value), sizeof<f64>());
}

/** Adds a Null, a Bool or a Number, whose payload has `size` bytes. */
export function addScalar(name: Span, tag: u32, payload: u64, size: u32): void {
  const entry = position();
  putByte(FIELD);
  putByte(min(spanLength(name), MAX_NAME) + 2 + 2 + 1 + size);
  putName(name);
  putByte(VALUE);
  putByte(1 + size);
  putByte(tag);
  for (let left = size, bits = payload; left; left--, bits >>= 8) putByte((<u32>bits) & 0xff);
  if (overflowed()) retract(entry);
}

function putName(name: Span): void {
  putByte(FIELD);
  putByte(min(spanLength(name), MAX_NAME));
  putBytes(spanStart(name), min(spanLength(name), MAX_NAME));
}

/** Adds a tag and the place of a length. */
function putHead(tag: u32): void {
  putByte(tag);
  putByte(0);
  putByte(0);
}

/** Puts the number of bytes from after the head at `head` to the end into its place. */
function putLength(head: usize): void {
  const length = <u32>(position() - head - HEAD);
  store<u8>(head, 0x80 | (length & 0x7f), 1);
  store<u8>(head, length >> 7, 2);
}
