// The request's headers, as the host gives them: u32 count, then (u32, u32) lengths of each name and value, then
// name NUL value NUL … They are read once, in the header callback (after Continue the host does not give them any
// more: tests/wasm/filter.test.ts); what is needed later is kept beside the stream in the same form.
//
// One walk over the list notes where the headers are that matter here:
//   0: bits of the Known that are there   4: bits of those that are there again   8: per Known (offset, length) of the first
import { charge } from "../runtime/budget.ts";
import { begin, finish, put, putByte, putJson } from "../text/writer.ts";
import { NO_SPAN, Span } from "../text/span.ts";
import { getHeaderPairs, Status, value, valueLength } from "../runtime/host.ts";
import { bytesOf, sameBytes } from "../text/ascii.ts";

/** The headers that the filter itself looks at. */
export enum Known {
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
  None = 12,
}

const NOTES: u32 = 104;
const walked: usize = memory.data(104, 8);
const nothing: usize = memory.data(104, 8);

let notes: usize = nothing;
let pairs: usize = 0;
let size: u32 = 0;
let count: u32 = 0;
let at: usize = 0; // the header found last
let length: u32 = 0;

export function foundAt(): usize {
  return at;
}

export function foundLength(): u32 {
  return length;
}

/** Reads all headers of the request; false when the host fails or its answer is not a list. */
export function readHeaders(): bool {
  return getHeaderPairs() == Status.Ok && walk(value(), valueLength());
}

/** Walks a list of headers; false when it is none. */
// @ts-ignore: decorator
@inline
function walk(from: usize, total: u32): bool {
  notes = walked;
  store<u64>(notes, 0);
  pairs = from;
  size = total;
  count = 0;
  if (total < 4) return total == 0;
  const headers = load<u32>(from);
  if (headers > (total - 4) >> 3) return false;
  const sizesEnd = from + 4 + ((<usize>headers) << 3);
  const end = <u64>from + <u64>total;
  let name = <u64>sizesEnd;
  for (let sizes = from + 4; sizes < sizesEnd; sizes += 8) {
    const nameSize = load<u32>(sizes);
    const text = name + <u64>nameSize + 1;
    const header = identify(<usize>name, nameSize);
    name = text + <u64>load<u32>(sizes, 4) + 1;
    if (name > end) return false;
    if (header != Known.None) note(header, <u32>text - <u32>from, load<u32>(sizes, 4));
  }
  count = headers;
  return true;
}

/** Bytes that the list takes when it is kept. */
export function headersSize(): u32 {
  return NOTES + size;
}

/** Writes the list, as it can be kept, to `to`. */
export function keepHeaders(to: usize): void {
  memory.copy(to, walked, NOTES);
  memory.copy(to + NOTES, pairs, size);
}

/** Uses a list that was kept; `total` 0 is a request without any. */
export function openHeaders(from: usize, total: u32): void {
  notes = total ? from : nothing;
  pairs = from + NOTES;
  size = total ? total - NOTES : 0;
  count = size ? load<u32>(pairs) : 0;
}

// @ts-ignore: decorator
@inline
function nameLength(index: u32): u32 {
  return load<u32>(pairs + 4 + ((<usize>index) << 3));
}

// @ts-ignore: decorator
@inline
function valueSize(index: u32): u32 {
  return load<u32>(pairs + 8 + ((<usize>index) << 3));
}

function note(header: u32, offset: u32, total: u32): void {
  const bit: u32 = 1 << header;
  const there = load<u32>(notes);
  if (there & bit) {
    store<u32>(notes, load<u32>(notes, 4) | bit, 4);
    return;
  }
  store<u32>(notes, there | bit);
  const record = notes + ((<usize>header) << 3);
  store<u32>(record, offset, 8);
  store<u32>(record, total, 12);
}

let known: usize = 0; // the name that `candidate` found

/** Names come in lower case from the host (HTTP/1 too). A name of the length of a known one is compared with that. */
// @ts-ignore: decorator
@inline
function identify(name: usize, total: u32): u32 {
  const header = candidate(load<u8>(name), total);
  return header != Known.None && sameBytes(name, known, total) ? header : Known.None;
}

/** The header whose name has this first byte and length, if it has a name that is known at all. */
// @ts-ignore: decorator
@inline
function candidate(first: u32, total: u32): u32 {
  switch (total) {
    case 5:
      return named(":path", Known.Path);
    case 7:
      return first == 0x3a ? named(":method", Known.Method) : named("upgrade", Known.Upgrade);
    case 8:
      return named("mcp-name", Known.McpName);
    case 9:
      return named(":protocol", Known.Protocol);
    case 10:
      return first == 0x3a ? named(":authority", Known.Authority) : named("mcp-method", Known.McpMethod);
    case 12:
      return named("content-type", Known.ContentType);
    case 13:
      return named("authorization", Known.Authorization);
    case 14:
      return named("mcp-session-id", Known.McpSession);
    case 16:
      return named("content-encoding", Known.ContentEncoding);
    case 20:
      return named("mcp-protocol-version", Known.McpVersion);
    default:
      return Known.None;
  }
}

// @ts-ignore: decorator
@inline
function named(constant: Ascii, header: u32): u32 {
  known = bytesOf(constant);
  return header;
}

/** How many headers of this name there are, 2 standing for more too; the first is then the one found. */
export function countKnown(header: u32): u32 {
  const record = notes + ((<usize>header) << 3);
  at = pairs + <usize>load<u32>(record, 8);
  length = load<u32>(record, 12);
  return ((load<u32>(notes) >> header) & 1) + ((load<u32>(notes, 4) >> header) & 1);
}

/** Whether any of these headers is there: bits 1 << Known. */
// @ts-ignore: decorator
@inline
export function areThere(bits: u32): bool {
  return (load<u32>(notes) & bits) != 0;
}

/** Whether any header from `first` on, in the order of Known, is there more than once. */
export function areRepeated(first: u32): bool {
  return load<u32>(notes, 4) >> first != 0;
}

let cursor: usize = 0; // name of the header that a walk is at

function firstName(): usize {
  return pairs + 4 + ((<usize>count) << 3);
}

function nextName(index: u32): usize {
  return <usize>nameLength(index) + <usize>valueSize(index) + 2;
}

/** Finds the first header of any name; false when there is none. Each that is passed is a step. */
export function headerValue(name: usize, total: u32): bool {
  charge(count);
  return findFrom(0, firstName(), name, total) < count;
}

/** Index of the first header of a name from `index` on, whose name is at `from`; leaves its value and its name's place. */
function findFrom(index: u32, from: usize, name: usize, total: u32): u32 {
  cursor = from;
  for (let i = index; i < count; i++) {
    if (nameLength(i) == total && sameBytes(cursor, name, total)) {
      at = cursor + <usize>total + 1;
      length = valueSize(i);
      return i;
    }
    cursor += nextName(i);
  }
  return count;
}

/** Begins a text that a predicate reads. It stays until the request is decided, so every byte of it is a step. */
export function beginValue(capacity: u32): void {
  charge(capacity);
  begin(capacity);
}

/** All values of a header as a JSON list text; NO_SPAN when there are none. */
export function headerValues(name: usize, total: u32): Span {
  const first = findFrom(0, firstName(), name, total);
  if (first == count) return NO_SPAN;
  beginValue(size * 6 + 16);
  putValues(first, cursor, name, total);
  return finish();
}

function putValues(index: u32, from: usize, name: usize, total: u32): void {
  putByte(0x5b);
  let i = findFrom(index, from, name, total);
  while (i < count) {
    putValue();
    i = findFrom(i + 1, cursor + nextName(i), name, total);
    if (i < count) putByte(0x2c);
  }
  putByte(0x5d);
}

function putValue(): void {
  putByte(0x22);
  putJson(at, length);
  putByte(0x22);
}

/** All headers but the pseudo ones as a JSON map text: the first value, or with `all` the list of values. */
export function headersMap(all: bool): Span {
  beginValue(size * 6 + 16);
  putByte(0x7b);
  let name = firstName();
  let first = true;
  for (let i: u32 = 0; i < count; i++) {
    const total = nameLength(i);
    if (load<u8>(name) != 0x3a && findFrom(0, firstName(), name, total) == i) {
      if (!first) putByte(0x2c);
      first = false;
      putByte(0x22);
      putJson(name, total);
      put('":');
      if (all) putValues(i, name, name, total);
      else putValue();
    }
    name += nextName(i);
  }
  putByte(0x7d);
  return finish();
}
