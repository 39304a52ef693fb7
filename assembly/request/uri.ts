// Resource URIs. A target names one byte by byte, or a prefix of it. So that no other spelling of a URI walks around
// a rule, one that is not in normal form is refused where that could be (RFC 3986 section 6.2.2; Flag.NormalUris): dot
// segments, percent-encoded slashes, backslashes or characters that need no encoding, escapes with lower-case digits or
// without two digits, backslashes, control characters, upper-case letters in the scheme or the authority. Characters
// beyond ASCII, which RFC 3986 does not have but servers do, are refused where a rule has one, raw or as escapes
// (Flag.AsciiUris).
import { Flag } from "../program.ts";
import { hasFlag } from "../sections.ts";
import { hexDigit } from "../number/scan.ts";
import {
  BACKSLASH,
  CASE_BIT,
  COLON,
  DELETE,
  DOT,
  HASH,
  LOWER_A,
  MINUS,
  NINE,
  PERCENT,
  QUESTION_MARK,
  SLASH,
  SPACE,
  TILDE,
  UNDERSCORE,
  UPPER_A,
} from "../text/chars.ts";
import { Span, spanEnd, spanStart } from "../text/span.ts";

/** The parts of a URI that differ in what is normal. */
enum Part {
  Scheme = 0,
  Authority = 1,
  Path = 2, // and query and fragment
}

/** Whether the URI is in normal form. */
export function isNormalUri(uri: Span): bool {
  return isNormal(uri, false);
}

/**
 * Whether a text can be the beginning of a URI in normal form: its last escape may go on, and dot segments go when clients
 * resolve what a template gives (RFC 3986 section 5.2.4).
 */
export function isNormalStart(start: Span): bool {
  return isNormal(start, true);
}

function isNormal(uri: Span, goesOn: bool): bool {
  const end = spanEnd(uri);
  const beyond: u32 = hasFlag(Flag.AsciiUris) ? 0x80 : 0x100;
  let part: i32 = Part.Scheme;
  for (let p = spanStart(uri); p < end; p++) {
    const c = <u32>load<u8>(p);
    if (!isCharacter(c, beyond)) return false;
    if (c == PERCENT && !isEscape(p, end, goesOn)) return false;
    if (part != Part.Path && c - UPPER_A < 26) return false;
    if (part == Part.Scheme && c == COLON) {
      part = startsAuthority(p + 1, end) ? Part.Authority : Part.Path;
      if (part == Part.Authority) p += 2;
    } else if (c == SLASH) {
      part = Part.Path;
      if (!goesOn && isDotSegment(p + 1, end)) return false;
    }
  }
  return true;
}

/** Whether a path without a query is in normal form, with no empty segment but the last. */
export function isNormalPath(path: Span): bool {
  const end = spanEnd(path);
  const start = spanStart(path);
  if (!start || load<u8>(start) != SLASH) return false;
  for (let p = start; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (!isCharacter(c, 0x80) || c == HASH || (c == PERCENT && !isPlainEscape(p, end))) return false;
    if (c == SLASH && (isDotSegment(p + 1, end) || (p + 1 < end && load<u8>(p + 1) == SLASH))) return false;
  }
  return true;
}

function isCharacter(c: u32, beyond: u32): bool {
  return c > SPACE && c != BACKSLASH && c != DELETE && c < beyond;
}

/** Whether the percent sign at `at` begins a plain escape, or one that may become one. */
function isEscape(at: usize, end: usize, goesOn: bool): bool {
  return isPlainEscape(at, end) || (goesOn && at + 2 >= end);
}

/** Whether two upper-case hexadecimal digits follow the percent sign at `at` and hide nothing. */
function isPlainEscape(at: usize, end: usize): bool {
  if (at + 2 >= end) return false;
  const first = load<u8>(at + 1);
  const second = load<u8>(at + 2);
  const high = hexDigit(first);
  const low = hexDigit(second);
  return max(first, second) < LOWER_A && (high | low) < 16 && !isHiding((high << 4) | low);
}

function startsAuthority(at: usize, end: usize): bool {
  return at + 1 < end && load<u8>(at) == SLASH && load<u8>(at + 1) == SLASH;
}

/** Whether a character is unreserved (RFC 3986 section 2.3), a slash or a backslash. */
function isHiding(c: u32): bool {
  const isMark = c == BACKSLASH || c == UNDERSCORE || c == TILDE;
  return isMark || (c >= MINUS && c <= NINE) || (c | CASE_BIT) - LOWER_A < 26; // -./ and digits, letters
}

function isDotSegment(at: usize, end: usize): bool {
  let p = at;
  while (p < end && load<u8>(p) == DOT) p++;
  const dots = p - at;
  return (dots == 1 || dots == 2) && (p == end || isEnd(load<u8>(p)));
}

/** Whether a character ends a segment. */
function isEnd(c: u32): bool {
  return c == SLASH || c == QUESTION_MARK || c == HASH;
}
