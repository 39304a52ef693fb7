// The verified token: what jwt_authn left in dynamic metadata, and nothing else. Scopes are read by property path;
// the claims, when some rule reads one, from the serialised metadata, the only form that keeps types and nulls.
//
// Claims are rewritten as JSON text in the region, so that predicates walk one kind of value. A number becomes byte
// 0x01 and its eight bytes, which JSON text never holds: nothing is rounded or printed.
import { Flag, Setting, Slot } from "./program.ts";
import { hasFlag, settingAt, text, textLength, textOf } from "./sections.ts";
import { addScope, addScopes } from "./scopes.ts";
import { bytesOf, copyBytes, sizeOf } from "./ascii.ts";
import { begin, finish, written } from "./writer.ts";
import { getProperty, Status, value, valueLength } from "./host.ts";
import { transcribe, findField, fieldAt, fieldLength } from "./protobuf.ts";
import { fillSlot } from "./slots.ts";

const METADATA = "metadata";
const FILTER = "envoy.filters.http.jwt_authn";
const PREFIX = "metadata\x00filter_metadata\x00envoy.filters.http.jwt_authn\x00";
const LONGEST_CLAIM: u32 = 16; // what one store writes

// Per metadata key (address u32, length u32) of the path of its payload, a NUL at its end; behind them the paths, each
// with room for the name of a claim.
let paths: usize = 0;

// What the header callback found: the key that has a payload, and its claim `scope`.
export let tokenKey: u32 = 0;
export let scopeStatus: u32 = 0;
export let scopeAt: usize = 0;
export let scopeLength: u32 = 0;

let metadataAt: usize = 0; // what findPayload read in this callback
let metadataLength: u32 = 0;

/** Bytes of the paths of the open program. */
export function pathsSize(): u32 {
  const keys = settingAt(Setting.MetadataKeys);
  let size: u32 = 0;
  for (let i: u32 = 0; i < keyCount(); i++)
    size += 8 + sizeOf(PREFIX) + textLength(textOf(keys, i)) + 1 + LONGEST_CLAIM;
  return size;
}

/** Writes the paths of the open program to `at`. */
export function buildPaths(at: usize): void {
  let path = at + ((<usize>keyCount()) << 3);
  for (let i: u32 = 0; i < keyCount(); i++) {
    const key = textOf(settingAt(Setting.MetadataKeys), i);
    const length = sizeOf(PREFIX) + textLength(key) + 1;
    store<u32>(at + ((<usize>i) << 3), <u32>path);
    store<u32>(at + ((<usize>i) << 3), length, 4);
    copyBytes(path, bytesOf(PREFIX), sizeOf(PREFIX));
    copyBytes(path + <usize>sizeOf(PREFIX), text(key), textLength(key));
    path += <usize>(length + LONGEST_CLAIM);
  }
}

export function openPaths(at: usize): void {
  paths = at;
}

export enum Token {
  Absent = 0,
  Present = 1,
}

/** Reads the verified token: its scopes, and its claims when the policy needs them. */
export function readToken(): i32 {
  const keys = keyCount();
  for (let key = tokenKey; key < keys; key++) {
    const found = hasFlag(Flag.NeedsClaims) ? readPayload(key) : readScopes(key);
    if (found) return Token.Present;
  }
  return Token.Absent;
}

/** Whether a verified token is there: finds the first key that has a payload, and its claim `scope`. */
export function findToken(): bool {
  const keys = keyCount();
  for (let key: u32 = 0; key < keys; key++) {
    const status = claim(key, "scope");
    openToken(key, status, value(), valueLength());
    if (isThere(status) || isThere(claim(key, ""))) return true;
  }
  return false;
}

/** Uses what `findToken` found in the header callback: what it asked for is not asked for again. */
export function openToken(key: u32, status: u32, at: usize, length: u32): void {
  tokenKey = key;
  scopeStatus = status;
  scopeAt = at;
  scopeLength = status == Status.Ok ? length : 0;
  metadataAt = 0;
}

export function keyCount(): u32 {
  return load<u32>(settingAt(Setting.MetadataKeys), 4);
}

function claim(key: u32, name: string): u32 {
  return readClaim(key, bytesOf(name), sizeOf(name));
}

/** Reads a claim of at most LONGEST_CLAIM bytes by path, or the whole payload where its name is empty. */
export function readClaim(key: u32, name: usize, size: u32): u32 {
  const record = paths + ((<usize>key) << 3);
  const path = <usize>load<u32>(record);
  const length = load<u32>(record, 4);
  if (!size) return getProperty(path, length - 1);
  v128.store(path + <usize>length, v128.load(name));
  return getProperty(path, length + size);
}

function readScopes(key: u32): bool {
  const known = key == tokenKey;
  const scope = known ? scopeStatus : claim(key, "scope");
  const at = known ? scopeAt : value();
  const length = known ? scopeLength : valueLength();
  const scp = claim(key, "scp");
  // A null in it fails by path, and a Deny rule may name the scope beside the null. The whole metadata keeps both.
  if (!isAnswer(scope) || !isAnswer(scp)) return readPayload(key);
  if (scope == Status.Ok) takeScopes(at, length);
  if (scp == Status.Ok) takeScopes(value(), valueLength());
  return known || scope == Status.Ok || scp == Status.Ok || isThere(claim(key, ""));
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

/** Finds the payload in the serialised core.v3.Metadata, which is asked for once. */
export function findPayload(key: u32): bool {
  if (!metadataAt) {
    if (getProperty(bytesOf(METADATA), sizeOf(METADATA)) != Status.Ok) return false;
    metadataAt = value();
    metadataLength = valueLength();
  }
  if (!findField(metadataAt, metadataLength, bytesOf(FILTER), sizeOf(FILTER))) return false;
  // The filter's Struct: its fields are Values, and the payload is a Value that holds a Struct.
  const name = textOf(settingAt(Setting.MetadataKeys), key);
  return findField(fieldAt(), fieldLength(), text(name), textLength(name));
}

/** Reads scopes and claims from the payload. */
function readPayload(key: u32): bool {
  if (!findPayload(key)) return false;
  const at = fieldAt();
  const size = fieldLength();
  begin(size * 6 + 64);
  if (!transcribe(at, size)) return false;
  const start = finish();
  if (!start) return false;
  fillSlot(Slot.Claims, start, start + <usize>written(), 0);
  return true;
}
