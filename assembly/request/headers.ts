// The request's headers, as the host gives them: u32 count, then (u32, u32) lengths of each name and value, then
// name NUL value NUL … They are read once, in the header callback (after Continue the host does not give them any
// more: tests/wasm/filter.test.ts); what is needed later is saved with the stream in the same form.
//
// One walk over the list notes where the headers are that the filter itself looks at.
import { charge } from "../runtime/budget.ts";
import { begin, finish, putByte, putJson } from "../text/writer.ts";
import { getHeaderPairs, Headers, Status, value, valueLength } from "../runtime/host.ts";
import { bytesOf, sameBytes } from "../text/ascii.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, LOWER_M, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../text/chars.ts";
import { NO_SPAN, Span, sameSpan, spanLength, spanOf, spanStart } from "../text/span.ts";

/** The headers that the filter itself looks at. */
export enum KnownHeader {
  Path = 0,
  Method = 1,
  Authority = 2,
  Protocol = 3,
  Upgrade = 4,
  ContentType = 5,
  ContentEncoding = 6,
  Authorization = 7,
  McpMethod = 8,
  McpName = 9,
  McpVersion = 10,
  McpSession = 11,
  AcceptEncoding = 12,
  ContentLength = 13,
  None = 14,
}

/** What the walk notes, followed by a Note per KnownHeader. */
@unmanaged
class Notes {
  present: u32; //  bits 1 << KnownHeader
  repeated: u32; // of those that occur more than once
}

/** Where the first header of a name has its value. */
@unmanaged
class Note {
  offset: u32; // from the first byte of the list
  length: u32;
}

/** Lengths of a header in the list. */
@unmanaged
class Sizes {
  name: u32;
  value: u32;
}

const NOTES_SIZE: u32 = offsetof<Notes>() + KnownHeader.None * offsetof<Note>();
const LIST_COUNT: u32 = 4; // bytes of the count in front of a list
const MAX_GROWTH: u32 = 6; // a control character becomes \u0001
const walked: usize = memory.data(<i32>NOTES_SIZE, 8);
const nothing: usize = memory.data(<i32>NOTES_SIZE, 8);

let notes: usize = nothing;
let pairs: usize = 0; // first byte of the list
let size: u32 = 0; //    its bytes
let count: u32 = 0; //   its headers

/** Reads all headers of the request; false when the host fails or its answer is not a list. */
export function readHeaders(): bool {
  return getHeaderPairs(Headers.Request) == Status.Ok && walk(value(), valueLength());
}

/** Walks a list of headers; false when it is not one. */
// @ts-ignore: decorator
@inline
function walk(list: usize, total: u32): bool {
  notes = walked;
  store<u64>(notes, 0); // nothing present, nothing repeated
  pairs = list;
  size = total;
  count = 0;
  if (total < LIST_COUNT) return total == 0;
  const headers = load<u32>(list);
  if (headers > (total - LIST_COUNT) / offsetof<Sizes>()) return false;
  const sizesEnd = changetype<usize>(sizesAt(headers));
  const end = <u64>list + <u64>total;
  let name = <u64>sizesEnd;
  for (let at = list + LIST_COUNT; at < sizesEnd; at += offsetof<Sizes>()) {
    const sizes = changetype<Sizes>(at);
    const text = name + <u64>sizes.name + 1;
    const header = identify(<usize>name, sizes.name);
    name = text + <u64>sizes.value + 1;
    if (name > end) return false;
    if (header != KnownHeader.None) note(header, <u32>text - <u32>list, sizes.value);
  }
  count = headers;
  return true;
}

/** Bytes that the list takes when it is saved. */
export function headersSize(): u32 {
  return NOTES_SIZE + size;
}

/** Writes the list, as it can be saved, to `to`. */
export function saveHeaders(to: usize): void {
  memory.copy(to, walked, NOTES_SIZE);
  memory.copy(to + NOTES_SIZE, pairs, size);
}

/**
 * Uses a list that was saved, from now on; `total` 0 when nothing was saved. Before a body is judged, so that it is not
 * judged by the headers of another request (tests/wasm/headers.test.ts).
 */
export function openHeaders(from: usize, total: u32): void {
  notes = total ? from : nothing;
  pairs = from + NOTES_SIZE;
  size = total ? total - NOTES_SIZE : 0;
  count = size ? load<u32>(pairs) : 0;
}

// @ts-ignore: decorator
@inline
function sizesAt(index: u32): Sizes {
  return changetype<Sizes>(pairs + LIST_COUNT + <usize>index * offsetof<Sizes>());
}

// @ts-ignore: decorator
@inline
function noteOf(header: u32): Note {
  return changetype<Note>(notes + offsetof<Notes>() + <usize>header * offsetof<Note>());
}

function note(header: u32, offset: u32, length: u32): void {
  const bit: u32 = 1 << header;
  const all = changetype<Notes>(notes);
  if (all.present & bit) {
    all.repeated |= bit;
    return;
  }
  all.present |= bit;
  const first = noteOf(header);
  first.offset = offset;
  first.length = length;
}

let known: usize = 0; // the name that `candidate` found

/** The KnownHeader of a name. The host gives names in lower case (HTTP/1 too). One comparison is enough. */
// @ts-ignore: decorator
@inline
function identify(name: usize, length: u32): u32 {
  const header = candidate(load<u8>(name), length);
  return header != KnownHeader.None && sameBytes(name, known, length) ? header : KnownHeader.None;
}

/** The one known header whose name has this first byte and length, if there is one. */
// @ts-ignore: decorator
@inline
function candidate(first: u32, length: u32): u32 {
  switch (length) {
    case 5:
      return named(":path", KnownHeader.Path);
    case 7:
      return first == COLON ? named(":method", KnownHeader.Method) : named("upgrade", KnownHeader.Upgrade);
    case 8:
      return named("mcp-name", KnownHeader.McpName);
    case 9:
      return named(":protocol", KnownHeader.Protocol);
    case 10:
      return first == COLON ? named(":authority", KnownHeader.Authority) : named("mcp-method", KnownHeader.McpMethod);
    case 12:
      return named("content-type", KnownHeader.ContentType);
    case 13:
      return named("authorization", KnownHeader.Authorization);
    case 14:
      return first == LOWER_M
        ? named("mcp-session-id", KnownHeader.McpSession)
        : named("content-length", KnownHeader.ContentLength);
    case 15:
      return named("accept-encoding", KnownHeader.AcceptEncoding);
    case 16:
      return named("content-encoding", KnownHeader.ContentEncoding);
    case 20:
      return named("mcp-protocol-version", KnownHeader.McpVersion);
    default:
      return KnownHeader.None;
  }
}

// @ts-ignore: decorator
@inline
function named(constant: Ascii, header: u32): u32 {
  known = bytesOf(constant);
  return header;
}

/** The value of the first header of this name; NO_SPAN when there is none. */
export function findHeader(header: u32): Span {
  const first = noteOf(header);
  return arePresent(1 << header) ? spanOf(pairs + <usize>first.offset, first.length) : NO_SPAN;
}

/** The value of the header of this name when it occurs exactly once; otherwise NO_SPAN. */
export function findSingleHeader(header: u32): Span {
  return areRepeated(1 << header) ? NO_SPAN : findHeader(header);
}

/** Whether any of these headers is present: bits 1 << KnownHeader. */
// @ts-ignore: decorator
@inline
export function arePresent(bits: u32): bool {
  return (changetype<Notes>(notes).present & bits) != 0;
}

/** Whether any of these headers occurs more than once: bits 1 << KnownHeader. */
// @ts-ignore: decorator
@inline
export function areRepeated(bits: u32): bool {
  return (changetype<Notes>(notes).repeated & bits) != 0;
}

function firstName(): usize {
  return changetype<usize>(sizesAt(count));
}

// @ts-ignore: decorator
@inline
function nextName(name: usize, sizes: Sizes): usize {
  return name + <usize>sizes.name + 1 + <usize>sizes.value + 1;
}

/** The value that follows a name. */
// @ts-ignore: decorator
@inline
function valueAfter(name: usize, sizes: Sizes): Span {
  return spanOf(name + <usize>sizes.name + 1, sizes.value);
}

/** The value of the first header of any name; NO_SPAN when there is none. */
function firstValue(name: Span): Span {
  let at = firstName();
  for (let i: u32 = 0; i < count; i++) {
    const sizes = sizesAt(i);
    if (sameSpan(spanOf(at, sizes.name), name)) return valueAfter(at, sizes);
    at = nextName(at, sizes);
  }
  return NO_SPAN;
}

/** The value of the first header of any name, for a predicate; NO_SPAN when there is none. Each header is a step. */
export function headerValue(name: Span): Span {
  charge(count);
  return firstValue(name);
}

/**
 * Begins a text that a predicate reads, with room for every character as an escape. It stays until the request is decided, so
 * it takes a step for each byte and a half of what it is made of.
 */
export function beginValue(capacity: u32): void {
  charge(capacity >> 2);
  begin(capacity);
}

/** All values of a header as a JSON list text; NO_SPAN when there are none. */
export function headerValues(name: Span): Span {
  if (!firstValue(name)) return NO_SPAN;
  beginValue(size * MAX_GROWTH + 16);
  putValues(name);
  return finish();
}

function putValues(name: Span): void {
  let first = true;
  let at = firstName();
  putByte(OPEN_BRACKET);
  for (let i: u32 = 0; i < count; i++) {
    const sizes = sizesAt(i);
    if (sameSpan(spanOf(at, sizes.name), name)) {
      if (!first) putByte(COMMA);
      first = false;
      putString(valueAfter(at, sizes));
    }
    at = nextName(at, sizes);
  }
  putByte(CLOSE_BRACKET);
}

function putString(text: Span): void {
  putByte(QUOTE);
  putJson(spanStart(text), spanLength(text));
  putByte(QUOTE);
}

/** All headers but the pseudo-headers as a JSON map text: the first value, or with `all` the list of values. */
export function headersMap(all: bool): Span {
  let first = true;
  let at = firstName();
  beginValue(size * MAX_GROWTH + 16);
  putByte(OPEN_BRACE);
  for (let i: u32 = 0; i < count; i++) {
    const sizes = sizesAt(i);
    const name = spanOf(at, sizes.name);
    const text = valueAfter(at, sizes);
    if (load<u8>(at) != COLON && firstValue(name) == text) {
      if (!first) putByte(COMMA);
      first = false;
      putString(name);
      putByte(COLON);
      if (all) putValues(name);
      else putString(text);
    }
    at = nextName(at, sizes);
  }
  putByte(CLOSE_BRACE);
  return finish();
}
