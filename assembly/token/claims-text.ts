// The claims of a token, a google.protobuf.Struct: its scopes are taken, the rest is rewritten as JSON text.
import { Flag, NONE, Slot } from "../program.ts";
import { MARK_ESCAPED, fillSlot } from "../json/slots.ts";
import { addScope, addScopes } from "./scopes.ts";
import { ValueTag, entryAt, itemAt, keyOf, openValue, tagOf, valueOf } from "./protobuf.ts";
import { childSlot, hasMembers } from "../json/members.ts";
import { RAW_DOUBLE } from "../json/walk.ts";
import { hasFlag } from "../sections.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LOWER_C,
  LOWER_P,
  LOWER_S,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "../text/chars.ts";
import { Span, spanEnd, spanIs, spanLength, spanStart } from "../text/span.ts";
import { overflowed, position, put, putByte, putBytes, putJson } from "../text/writer.ts";

const MAX_NESTING: u32 = 64;
const NUMBER_SIZE: u32 = 9; // bytes of a Value: the tag and a double
const BOOL_SIZE: u32 = 2; //   the tag and a byte

/** Takes the scopes of the claims, a Struct; false when it is malformed. */
export function readScopes(claims: Span): bool {
  const end = spanEnd(claims);
  let p = spanStart(claims);
  while (p < end) {
    const entry = entryAt(p, end);
    const key = keyOf(entry);
    const value = valueOf(entry, key);
    if (!value || (isScopeClaim(key) && !takeScopes(key, value))) return false;
    p = spanEnd(entry);
  }
  return true;
}

/**
 * Writes the claims, a Struct, as a JSON object, without scope and scp, which become scopes, and without what the policy
 * does not read. False when the Struct is malformed or does not fit.
 */
export function transcribe(claims: Span): bool {
  return writeStruct(claims, Slot.Claims, 0) && !overflowed();
}

function writeStruct(struct: Span, node: u32, depth: u32): bool {
  const watched = node != NONE && hasMembers(node);
  const whole = depth != 0 || hasFlag(Flag.NeedsAllClaims);
  const end = spanEnd(struct);
  let first = true;
  let p = spanStart(struct);
  putByte(OPEN_BRACE);
  while (p < end) {
    const entry = entryAt(p, end);
    const key = keyOf(entry);
    const value = valueOf(entry, key);
    if (!value) return false;
    p = spanEnd(entry);
    if (depth == 0 && isScopeClaim(key)) {
      if (!takeScopes(key, value)) return false;
      continue;
    }
    const slot = watched ? childSlot(node, spanStart(key), spanLength(key), false) : NONE;
    if (slot == NONE && !whole) continue;
    if (!first) putByte(COMMA);
    first = false;
    putString(key);
    putByte(COLON);
    if (!writeValue(value, slot, depth)) return false;
  }
  putByte(CLOSE_BRACE);
  return true;
}

function putString(text: Span): void {
  putByte(QUOTE);
  putJson(spanStart(text), spanLength(text));
  putByte(QUOTE);
}

/** Writes a Value and fills its slot, if it has one. */
function writeValue(value: Span, slot: u32, depth: u32): bool {
  const from = position();
  const tag = tagOf(value);
  let marks: u32 = 0;
  if (tag == ValueTag.Struct || tag == ValueTag.List) {
    const inner = openValue(value, tag);
    if (depth >= MAX_NESTING || !inner) return false;
    const written = tag == ValueTag.Struct ? writeStruct(inner, slot, depth + 1) : writeList(inner, depth + 1);
    if (!written) return false;
  } else if (tag == ValueTag.String) {
    const text = openValue(value, tag);
    if (!text) return false;
    putString(text);
    if (<u32>(position() - from) != spanLength(text) + 2) marks = MARK_ESCAPED;
  } else if (!writeScalar(value, tag)) return false;
  if (slot != NONE) fillSlot(slot, from, position(), marks);
  return true;
}

function writeScalar(value: Span, tag: u32): bool {
  const payload = spanStart(value) + 1;
  if (tag == ValueTag.Number) {
    if (spanLength(value) != NUMBER_SIZE) return false;
    putByte(RAW_DOUBLE);
    putBytes(payload, sizeof<f64>());
  } else if (tag == ValueTag.Bool) {
    if (spanLength(value) != BOOL_SIZE) return false;
    if (load<u8>(payload)) put("true");
    else put("false");
  } else if (tag == ValueTag.Null) put("null");
  else return false;
  return true;
}

function writeList(list: Span, depth: u32): bool {
  const end = spanEnd(list);
  let p = spanStart(list);
  putByte(OPEN_BRACKET);
  while (p < end) {
    const item = itemAt(p, end);
    if (!item) return false;
    if (p != spanStart(list)) putByte(COMMA);
    if (!writeValue(item, NONE, depth)) return false;
    p = spanEnd(item);
  }
  putByte(CLOSE_BRACKET);
  return true;
}

// @ts-ignore: decorator
@inline
function isScopeClaim(key: Span): bool {
  // Two characters tell it from most others, without a call.
  const at = spanStart(key);
  return load<u8>(at) == LOWER_S && load<u8>(at + 1) == LOWER_C && (spanIs(key, "scope") || spanIs(key, "scp"));
}

/** A string of scopes separated by spaces, or a list with one scope per string item; anything else holds none. */
function takeScopes(key: Span, value: Span): bool {
  if (hasFlag(load<u8>(spanStart(key) + 2) == LOWER_P ? Flag.IgnoreScp : Flag.IgnoreScope)) return true;
  const text = openValue(value, ValueTag.String);
  if (text) {
    addScopes(text);
    return true;
  }
  const list = openValue(value, ValueTag.List);
  const end = spanEnd(list);
  let p = spanStart(list);
  while (p < end) {
    const item = itemAt(p, end);
    if (!item) return false;
    const scope = openValue(item, ValueTag.String);
    if (scope) addScope(scope);
    p = spanEnd(item);
  }
  return true;
}
