// The verified token: what jwt_authn left in dynamic metadata, and nothing else. Scopes are read by property path;
// the claims, when some rule reads one, from the serialised metadata, the only form that keeps types and nulls.
//
// Claims are rewritten as JSON text in the region, so that predicates walk one kind of value. A number becomes byte
// 0x01 and its eight bytes, which JSON text never holds: nothing is rounded or printed.
import { Flag, Setting, Slot } from "./program.ts";
import { hasFlag, settingAt, text, textLength, textOf } from "./sections.ts";
import { addScope, addScopes } from "./scopes.ts";
import { begin, finish, put, putByte, putBytes, written } from "./writer.ts";
import { getProperty, Status, value, valueLength } from "./host.ts";
import { transcribe, findField, fieldAt, fieldLength } from "./protobuf.ts";
import { fillSlot } from "./slots.ts";

export enum Token {
  Absent = 0,
  Present = 1,
}

/** Reads the verified token: its scopes, and its claims when the policy needs them. */
export function readToken(): i32 {
  const keys = settingAt(Setting.MetadataKeys);
  const count = load<u32>(keys, 4);
  for (let i: u32 = 0; i < count; i++) {
    const key = textOf(keys, i);
    const found = hasFlag(Flag.NeedsClaims) ? readPayload(key) : readScopes(key);
    if (found) return Token.Present;
  }
  return Token.Absent;
}

/** Whether a verified token is there, without reading it. */
export function hasToken(): bool {
  const keys = settingAt(Setting.MetadataKeys);
  const count = load<u32>(keys, 4);
  for (let i: u32 = 0; i < count; i++) {
    const key = textOf(keys, i);
    if (isThere(claim(key, "scope")) || isThere(claim(key, ""))) return true;
  }
  return false;
}

/** Reads a claim of the payload by path, or the whole payload where `name` is empty. */
function claim(key: usize, name: string): u32 {
  begin(512 + textLength(key));
  put("metadata\x00filter_metadata\x00envoy.filters.http.jwt_authn\x00");
  putBytes(text(key), textLength(key));
  if (name.length) {
    putByte(0);
    put(name);
  }
  const path = finish();
  return path ? getProperty(path, written()) : Status.BadArgument;
}

function readScopes(key: usize): bool {
  const scope = claim(key, "scope");
  const scopeAt = value();
  const scopeLength = valueLength();
  const scp = claim(key, "scp");
  // A null in it fails by path, and a Deny rule may name the scope beside the null. The whole metadata keeps both.
  if (!isAnswer(scope) || !isAnswer(scp)) return readPayload(key);
  if (scope == Status.Ok) takeScopes(scopeAt, scopeLength);
  if (scp == Status.Ok) takeScopes(value(), valueLength());
  return scope == Status.Ok || scp == Status.Ok || isThere(claim(key, ""));
}

function isAnswer(status: u32): bool {
  return status == Status.Ok || status == Status.NotFound;
}

/** A null in a value is a failure of serialisation: then the value is there. */
function isThere(status: u32): bool {
  return status == Status.Ok || status == Status.SerializationFailure;
}

/** A claim read by path is a string or a list: only a list has exact sizes in front (envoy-notes: pairs encoding). */
function takeScopes(at: usize, length: u32): void {
  if (!isList(at, length)) return addScopes(at, length);
  const count = load<u32>(at);
  let p = at + 4 + ((<usize>count) << 3);
  for (let i: u32 = 0; i < count; i++) {
    const size = load<u32>(at + 4 + ((<usize>i) << 3));
    const next = p + <usize>size + 2;
    // A number or bool in the list looks like a string of 8 or 1 bytes; as a scope name it means nothing.
    addScope(p, size);
    p = next;
  }
}

function isList(at: usize, length: u32): bool {
  if (length < 4) return false;
  const count = load<u32>(at);
  if (count > length >> 1) return false;
  let total: u64 = 4 + ((<u64>count) << 3);
  if (total > <u64>length) return false;
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(at + 8 + ((<usize>i) << 3)) != 0) return false; // an object has names
    total += <u64>load<u32>(at + 4 + ((<usize>i) << 3)) + 2;
  }
  return total == <u64>length;
}

/** Reads scopes and claims from the serialised core.v3.Metadata. */
function readPayload(key: usize): bool {
  begin(16);
  put("metadata");
  const path = finish();
  if (!path || getProperty(path, written()) != Status.Ok) return false;
  const metadata = value();
  const length = valueLength();
  const name = "envoy.filters.http.jwt_authn";
  begin(64);
  put(name);
  const filter = finish();
  if (!filter || !findField(metadata, length, filter, written())) return false;
  // The filter's Struct: its fields are Values, and the payload is a Value that holds a Struct.
  if (!findField(fieldAt(), fieldLength(), text(key), textLength(key))) return false;
  const at = fieldAt();
  const size = fieldLength();
  begin(size * 6 + 64);
  if (!transcribe(at, size)) return false;
  const start = finish();
  if (!start) return false;
  fillSlot(Slot.Claims, start, start + <usize>written(), 0);
  return true;
}

/** Reads the subject of the token into the host's value; false when it has none. */
export function readSubject(): bool {
  return readFirst("sub", "sub", "sub");
}

/** Reads the client that the token was issued to (RFC 9068 section 2.2); false when the token does not say. */
export function readClient(): bool {
  return readFirst("client_id", "azp", "cid");
}

/** Reads what tells one token of a subject from the next; false when nothing does. */
export function readTokenMark(): bool {
  return readFirst("jti", "iat", "exp");
}

/** Reads the first of three claims that the token has. */
function readFirst(first: string, second: string, third: string): bool {
  const keys = settingAt(Setting.MetadataKeys);
  const count = load<u32>(keys, 4);
  for (let i: u32 = 0; i < count; i++) {
    const key = textOf(keys, i);
    if (claim(key, first) == Status.Ok || claim(key, second) == Status.Ok || claim(key, third) == Status.Ok)
      return valueLength() != 0;
  }
  return false;
}
