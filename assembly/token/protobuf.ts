// google.protobuf.Struct as Envoy serialises it inside core.v3.Metadata: the wire format. Every length is tested against
// the enclosing message: what does not fit is NO_SPAN, never a trap, and so is whatever is looked for inside NO_SPAN.
//
//   Metadata, Struct:  0a len { 0a len key, 12 len value }, repeated     ListValue:  0a len value, repeated
//   Value:  08 null   11 double   1a len string   20 bool   2a len Struct   32 len ListValue
import { NO_SPAN, Span, sameSpan, spanBetween, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { ValueTag } from "../text/struct.ts";

export { ValueTag };

// The byte that a field begins with: its number and its wire type.
const ENTRY: u32 = 0x0a;
const ENTRY_VALUE: u32 = 0x12;
const TYPED_METADATA: u32 = 0x12; // typed_filter_metadata, the second map of Metadata

/** Payload of the length-delimited field at `at`, which begins with `tag`. The field ends where its payload does. */
// @ts-ignore: decorator
@inline
function readField(at: usize, end: usize, tag: u32): Span {
  // Most lengths take one byte.
  const start = at + 2;
  const length = load<u8>(at + 1);
  if (load<u8>(at) == tag && length < 0x80 && start + <usize>length <= end) return spanOf(start, length);
  return readLongField(at, end, tag);
}

function readLongField(at: usize, end: usize, tag: u32): Span {
  if (at >= end || load<u8>(at) != tag) return NO_SPAN;
  let size: u64 = 0;
  let p = at + 1;
  let byte: u32 = 0x80;
  for (let shift: u64 = 0; byte > 0x7f; shift += 7) {
    if (p >= end || shift > 28) return NO_SPAN;
    byte = load<u8>(p++);
    size |= (<u64>(byte & 0x7f)) << shift;
  }
  return <u64>p + size <= <u64>end ? spanOf(p, <u32>size) : NO_SPAN;
}

/** The map entry at `at`; the next one begins where it ends. */
export function entryAt(at: usize, end: usize): Span {
  return readField(at, end, ENTRY);
}

export function keyOf(entry: Span): Span {
  return entryAt(spanStart(entry), spanEnd(entry)); // a key has the tag of an entry
}

/** The serialised value of an entry, which follows its key. */
export function valueOf(entry: Span, key: Span): Span {
  return openValue(spanBetween(spanEnd(key), spanEnd(entry)), ENTRY_VALUE);
}

/** The item of a ListValue at `at`, a serialised Value; the next one begins where it ends. */
export function itemAt(at: usize, end: usize): Span {
  return entryAt(at, end); // an item has the tag of an entry
}

/** The value of the entry `name` of a Metadata or Struct. */
export function findEntry(map: Span, name: Span): Span {
  const end = spanEnd(map);
  let p = spanStart(map);
  while (p < end) {
    let field = entryAt(p, end);
    const key = keyOf(field);
    const value = valueOf(field, key);
    if (value && sameSpan(key, name)) return value;
    if (!value) field = readField(p, end, TYPED_METADATA);
    if (!field) return NO_SPAN;
    p = spanEnd(field);
  }
  return NO_SPAN;
}

/** Which field a Value has, a ValueTag; an empty Value counts as null. */
export function tagOf(value: Span): u32 {
  return spanLength(value) ? load<u8>(spanStart(value)) : ValueTag.Null;
}

/** Payload of a Value that is a String, Struct or List, as `tag` says; NO_SPAN for any other Value. */
export function openValue(value: Span, tag: u32): Span {
  return readField(spanStart(value), spanEnd(value), tag);
}

/** What tells a Value from others: the text of a string, the serialised Value of anything else but null. */
export function identityOf(value: Span): Span {
  const tag = tagOf(value);
  if (tag == ValueTag.Null) return NO_SPAN;
  return tag == ValueTag.String ? openValue(value, tag) : value;
}

/** The number of a Value that is one; NaN for any other Value. */
export function numberOf(value: Span): f64 {
  const isNumber = spanLength(value) == 9 && tagOf(value) == ValueTag.Number;
  return isNumber ? load<f64>(spanStart(value), 1) : NaN;
}
