// The request's headers. They are read once, in the header callback (after Continue the host does not give them any
// more: envoy-notes 0.9), checked there, and what is needed later is kept beside the stream as a list of
//   u32 name length, u32 value length, name, value     (each rounded up to 4 bytes together)
import { begin, finish, overflowed, put, putByte, putBytes, putJson, putWord, written } from "./writer.ts";
import { getHeaderPairs, Status, value, valueLength } from "./host.ts";
import { isText, isTextFolded } from "./ascii.ts";
import { Reason } from "./program.ts";

let list: usize = 0; // kept headers
let listEnd: usize = 0;
let at: usize = 0; // the header found last
let length: u32 = 0;

export function foundAt(): usize {
  return at;
}

export function foundLength(): u32 {
  return length;
}

/** Uses a list of kept headers. */
export function openHeaders(from: usize, size: u32): void {
  list = from;
  listEnd = from + <usize>size;
}

/** Reads all headers of the request as a kept list; false when the host fails or its answer is not one. */
export function readHeaders(): bool {
  list = listEnd = 0;
  if (getHeaderPairs() != Status.Ok || valueLength() < 4) return false;
  const pairs = value();
  const size = valueLength();
  const count = load<u32>(pairs);
  if (count > size >> 3) return false;
  let p = pairs + 4 + (<usize>count << 3);
  const end = pairs + <usize>size;
  begin(size + count * 16);
  for (let i: u32 = 0; i < count; i++) {
    const nameLength = load<u32>(pairs + 4 + (<usize>i << 3));
    const valueSize = load<u32>(pairs + 8 + (<usize>i << 3));
    if (<u64>(p - pairs) + <u64>nameLength + <u64>valueSize + 2 > <u64>size) return false;
    putHeader(p, nameLength, p + <usize>nameLength + 1, valueSize);
    p += <usize>nameLength + <usize>valueSize + 2;
  }
  if (p > end) return false;
  list = finish();
  listEnd = list + <usize>written();
  return list != 0 && !overflowed();
}

function putHeader(name: usize, nameLength: u32, from: usize, size: u32): void {
  putWord(nameLength);
  putWord(size);
  putBytes(name, nameLength);
  putBytes(from, size);
  for (let used = nameLength + size; used & 3; used++) putByte(0);
}

export function headersAt(): usize {
  return list;
}

export function headersSize(): u32 {
  return <u32>(listEnd - list);
}

function next(header: usize): usize {
  return header + 8 + <usize>((load<u32>(header) + load<u32>(header, 4) + 3) & ~3);
}

function take(header: usize): void {
  at = header + 8 + <usize>load<u32>(header);
  length = load<u32>(header, 4);
}

/** How many headers have this name; the first is then the one found. */
export function countHeader(name: string): u32 {
  let count: u32 = 0;
  for (let header = list; header < listEnd; header = next(header)) {
    if (isText(header + 8, load<u32>(header), name) && ++count == 1) take(header);
  }
  return count;
}

/** Finds the first header of a name; false when there is none. */
export function headerValue(name: usize, size: u32): bool {
  for (let header = list; header < listEnd; header = next(header)) {
    if (load<u32>(header) != size || memory.compare(header + 8, name, size) != 0) continue;
    take(header);
    return true;
  }
  return false;
}

/** All values of a header as a JSON list text; 0 when there is none. */
export function headerValues(name: usize, size: u32): usize {
  if (!headerValue(name, size)) return 0;
  begin(headersSize() * 6 + 16);
  putValues(name, size, list);
  return finish();
}

function putValues(name: usize, size: u32, from: usize): void {
  putByte(0x5b);
  let first = true;
  for (let header = from; header < listEnd; header = next(header)) {
    if (load<u32>(header) != size || memory.compare(header + 8, name, size) != 0) continue;
    if (!first) putByte(0x2c);
    first = false;
    putValue(header);
  }
  putByte(0x5d);
}

function putValue(header: usize): void {
  putByte(0x22);
  putJson(header + 8 + <usize>load<u32>(header), load<u32>(header, 4));
  putByte(0x22);
}

/** All headers but the pseudo ones as a JSON map text: the first value, or with `all` the list of values. */
export function headersMap(all: bool): usize {
  begin(headersSize() * 12 + 16);
  putByte(0x7b);
  let first = true;
  for (let header = list; header < listEnd; header = next(header)) {
    if (isRepeat(header) || load<u8>(header, 8) == 0x3a) continue;
    if (!first) putByte(0x2c);
    first = false;
    putByte(0x22);
    putJson(header + 8, load<u32>(header));
    put('":');
    if (all) putValues(header + 8, load<u32>(header), header);
    else putValue(header);
  }
  putByte(0x7d);
  return finish();
}

function isRepeat(header: usize): bool {
  const size = load<u32>(header);
  for (let other = list; other < header; other = next(other)) {
    if (load<u32>(other) == size && memory.compare(other + 8, header + 8, size) == 0) return true;
  }
  return false;
}

export function requestMethod(): bool {
  return countHeader(":method") == 1;
}

export function requestHost(): bool {
  return countHeader(":authority") == 1;
}

export function requestPath(): bool {
  return countHeader(":path") == 1;
}

/** Refuses what makes a request readable in two ways; -1 or a Reason. */
export function checkHeaders(): i32 {
  if (countHeader("upgrade") || countHeader(":protocol")) return Reason.upgrade;
  if (
    countHeader("content-type") > 1 ||
    countHeader("content-encoding") > 1 ||
    countHeader("authorization") > 1 ||
    countHeader("mcp-method") > 1 ||
    countHeader("mcp-name") > 1 ||
    countHeader("mcp-protocol-version") > 1 ||
    countHeader("mcp-session-id") > 1
  ) {
    return Reason.repeated_header;
  }
  return -1;
}

/** RFC 9110 section 8.3: application/json, in any case, with no charset but UTF-8; nothing else is JSON for sure. */
export function checkContent(): i32 {
  if (countHeader("content-encoding") && !isTextFolded(at, length, "identity")) return Reason.content_encoding;
  if (!countHeader("content-type")) return Reason.content_type;
  const end = at + <usize>length;
  let p = at;
  while (p < end && load<u8>(p) != 0x3b && load<u8>(p) != 0x20 && load<u8>(p) != 0x09) p++;
  if (!isTextFolded(at, <u32>(p - at), "application/json")) return Reason.content_type;
  let charsets = 0;
  while (true) {
    p = skipBlanks(p, end);
    if (p == end) return -1;
    if (load<u8>(p) != 0x3b) return Reason.content_type;
    p = skipBlanks(p + 1, end);
    const start = p;
    while (p < end && isParameter(load<u8>(p))) p++;
    const size = <u32>(p - start);
    if (size >= 8 && isTextFolded(start, 8, "charset=")) {
      if (++charsets > 1 || !isUtf8(start + 8, size - 8)) return Reason.content_type;
    } else if (!size && p < end) return Reason.content_type;
  }
}

function isParameter(c: u32): bool {
  return c > 0x20 && c != 0x3b && c != 0x2c && c < 0x7f;
}

function isUtf8(from: usize, size: u32): bool {
  return isTextFolded(from, size, "utf-8") || isTextFolded(from, size, '"utf-8"') || isTextFolded(from, size, "utf8");
}

function skipBlanks(from: usize, end: usize): usize {
  let p = from;
  while (p < end && (load<u8>(p) == 0x20 || load<u8>(p) == 0x09)) p++;
  return p;
}

/** Whether the request came with credentials. */
export function hasCredentials(): bool {
  return countHeader("authorization") != 0;
}

/** How many headers there are that mirror the body. */
export function countMirrors(): u32 {
  return countHeader("mcp-method") + countHeader("mcp-name") + countHeader("mcp-protocol-version");
}
