// What predicates see of a call besides the body and the claims: `mcp.…`, `request.…`, jwt.scopes (docs/semantics.md).
import { Attribute, Kind, Slot, Tag } from "../program.ts";
import { retype, setError, setJson, setNull, setSpan, tagOf } from "./cell.ts";
import {
  backendAt,
  backendLength,
  methodAt,
  methodLength,
  nameAt,
  nameLength,
  toolAt,
  toolLength,
  decidedKind,
} from "../request/call.ts";
import {
  beginValue,
  countKnown,
  foundAt,
  foundLength,
  headersMap,
  headerValue,
  headerValues,
  Known,
} from "../request/headers.ts";
import { CLOSE_BRACE, COMMA, LOWER_N, OPEN_BRACE, QUOTE } from "../text/chars.ts";
import { loadScopes } from "./scope-list.ts";
import { finish, overflowed, put, putByte, putBytes, putJson } from "../text/writer.ts";
import { Span, spanEnd, spanStart } from "../text/span.ts";
import { slotEnd, slotStart } from "../json/slots.ts";

/** Writes an Attribute to a cell; an Error cell when the call has none. */
export function loadAttribute(id: u32, cell: usize): void {
  setError(cell);
  switch (id) {
    case Attribute.Method:
      return loadText(cell, methodAt, methodLength);
    case Attribute.Tool:
      return loadText(cell, onlyFor(Kind.Tool, toolAt), toolLength);
    case Attribute.Backend:
      return loadText(cell, onlyFor(Kind.Tool, backendAt), backendLength);
    case Attribute.Uri:
      return loadText(cell, onlyFor(Kind.Resource, nameAt), nameLength);
    case Attribute.Prompt:
      return loadText(cell, onlyFor(Kind.Prompt, nameAt), nameLength);
    case Attribute.HttpMethod:
      return loadKnown(cell, Known.Method);
    case Attribute.Host:
      return loadKnown(cell, Known.Authority);
    case Attribute.Path:
      return loadKnown(cell, Known.Path);
    case Attribute.Headers:
    case Attribute.HeadersAll:
      return loadJson(cell, headersMap(id == Attribute.HeadersAll));
    case Attribute.Scopes:
      return loadScopes(cell);
    case Attribute.Mcp:
      return loadJson(cell, mcpMap());
    case Attribute.Params:
      return loadParams(cell);
    default:
  }
}

/** A text that only calls of one Kind have: 0 for others. */
function onlyFor(target: u32, at: usize): usize {
  return decidedKind == target ? at : 0;
}

function loadKnown(cell: usize, header: u32): void {
  if (countKnown(header) == 1) loadText(cell, foundAt(), foundLength());
}

/** Writes the first value of a header, or with `all` the list of its values, to a cell. */
export function loadHeader(name: usize, length: u32, all: bool, cell: usize): void {
  setError(cell);
  if (all) {
    const list = headerValues(name, length);
    if (!list) return;
    loadJson(cell, list);
    if (tagOf(cell) == Tag.JsonMap) retype(cell, Tag.JsonList);
  } else if (headerValue(name, length)) loadText(cell, foundAt(), foundLength());
}

function loadText(cell: usize, at: usize, length: u32): void {
  if (!at) return;
  setSpan(cell, Tag.String, 0, at, length);
}

/** Loads the JSON text that `finish` returned; leaves the error when it did not fit. */
function loadJson(cell: usize, json: Span): void {
  if (!json || overflowed()) return;
  setJson(cell, Tag.JsonMap, spanStart(json), spanEnd(json));
}

function mcpMap(): Span {
  beginValue((methodLength + toolLength + backendLength + nameLength) * 6 + 96);
  put('{"method":"');
  putJson(methodAt, methodLength);
  if (decidedKind == Kind.Tool) {
    member("tool", toolAt, toolLength);
    member("backend", backendAt, backendLength);
  } else if (decidedKind == Kind.Resource) member("uri", nameAt, nameLength);
  else if (decidedKind == Kind.Prompt) member("prompt", nameAt, nameLength);
  put('"}');
  return finish();
}

function member(name: Ascii, at: usize, length: u32): void {
  if (!at) return;
  put('","');
  put(name);
  put('":"');
  putJson(at, length);
}

/** request.mcp.params: name, arguments and _meta as the body has them; null when the call has no params. */
function loadParams(cell: usize): void {
  const params = slotStart(Slot.Params);
  if (!params || load<u8>(params) != OPEN_BRACE) {
    setNull(cell);
    return;
  }
  beginValue(<u32>(slotEnd(Slot.Params) - params) + 64);
  putByte(OPEN_BRACE);
  let first = copyMember("name", Slot.Name, true);
  first = copyMember("arguments", Slot.Arguments, first);
  copyMember("_meta", Slot.Meta, first);
  putByte(CLOSE_BRACE);
  loadJson(cell, finish());
}

/** Adds a member with the text of its value, unless it is absent or null; returns whether it is still the first to be added. */
function copyMember(name: Ascii, slot: u32, first: bool): bool {
  const at = slotStart(slot);
  if (!at || load<u8>(at) == LOWER_N) return first;
  if (!first) putByte(COMMA);
  putByte(QUOTE);
  put(name);
  put('":');
  putBytes(at, <u32>(slotEnd(slot) - at));
  return false;
}
