// The claims of a token, a google.protobuf.Struct: its scopes taken, the rest rewritten as JSON text.
import { isText } from "../text/ascii.ts";
import { Flag, Slot } from "../program.ts";
import { MARK_ESCAPED, fillSlot } from "../json/slots.ts";
import { addScope, addScopes } from "./scopes.ts";
import { afterField, fieldAt, fieldLength, keyAt, keySize, nextEntry, readDelimited } from "./protobuf.ts";
import { childSlot, hasMembers } from "../json/members.ts";
import { hasFlag } from "../sections.ts";
import { overflowed, position, put, putByte, putBytes, putJson } from "../text/writer.ts";

const NO_SLOT: u32 = 0xffffffff;

const MAX_NESTING: u32 = 64;

/** Takes the scopes of the claims, a Struct. */
export function readScopes(at: usize, size: u32): bool {
  let p = at;
  const end = at + <usize>size;
  while (p < end) {
    p = nextEntry(p, end);
    if (!p || (isScopeClaim(keyAt, keySize) && !takeScopes(fieldAt(), fieldLength()))) return false;
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
    const value = fieldAt();
    const valueLength = fieldLength();
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
    const written =
      tag == 0x2a
        ? writeStruct(fieldAt(), fieldLength(), slot, depth + 1)
        : writeList(fieldAt(), fieldLength(), depth + 1);
    if (!written) return false;
  } else if (tag == 0x1a) {
    if (!readDelimited(at, end, tag)) return false;
    putByte(0x22);
    putJson(fieldAt(), fieldLength());
    putByte(0x22);
  } else if (!writeScalar(at, size, tag)) return false;
  const escaped = tag == 0x1a && <u32>(position() - from) != fieldLength() + 2;
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
    const next = afterField();
    if (p != at) putByte(0x2c);
    if (!writeValue(fieldAt(), fieldLength(), NO_SLOT, depth)) return false;
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
    addScopes(fieldAt(), fieldLength());
    return true;
  }
  if (!readDelimited(at, end, 0x32)) return true;
  let p = fieldAt();
  const last = fieldAt() + <usize>fieldLength();
  while (p < last) {
    if (!readDelimited(p, last, 0x0a)) return false;
    p = afterField();
    if (readDelimited(fieldAt(), fieldAt() + <usize>fieldLength(), 0x1a)) addScope(fieldAt(), fieldLength());
  }
  return true;
}
