// IP addresses as sixteen bytes: an IPv4 address is the IPv6 address that it maps to (RFC 4291 section 2.5.5.2).
import { sameBytes } from "./ascii.ts";
import { CASE_BIT, COLON, DOT, LOWER_A, ZERO } from "./chars.ts";
import { Span, spanEnd, spanStart } from "./span.ts";

export const ADDRESS_SIZE: usize = 16;
const GROUPS: i32 = 8;
const V4_GROUPS: i32 = 2; // that an IPv4 address takes
/** Bits of the addresses that IPv4 addresses map to, which they have in common. */
const MAPPED_BITS: u32 = 96;
const MAPPED: u64 = 0xffff0000; // the second eight bytes of such an address, but for its own four, lowest byte first

/** Reads the text of an address to the sixteen bytes at `out`; false when it is not one. */
export function parseAddress(text: Span, out: usize): bool {
  const start = spanStart(text);
  const end = spanEnd(text);
  memory.fill(out, 0, ADDRESS_SIZE);
  for (let p = start; p < end; p++) {
    if (load<u8>(p) == COLON) return parseV6(start, end, out);
  }
  store<u64>(out, MAPPED, 8);
  return parseV4(start, end, out + 12);
}

/** Four numbers up to 255 without leading zeros. */
function parseV4(start: usize, end: usize, out: usize): bool {
  let p = start;
  for (let i: usize = 0; i < 4; i++) {
    if (i && (p >= end || load<u8>(p++) != DOT)) return false;
    const first = p;
    let value: u32 = 0;
    while (p < end && p < first + 3 && digitAt(p) < 10) value = value * 10 + digitAt(p++);
    if (p == first || value > 255 || (p > first + 1 && load<u8>(first) == ZERO)) return false;
    store<u8>(out + i, value);
  }
  return p == end;
}

/** Eight groups of up to four hexadecimal digits; `::` stands for those that are zero, the last two may be an IPv4 address. */
// eslint-disable-next-line complexity -- the grammar in one piece
function parseV6(start: usize, end: usize, out: usize): bool {
  let count: i32 = 0;
  let gap: i32 = -1;
  let p = start;
  if (load<u8>(p) == COLON) {
    if (++p == end || load<u8>(p++) != COLON) return false;
    gap = 0;
  }
  while (p < end) {
    if (count == GROUPS) return false;
    const at = out + <usize>(count << 1);
    const next = parseGroup(p, end, at);
    if (next < end && load<u8>(next) == DOT) {
      if (count > GROUPS - V4_GROUPS || !parseV4(p, end, at)) return false;
      count += V4_GROUPS;
      break;
    }
    if (next == p) return false;
    count++;
    p = next;
    if (p == end) break;
    if (load<u8>(p++) != COLON || p == end) return false;
    if (load<u8>(p) != COLON) continue;
    if (gap >= 0) return false;
    gap = count;
    p++;
  }
  return gap < 0 ? count == GROUPS : openGap(out, gap, count);
}

/** Reads up to four digits and returns the address after them. */
function parseGroup(at: usize, end: usize, out: usize): usize {
  let p = at;
  let value: u32 = 0;
  while (p < end && p < at + 4 && digitAt(p) < 16) value = (value << 4) | digitAt(p++);
  store<u16>(out, bswap<u16>(<u16>value));
  return p;
}

/** Of `count` groups those from `gap` on are the last; false when there are no zeros before them. */
function openGap(out: usize, gap: i32, count: i32): bool {
  const zeros = <usize>((GROUPS - count) << 1);
  const at = out + <usize>(gap << 1);
  memory.copy(at + zeros, at, <usize>((count - gap) << 1));
  memory.fill(at, 0, zeros);
  return zeros != 0;
}

/** The value of a hexadecimal digit; more than 15 for other characters. */
function digitAt(at: usize): u32 {
  const c = <u32>load<u8>(at);
  const digit = c - ZERO;
  if (digit < 10) return digit;
  const letter = (c | CASE_BIT) - LOWER_A;
  return letter < 6 ? letter + 10 : 16;
}

/** Whether an address is in a range: sixteen bytes, of which the bits count that the byte after them says. */
export function isInRange(range: usize, address: usize): bool {
  const bits = <u32>load<u8>(range + ADDRESS_SIZE);
  // A range of IPv6 has no IPv4 addresses in it, though those that they map to are.
  const isV4 = load<u64>(address) == 0 && <u64>load<u32>(address, 8) == MAPPED;
  if (isV4 && bits < MAPPED_BITS) return false;
  const whole = bits >> 3;
  if (!sameBytes(range, address, whole)) return false;
  const rest = bits & 7;
  return !rest || (load<u8>(range + <usize>whole) ^ load<u8>(address + <usize>whole)) >> u8(8 - rest) == 0;
}
