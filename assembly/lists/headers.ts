// The headers of an answer that may have a list: what they say about its body, and what must not stay as it is.
import { getHeaderPairs, Headers, removeHeader, replaceHeader, Status, value, valueLength } from "../runtime/host.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { COMMA, EQUALS, SEMICOLON, SPACE, TAB, ZERO } from "../text/chars.ts";
import { Span, spanBetween, spanEnd, spanIs, spanIsFolded, spanLength, spanOf, spanStart } from "../text/span.ts";
import { begin, finish, put, putBytes } from "../text/writer.ts";

/** What the headers of an answer say. */
@unmanaged
export class AnswerHeaders {
  status: u32;
  isStream: bool; //  text/event-stream
  isEncoded: bool; // with a content-encoding
  isJson: bool; //    application/json
  types: u32; //      content-type headers
}

export const head = changetype<AnswerHeaders>(memory.data(<i32>offsetof<AnswerHeaders>(), 8));
/** From this status on, the answer may be a page of text, which keeps its type. */
const FIRST_OTHER: u32 = 300;
const PAIR: usize = 8; // the lengths of a name and a value

/** Reads the headers of the answer into `head`; false when the host fails. */
export function readAnswerHeaders(): bool {
  memory.fill(changetype<usize>(head), 0, offsetof<AnswerHeaders>());
  if (getHeaderPairs(Headers.Response) != Status.Ok || valueLength() < 4) return false;
  return walk(value(), valueLength(), false);
}

/** Removes and rewrites what does not fit a changed answer: lengths, digests, encodings, and that shared caches may keep it. */
export function changeHeaders(): void {
  if (getHeaderPairs(Headers.Response) != Status.Ok || valueLength() < 4) return;
  isShared = isPrivate = false;
  begin(valueLength() + 16);
  put("private");
  walk(value(), valueLength(), true);
  const directives = finish();
  if (isShared) replace("cache-control", isPrivate ? withoutFirst(directives) : directives);
  if (!head.isStream && (!head.isJson || head.types != 1) && head.status < FIRST_OTHER)
    replace("content-type", spanOf(bytesOf("application/json"), sizeOf("application/json")));
}

/** What was written after "private, ", as it is said there. */
function withoutFirst(directives: Span): Span {
  return spanBetween(spanStart(directives) + sizeOf("private, "), spanEnd(directives));
}

function walk(list: usize, size: u32, changes: bool): bool {
  const count = <usize>load<u32>(list);
  if (count > (<usize>size - 4) / PAIR) return false;
  const end = <u64>list + <u64>size;
  let name = <u64>list + 4 + <u64>count * PAIR;
  for (let i: usize = 0; i < count; i++) {
    const sizes = list + 4 + i * PAIR;
    const text = name + <u64>load<u32>(sizes) + 1;
    const next = text + <u64>load<u32>(sizes, 4) + 1;
    if (next > end) return false;
    const key = spanOf(<usize>name, load<u32>(sizes));
    const content = spanOf(<usize>text, load<u32>(sizes, 4));
    if (changes) change(key, content);
    else look(key, content);
    name = next;
  }
  return true;
}

function look(name: Span, text: Span): void {
  if (spanIs(name, ":status")) head.status = numberOf(text);
  else if (spanIs(name, "content-type")) {
    const type = mediaType(text);
    head.types++;
    head.isStream = head.types == 1 && spanIsFolded(type, "text/event-stream");
    head.isJson = spanIsFolded(type, "application/json");
  } else if (spanIs(name, "content-encoding") && !areIdentity(text)) head.isEncoded = true;
}

function numberOf(text: Span): u32 {
  let number: u32 = 0;
  for (let p = spanStart(text); p < spanEnd(text); p++) number = number * 10 + <u32>load<u8>(p) - ZERO;
  return number;
}

/** What is in front of the parameters. */
function mediaType(text: Span): Span {
  let p = spanStart(text);
  while (p < spanEnd(text) && load<u8>(p) != SEMICOLON) p++;
  return trim(spanStart(text), p);
}

function trim(from: usize, to: usize): Span {
  let start = from;
  let end = to;
  while (start < end && isBlank(load<u8>(start))) start++;
  while (end > start && isBlank(load<u8>(end - 1))) end--;
  return spanBetween(start, end);
}

function isBlank(c: u32): bool {
  return c == SPACE || c == TAB;
}

/** The end of the list item that starts at `at`: at a comma, or the end of all. */
function itemEnd(at: usize, end: usize): usize {
  let p = at;
  while (p < end && load<u8>(p) != COMMA) p++;
  return p;
}

/** Whether all codings of a list change nothing. */
function areIdentity(text: Span): bool {
  const end = spanEnd(text);
  let p = spanStart(text);
  while (p <= end) {
    const next = itemEnd(p, end);
    const coding = trim(p, next);
    if (spanLength(coding) && !spanIsFolded(coding, "identity")) return false;
    p = next + 1;
  }
  return true;
}

function change(name: Span, text: Span): void {
  if (isDropped(name)) removeHeader(Headers.Response, spanStart(name), spanLength(name));
  else if (spanIs(name, "cache-control")) putDirectives(text);
}

/** Whether a shared cache may keep the answer (RFC 9111 section 3). */
let isShared: bool = false;
let isPrivate: bool = false;

/** Adds directives, without those that only say that shared caches may keep the answer. */
function putDirectives(text: Span): void {
  const end = spanEnd(text);
  let p = spanStart(text);
  while (p <= end) {
    const next = itemEnd(p, end);
    const directive = trim(p, next);
    p = next + 1;
    const name = directiveName(directive);
    const isOpen = spanIsFolded(name, "public") || spanIsFolded(name, "s-maxage");
    if (isOpen || spanIsFolded(name, "must-revalidate")) isShared = true;
    if (isOpen || !spanLength(directive)) continue;
    if (spanIsFolded(name, "private")) isPrivate = true;
    put(", ");
    putBytes(spanStart(directive), spanLength(directive));
  }
}

function directiveName(directive: Span): Span {
  let p = spanStart(directive);
  while (p < spanEnd(directive) && load<u8>(p) != EQUALS) p++;
  return trim(spanStart(directive), p);
}

function isDropped(name: Span): bool {
  return (
    spanIs(name, "content-length") ||
    spanIs(name, "content-encoding") ||
    spanIs(name, "content-range") ||
    spanIs(name, "etag") ||
    spanIs(name, "digest") ||
    spanIs(name, "content-digest") ||
    spanIs(name, "repr-digest") ||
    spanIs(name, "content-md5")
  );
}

function replace(name: Ascii, text: Span): void {
  replaceHeader(Headers.Response, bytesOf(name), sizeOf(name), spanStart(text), spanLength(text));
}
