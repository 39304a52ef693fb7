// What the headers alone decide: repeats and upgrades that make a request readable in two ways, and whether the body
// is JSON for every reader.
import { NO_REASON, Reason } from "../program.ts";
import { areRepeated, arePresent, findHeader, findSingleHeader, KnownHeader } from "./headers.ts";
import { isTextFolded } from "../text/ascii.ts";
import { COMMA, DELETE, SEMICOLON, SPACE, TAB, ZERO } from "../text/chars.ts";
import { spanEnd, spanIs, spanIsFolded, spanStart } from "../text/span.ts";

/** Headers that must occur at most once: of several, readers take the first, the last or the joined value. */
const UNIQUE_HEADERS: u32 =
  (1 << KnownHeader.ContentType) |
  (1 << KnownHeader.ContentEncoding) |
  (1 << KnownHeader.Authorization) |
  (1 << KnownHeader.McpMethod) |
  (1 << KnownHeader.McpName) |
  (1 << KnownHeader.McpVersion) |
  (1 << KnownHeader.McpSession);
const UPGRADE_HEADERS: u32 = (1 << KnownHeader.Upgrade) | (1 << KnownHeader.Protocol);

/** Refuses what makes a request readable in two ways; a Reason or NO_REASON. */
export function checkHeaders(): i32 {
  if (arePresent(UPGRADE_HEADERS)) return Reason.upgrade;
  return areRepeated(UNIQUE_HEADERS) ? Reason.repeated_header : NO_REASON;
}

/** RFC 9110 section 8.3: application/json, in any case, with no charset but UTF-8; nothing else is JSON for sure. */
export function checkContent(): i32 {
  const encoding = findHeader(KnownHeader.ContentEncoding);
  if (encoding && !spanIsFolded(encoding, "identity")) return Reason.content_encoding;
  const type = findHeader(KnownHeader.ContentType);
  if (!type) return Reason.content_type;
  if (spanIs(type, "application/json")) return NO_REASON;
  const at = spanStart(type);
  const end = spanEnd(type);
  let p = at;
  while (p < end && load<u8>(p) != SEMICOLON && !isSpace(load<u8>(p))) p++;
  if (!isTextFolded(at, <u32>(p - at), "application/json")) return Reason.content_type;
  return checkParameters(p, end);
}

function checkParameters(from: usize, end: usize): i32 {
  let p = from;
  let charsets = 0;
  while (true) {
    p = skipSpaces(p, end);
    if (p == end) return NO_REASON;
    if (load<u8>(p) != SEMICOLON) return Reason.content_type;
    p = skipSpaces(p + 1, end);
    const start = p;
    while (p < end && isParameter(load<u8>(p))) p++;
    const size = <u32>(p - start);
    // Also charset*= and charset*0= (RFC 2231), which some readers take for the same.
    if (size >= 7 && isTextFolded(start, 7, "charset")) {
      if (++charsets > 1 || !isUtf8(start + 7, size - 7)) return Reason.content_type;
    } else if (!size && p < end) return Reason.content_type;
  }
}

function isParameter(c: u32): bool {
  return c > SPACE && c != SEMICOLON && c != COMMA && c < DELETE;
}

function isUtf8(from: usize, size: u32): bool {
  return (
    isTextFolded(from, size, "=utf-8") || isTextFolded(from, size, '="utf-8"') || isTextFolded(from, size, "=utf8")
  );
}

/** Whether the headers declare a body of more than `most` bytes. The host holds the body against what is declared. */
export function declaresMoreThan(most: u32): bool {
  const declared = findSingleHeader(KnownHeader.ContentLength);
  const end = spanEnd(declared);
  let size: u64 = 0;
  for (let p = spanStart(declared); p < end; p++) {
    const digit = <u32>load<u8>(p) - ZERO;
    if (digit > 9) return false;
    size = min<u64>(size * 10 + <u64>digit, <u64>u32.MAX_VALUE); // it stays above every limit
  }
  return size > <u64>most;
}

function isSpace(c: u32): bool {
  return c == SPACE || c == TAB;
}

function skipSpaces(from: usize, end: usize): usize {
  let p = from;
  while (p < end && isSpace(load<u8>(p))) p++;
  return p;
}
