// What predicates see of a call besides the body and the claims: `mcp.…`, `request.…`, jwt.scopes (docs/semantics.md).
import { Attribute, Kind, Slot, Tag } from "../program.ts";
import { retype, setError, setJson, setNull, setSpan, setTimestamp, setUnknown, tagOf } from "./cell.ts";
import { Peer, peerText, principal, requestTime } from "../request/connection.ts";
import { BILLION } from "./time.ts";
import { isHeaderUnknown, isListing, isUriOpen } from "./unknown.ts";
import { bytesOf } from "../text/ascii.ts";
import { backendName, decidedKind, methodName, targetName, toolName } from "../request/call.ts";
import {
  beginValue,
  findSingleHeader,
  headersMap,
  headerValue,
  headerValues,
  KnownHeader,
} from "../request/headers.ts";
import { charge } from "../runtime/budget.ts";
import { CLOSE_BRACE, COMMA, LOWER_N, OPEN_BRACE, QUOTE } from "../text/chars.ts";
import { loadScopes } from "./scope-list.ts";
import { finish, overflowed, put, putByte, putBytes, putJson } from "../text/writer.ts";
import { NO_SPAN, Span, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { slotEnd, slotStart } from "../json/slots.ts";

/** Writes an Attribute to a cell; an Error cell when the call has none. */
export function loadAttribute(id: u32, cell: usize): void {
  if (isListing && isAttributeUnknown(id)) return setUnknown(cell);
  setError(cell);
  switch (id) {
    case Attribute.Method:
      return loadText(cell, methodName);
    case Attribute.Tool:
      return loadText(cell, onlyFor(Kind.Tool, toolName));
    case Attribute.Backend:
      return loadText(cell, onlyFor(Kind.Tool, backendName));
    case Attribute.Uri:
      return loadText(cell, onlyFor(Kind.Resource, targetName));
    case Attribute.Prompt:
      return loadText(cell, onlyFor(Kind.Prompt, targetName));
    case Attribute.HttpMethod:
      return loadText(cell, isListing ? spanOf(bytesOf("POST"), 4) : findSingleHeader(KnownHeader.Method));
    case Attribute.Host:
      return loadText(cell, findSingleHeader(KnownHeader.Authority));
    case Attribute.Path:
      return loadText(cell, findSingleHeader(KnownHeader.Path));
    case Attribute.Headers:
    case Attribute.HeadersAll:
      return loadJson(cell, headersMap(id == Attribute.HeadersAll));
    case Attribute.Scopes:
      return loadScopes(cell);
    case Attribute.Mcp:
      return loadJson(cell, mcpMap());
    case Attribute.Params:
      return loadParams(cell);
    case Attribute.Address:
      return loadText(cell, peerText(Peer.Address));
    case Attribute.Principal:
      return loadText(cell, principal());
    case Attribute.Time:
      return loadTime(cell);
    default:
  }
}

function loadTime(cell: usize): void {
  const time = <i64>requestTime();
  if (time > 0) setTimestamp(cell, time / BILLION, <u32>(time % BILLION));
}

/** Whether only the call of an item will tell an Attribute; that call is a POST. */
function isAttributeUnknown(id: u32): bool {
  if (id == Attribute.Uri || id == Attribute.Mcp) return isUriOpen;
  return id == Attribute.Headers || id == Attribute.HeadersAll || id == Attribute.Params;
}

/** A text that only calls of one Kind have. */
function onlyFor(target: u32, text: Span): Span {
  return decidedKind == target ? text : NO_SPAN;
}

/** Writes the first value of a header, or with `all` the list of its values, to a cell. */
export function loadHeader(name: usize, length: u32, all: bool, cell: usize): void {
  const header = spanOf(name, length);
  if (isListing && isHeaderUnknown(header)) return setUnknown(cell);
  setError(cell);
  if (!all) return loadText(cell, headerValue(header));
  loadJson(cell, headerValues(header));
  if (tagOf(cell) == Tag.JsonMap) retype(cell, Tag.JsonList);
}

/** Loads a text; leaves the error when it is absent. */
function loadText(cell: usize, text: Span): void {
  if (text) setSpan(cell, Tag.String, 0, spanStart(text), spanLength(text));
}

/** Loads the JSON text that `finish` returned; leaves the error when it did not fit. */
function loadJson(cell: usize, json: Span): void {
  if (!json || overflowed()) return;
  setJson(cell, Tag.JsonMap, spanStart(json), spanEnd(json));
}

function mcpMap(): Span {
  const texts = spanLength(methodName) + spanLength(toolName) + spanLength(backendName) + spanLength(targetName);
  beginValue(texts * 6 + 96);
  put('{"method":"');
  putJson(spanStart(methodName), spanLength(methodName));
  if (decidedKind == Kind.Tool) {
    member("tool", toolName);
    member("backend", backendName);
  } else if (decidedKind == Kind.Resource) member("uri", targetName);
  else if (decidedKind == Kind.Prompt) member("prompt", targetName);
  put('"}');
  return finish();
}

function member(name: Ascii, text: Span): void {
  if (!text) return;
  put('","');
  put(name);
  put('":"');
  putJson(spanStart(text), spanLength(text));
}

/** request.mcp.params: name, arguments and _meta as the body has them; null when the call has no params. */
function loadParams(cell: usize): void {
  const params = slotStart(Slot.Params);
  if (!params || load<u8>(params) != OPEN_BRACE) {
    setNull(cell);
    return;
  }
  const size = <u32>(slotEnd(Slot.Params) - params);
  charge(size); // it is copied as it is
  beginValue(size + 64);
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
