// What predicates see of a call beside the body and the claims (semantics: `mcp.…`, `request.…`, jwt.scopes).
import { Attribute, Kind, Slot, Tag } from "./program.ts";
import { backendAt, backendLength, kind, methodAt, methodLength, nameAt, nameLength, toolAt, toolLength } from "./call.ts";
import { countKnown, foundAt, foundLength, headersMap, headerValue, headerValues, Known } from "./headers.ts";
import { decidedKind } from "./decide.ts";
import { loadScopes } from "./scopes.ts";
import { begin, finish, overflowed, put, putByte, putBytes, putJson, written } from "./writer.ts";
import { slotEnd, slotStart } from "./slots.ts";

/** Writes an Attribute to a cell; an Error cell when the call has none. */
export function loadAttribute(id: u32, cell: usize): void {
  store<u64>(cell, Tag.Error);
  if (id == Attribute.Method) return loadText(cell, methodAt, methodLength);
  if (id == Attribute.Tool) return loadText(cell, kind == Kind.Tool ? toolAt : 0, toolLength);
  if (id == Attribute.Backend) return loadText(cell, kind == Kind.Tool ? backendAt : 0, backendLength);
  if (id == Attribute.Uri) return loadText(cell, decidedKind() == Kind.Resource ? nameAt : 0, nameLength);
  if (id == Attribute.Prompt) return loadText(cell, decidedKind() == Kind.Prompt ? nameAt : 0, nameLength);
  if (id == Attribute.Scopes) return loadScopes(cell);
  if (id == Attribute.HttpMethod && countKnown(Known.Method) == 1) return loadText(cell, foundAt(), foundLength());
  if (id == Attribute.Host && countKnown(Known.Authority) == 1) return loadText(cell, foundAt(), foundLength());
  if (id == Attribute.Path && countKnown(Known.Path) == 1) return loadText(cell, foundAt(), foundLength());
  if (id == Attribute.Headers) return loadJson(cell, headersMap(false));
  if (id == Attribute.HeadersAll) return loadJson(cell, headersMap(true));
  if (id == Attribute.Mcp) return loadJson(cell, mcpMap());
  if (id == Attribute.Params) return loadParams(cell);
}

/** Writes the first value of a header, or with `all` the list of its values, to a cell. */
export function loadHeader(name: usize, length: u32, all: bool, cell: usize): void {
  store<u64>(cell, Tag.Error);
  if (all) {
    const list = headerValues(name, length);
    if (!list) return;
    loadJson(cell, list);
    if (load<u32>(cell) == Tag.JsonMap) store<u32>(cell, Tag.JsonList);
  } else if (headerValue(name, length)) loadText(cell, foundAt(), foundLength());
}

function loadText(cell: usize, at: usize, length: u32): void {
  if (!at) return;
  store<u64>(cell, Tag.String);
  store<u32>(cell, <u32>at, 8);
  store<u32>(cell, length, 12);
}

/** A JSON text that `finish` just ended. */
function loadJson(cell: usize, at: usize): void {
  if (!at || overflowed()) return;
  store<u64>(cell, Tag.JsonMap);
  store<u32>(cell, <u32>at, 8);
  store<u32>(cell, <u32>at + written(), 12);
}

function mcpMap(): usize {
  begin((methodLength + toolLength + backendLength + nameLength) * 6 + 96);
  put('{"method":"');
  putJson(methodAt, methodLength);
  if (kind == Kind.Tool) {
    member("tool", toolAt, toolLength);
    member("backend", backendAt, backendLength);
  } else if (decidedKind() == Kind.Resource) member("uri", nameAt, nameLength);
  else if (decidedKind() == Kind.Prompt) member("prompt", nameAt, nameLength);
  put('"}');
  return finish();
}

function member(name: string, at: usize, length: u32): void {
  if (!at) return;
  put('","');
  put(name);
  put('":"');
  putJson(at, length);
}

/** request.mcp.params: name, arguments and _meta as they stand in the body; null without params. */
function loadParams(cell: usize): void {
  const params = slotStart(Slot.Params);
  if (!params || load<u8>(params) != 0x7b) {
    store<u64>(cell, Tag.Null);
    return;
  }
  begin(<u32>(slotEnd(Slot.Params) - params) + 64);
  putByte(0x7b);
  let first = raw("name", Slot.Name, true);
  first = raw("arguments", Slot.Arguments, first);
  raw("_meta", Slot.Meta, first);
  putByte(0x7d);
  loadJson(cell, finish());
}

function raw(name: string, slot: u32, first: bool): bool {
  const at = slotStart(slot);
  if (!at || load<u8>(at) == 0x6e) return first;
  if (!first) putByte(0x2c);
  putByte(0x22);
  put(name);
  put('":');
  putBytes(at, <u32>(slotEnd(slot) - at));
  return false;
}
