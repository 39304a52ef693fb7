// Base64 with the standard alphabet and padding (RFC 4648 section 4), and base64url without padding (section 5).
import { EQUALS, LOWER_A, MINUS, PLUS, SLASH, UNDERSCORE, UPPER_A, ZERO } from "./chars.ts";

/**
 * Decodes to `out`, which has room for three quarters of the length. Returns the number of bytes written; 0 when the text
 * is not base64.
 */
export function decodeBase64(at: usize, length: u32, out: usize): u32 {
  if (length & 3) return 0;
  let q = out;
  let padding: u32 = 0;
  let group: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const c = load<u8>(at + <usize>i);
    let six = valueOf(c);
    if (six < 0) {
      if (c != EQUALS || i + 2 < length) return 0;
      padding++;
      six = 0;
    } else if (padding) return 0;
    group = (group << 6) | (<u32>six);
    if ((i & 3) != 3) continue;
    store<u8>(q++, group >> 16);
    store<u8>(q++, group >> 8);
    store<u8>(q++, group);
  }
  return <u32>(q - out) - padding;
}

/** The six bits that a character of the alphabet stands for; -1 for any other. */
function valueOf(c: u32): i32 {
  if (c - UPPER_A < 26) return c - UPPER_A;
  if (c - LOWER_A < 26) return c - LOWER_A + 26;
  if (c - ZERO < 10) return c - ZERO + 52;
  return c == PLUS ? 62 : c == SLASH ? 63 : -1;
}

/** Writes bytes as base64url without padding to `out`. */
export function encodeBase64Url(at: usize, length: u32, out: usize): void {
  const bits = length << 3;
  let q = out;
  for (let bit: u32 = 0; bit < bits; bit += 6) {
    const from = at + <usize>(bit >> 3);
    const next = bit + 8 < bits ? <u32>load<u8>(from, 1) : 0;
    const pair = ((<u32>load<u8>(from)) << 8) | next;
    store<u8>(q++, characterOf((pair >> (10 - (bit & 7))) & 63));
  }
}

/** The character of base64url that stands for six bits. */
function characterOf(six: u32): u32 {
  if (six < 26) return UPPER_A + six;
  if (six < 52) return LOWER_A + six - 26;
  if (six < 62) return ZERO + six - 52;
  return six == 62 ? MINUS : UNDERSCORE;
}
