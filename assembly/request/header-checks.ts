// What the headers alone decide: repeats and upgrades that make a request readable in two ways, and whether the body
// is JSON for every reader.
import { Reason } from "../program.ts";
import { areRepeated, areThere, countKnown, foundAt, foundLength, Known } from "./headers.ts";
import { isText, isTextFolded } from "../text/ascii.ts";

const OK: i32 = -1;

/** Refuses what makes a request readable in two ways; -1 or a Reason. */
export function checkHeaders(): i32 {
  if (areThere((1 << Known.Upgrade) | (1 << Known.Protocol))) return Reason.upgrade;
  return areRepeated(Known.ContentType) ? Reason.repeated_header : OK;
}

/** RFC 9110 section 8.3: application/json, in any case, with no charset but UTF-8; nothing else is JSON for sure. */
export function checkContent(): i32 {
  if (countKnown(Known.ContentEncoding) && !isTextFolded(foundAt(), foundLength(), "identity"))
    return Reason.content_encoding;
  if (!countKnown(Known.ContentType)) return Reason.content_type;
  const at = foundAt();
  if (isText(at, foundLength(), "application/json")) return OK;
  const end = at + <usize>foundLength();
  let p = at;
  while (p < end && load<u8>(p) != 0x3b && !isBlank(load<u8>(p))) p++;
  if (!isTextFolded(at, <u32>(p - at), "application/json")) return Reason.content_type;
  return checkParameters(p, end);
}

function checkParameters(from: usize, end: usize): i32 {
  let p = from;
  let charsets = 0;
  while (true) {
    p = skipBlanks(p, end);
    if (p == end) return OK;
    if (load<u8>(p) != 0x3b) return Reason.content_type;
    p = skipBlanks(p + 1, end);
    const start = p;
    while (p < end && isParameter(load<u8>(p))) p++;
    const size = <u32>(p - start);
    // With charset*= and charset*0= (RFC 2231), which some readers take for the same.
    if (size >= 7 && isTextFolded(start, 7, "charset")) {
      if (++charsets > 1 || !isUtf8(start + 7, size - 7)) return Reason.content_type;
    } else if (!size && p < end) return Reason.content_type;
  }
}

function isParameter(c: u32): bool {
  return c > 0x20 && c != 0x3b && c != 0x2c && c < 0x7f;
}

function isUtf8(from: usize, size: u32): bool {
  return (
    isTextFolded(from, size, "=utf-8") || isTextFolded(from, size, '="utf-8"') || isTextFolded(from, size, "=utf8")
  );
}

function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09;
}

function skipBlanks(from: usize, end: usize): usize {
  let p = from;
  while (p < end && isBlank(load<u8>(p))) p++;
  return p;
}
