// google.protobuf.Struct as Envoy serialises it inside core.v3.Metadata, rewritten as JSON text. All lengths are
// tested against the enclosing message: what does not fit ends the reading with false, never with a trap.
//
//   Metadata, Struct:  0a len { 0a len key, 12 len value }, repeated     ListValue:  0a len value, repeated
//   Value:  08 null   11 double   1a len string   20 bool   2a len Struct   32 len ListValue
import { isText, sameBytes } from "../text/ascii.ts";
import { Flag, Slot } from "../program.ts";
import { hasFlag } from "../sections.ts";
import { addScope, addScopes } from "./scopes.ts";
import { childSlot, hasMembers } from "../json/members.ts";
import { fillSlot, MARK_ESCAPED } from "../json/slots.ts";
import { overflowed, position, put, putByte, putBytes, putJson } from "../text/writer.ts";

const NO_SLOT: u32 = 0xffffffff;
const MAX_NESTING: u32 = 64;

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
function readDelimited(at: usize, end: usize, tag: u32): bool {
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

/** Takes the scopes of the claims, a Struct. */
export function readScopes(at: usize, size: u32): bool {
  let p = at;
  const end = at + <usize>size;
  while (p < end) {
    p = nextEntry(p, end);
    if (!p || (isScopeClaim(keyAt, keySize) && !takeScopes(start, length))) return false;
  }
  return true;
}

/** Writes the claims, a Struct, as a JSON object, without scope and scp, which become scopes, and what no one reads. */
export function transcribe(at: usize, size: u32): bool {
  return writeStruct(at, size, Slot.Claims, 0) && !overflowed();
}

function writeStruct(at: usize, size: u32, node: u32, depth: u32): bool {
  const watched = node != NO_SLOT && hasMembers(node);
  const whole = depth != 0 || hasFlag(Flag.NeedsAllClaims);
  let first = true;
  let p = at;
  const end = at + <usize>size;
  putByte(0x7b);
  while (p < end) {
    p = nextEntry(p, end);
    if (!p) return false;
    const key = keyAt;
    const keyLength = keySize;
    const value = start;
    const valueLength = length;
    if (depth == 0 && isScopeClaim(key, keyLength)) {
      if (!takeScopes(value, valueLength)) return false;
      continue;
    }
    const slot = watched ? childSlot(node, key, keyLength, false) : NO_SLOT;
    if (slot == NO_SLOT && !whole) continue;
    if (!first) putByte(0x2c);
    first = false;
    putByte(0x22);
    putJson(key, keyLength);
    put('":');
    if (!writeValue(value, valueLength, slot, depth)) return false;
  }
  putByte(0x7d);
  return true;
}

function writeValue(at: usize, size: u32, slot: u32, depth: u32): bool {
  const from = position();
  const end = at + <usize>size;
  const tag: u32 = size ? load<u8>(at) : 0x08;
  if (tag == 0x2a || tag == 0x32) {
    if (depth >= MAX_NESTING || !readDelimited(at, end, tag)) return false;
    const written = tag == 0x2a ? writeStruct(start, length, slot, depth + 1) : writeList(start, length, depth + 1);
    if (!written) return false;
  } else if (tag == 0x1a) {
    if (!readDelimited(at, end, tag)) return false;
    putByte(0x22);
    putJson(start, length);
    putByte(0x22);
  } else if (!writeScalar(at, size, tag)) return false;
  const escaped = tag == 0x1a && <u32>(position() - from) != length + 2;
  if (slot != NO_SLOT) fillSlot(slot, from, position(), escaped ? MARK_ESCAPED : 0);
  return true;
}

function writeScalar(at: usize, size: u32, tag: u32): bool {
  if (tag == 0x11) {
    if (size != 9) return false;
    putByte(1);
    putBytes(at + 1, 8);
  } else if (tag == 0x20) {
    if (size != 2) return false;
    if (load<u8>(at, 1)) put("true");
    else put("false");
  } else if (tag == 0x08) put("null");
  else return false;
  return true;
}

function writeList(at: usize, size: u32, depth: u32): bool {
  let p = at;
  const end = at + <usize>size;
  putByte(0x5b);
  while (p < end) {
    if (!readDelimited(p, end, 0x0a)) return false;
    const next = cursor;
    if (p != at) putByte(0x2c);
    if (!writeValue(start, length, NO_SLOT, depth)) return false;
    p = next;
  }
  putByte(0x5d);
  return true;
}

function isScopeClaim(key: usize, size: u32): bool {
  return load<u16>(key) == 0x6373 && (isText(key, size, "scope") || isText(key, size, "scp")); // sc
}

/** A string of scopes between blanks, or a list with a scope in each string item; anything else holds none. */
function takeScopes(at: usize, size: u32): bool {
  const end = at + <usize>size;
  if (readDelimited(at, end, 0x1a)) {
    addScopes(start, length);
    return true;
  }
  if (!readDelimited(at, end, 0x32)) return true;
  let p = start;
  const last = start + <usize>length;
  while (p < last) {
    if (!readDelimited(p, last, 0x0a)) return false;
    p = cursor;
    if (readDelimited(start, start + <usize>length, 0x1a)) addScope(start, length);
  }
  return true;
}
