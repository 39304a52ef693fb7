// Resource URIs. A target names one byte by byte, or a prefix of it. So that no other spelling of a URI walks around
// a rule, one that is not in normal form is refused where that could be (RFC 3986 section 6.2.2; Flag.NormalUris): dot
// segments, percent-encoded slashes, backslashes or characters that need no encoding, escapes with small letters or
// without two digits, backslashes, control characters, capitals in the scheme or the authority. Characters beyond ASCII,
// which RFC 3986 does not have but servers do, are refused where a rule has one, raw or as escapes (Flag.AsciiUris).
import { Flag } from "../program.ts";
import { hasFlag } from "../sections.ts";
import { hexDigit } from "../number/scan.ts";

/** Whether the URI is in normal form. */
export function isNormalUri(at: usize, length: u32): bool {
  const end = at + <usize>length;
  const beyond: u32 = hasFlag(Flag.AsciiUris) ? 0x80 : 0x100;
  let authority: i32 = 0; // 0 scheme, 1 authority, 2 path
  for (let p = at; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (!isCharacter(c, beyond) || (c == 0x25 && !isPlainEscape(p, end))) return false;
    if (authority < 2 && c - 0x41 < 26) return false;
    if (authority == 0 && c == 0x3a) {
      authority = isAuthority(p, end) ? 1 : 2;
      if (authority == 1) p += 2;
    } else if (c == 0x2f) {
      authority = 2;
      if (isDotSegment(p + 1, end)) return false;
    }
  }
  return true;
}

function isCharacter(c: u32, beyond: u32): bool {
  return c > 0x20 && c != 0x5c && c != 0x7f && c < beyond;
}

/** Whether the percent sign has two hexadecimal digits behind it, of capitals, that hide nothing. */
function isPlainEscape(at: usize, end: usize): bool {
  const first = load<u8>(at, 1);
  const second = load<u8>(at, 2);
  const high = hexDigit(first);
  const low = hexDigit(second);
  return at + 2 < end && max(first, second) < 0x61 && (high | low) < 16 && !isHiding((high << 4) | low);
}

function isAuthority(colon: usize, end: usize): bool {
  return colon + 2 < end && load<u16>(colon, 1) == 0x2f2f;
}

/** Whether a character is unreserved (RFC 3986 section 2.3), a slash or a backslash. */
function isHiding(c: u32): bool {
  return c - 0x2d < 13 || (c | 0x20) - 0x61 < 26 || c == 0x5c || c == 0x5f || c == 0x7e; // -./ and digits, letters, \ _ ~
}

function isDotSegment(at: usize, end: usize): bool {
  let p = at;
  while (p < end && load<u8>(p) == 0x2e) p++;
  const dots = p - at;
  return (dots == 1 || dots == 2) && (p == end || isEnd(load<u8>(p)));
}

function isEnd(c: u8): bool {
  return c == 0x2f || c == 0x3f || c == 0x23;
}
