// google.protobuf.Struct as Envoy serialises it inside core.v3.Metadata: the wire format. All lengths are
// tested against the enclosing message: what does not fit ends the reading with false, never with a trap.
//
//   Metadata, Struct:  0a len { 0a len key, 12 len value }, repeated     ListValue:  0a len value, repeated
//   Value:  08 null   11 double   1a len string   20 bool   2a len Struct   32 len ListValue
import { sameBytes } from "../text/ascii.ts";

let cursor: usize = 0; //   behind what was read last
let start: usize = 0; //    payload of the length-delimited field read last
let length: u32 = 0;
export let keyAt: usize = 0; // of the map entry read last; its value is in start and length
export let keySize: u32 = 0;

/** First byte of the value that `findField`, `nextEntry`, `openStruct` or `openValue` found. */
export function fieldAt(): usize {
  return start;
}

export function fieldLength(): u32 {
  return length;
}

/** Behind that field. */
export function afterField(): usize {
  return cursor;
}

/** Finds the entry `name` of a Metadata or Struct. */
export function findField(at: usize, size: u32, name: usize, nameLength: u32): bool {
  let p = at;
  const end = at + <usize>size;
  while (p < end) {
    const next = nextEntry(p, end);
    if (next && keySize == nameLength && sameBytes(keyAt, name, nameLength)) return true;
    // Metadata has a second map (typed_filter_metadata, field 2): skip it.
    if (!next && !readDelimited(p, end, 0x12)) return false;
    p = next ? next : cursor;
  }
  return false;
}

/** Reads a length-delimited field; mostly its length is one byte. */
export function readDelimited(at: usize, end: usize, tag: u32): bool {
  if (at >= end || load<u8>(at) != tag) return false;
  let size = <u64>load<u8>(at, 1);
  let p = at + 2;
  if (size > 0x7f) {
    size &= 0x7f;
    let shift: u64 = 7;
    let byte: u32 = 0x80;
    for (; byte > 0x7f; shift += 7) {
      if (p >= end || shift > 28) return false;
      byte = load<u8>(p++);
      size |= (<u64>(byte & 0x7f)) << shift;
    }
  }
  if (<u64>p + size > <u64>end) return false;
  start = p;
  length = <u32>size;
  cursor = p + <usize>size;
  return true;
}

/** Reads the entry of a map that is at `at`; where the next one is, or 0 when there is none. */
export function nextEntry(at: usize, end: usize): usize {
  // Mostly the lengths of the entry and of its key take one byte: 0a length 0a length.
  if (at + 4 <= end && (load<u32>(at) & 0x80ff80ff) == 0x000a000a) {
    const next = at + 2 + <usize>load<u8>(at, 1);
    keyAt = at + 4;
    keySize = load<u8>(at, 3);
    return next <= end && readDelimited(keyAt + <usize>keySize, next, 0x12) ? next : 0;
  }
  if (!readDelimited(at, end, 0x0a)) return 0;
  const next = cursor;
  const last = start + <usize>length;
  if (!readDelimited(start, last, 0x0a)) return 0;
  keyAt = start;
  keySize = length;
  return readDelimited(cursor, last, 0x12) ? next : 0;
}

/** Opens a Value that holds a Struct: its entries are the field then. */
export function openStruct(at: usize, size: u32): bool {
  return readDelimited(at, at + <usize>size, 0x2a);
}

/** Opens the Value read last: the text of a string, the serialised Value of anything else; false for null. */
export function openValue(): bool {
  const tag: u32 = length ? load<u8>(start) : 0x08;
  return tag == 0x1a ? readDelimited(start, start + <usize>length, tag) : tag != 0x08;
}
