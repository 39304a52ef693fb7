// The lines of an event stream, in two readings that must agree: the standard's (WHATWG HTML, server-sent events: lines end with
// CR, LF or both), and that of clients that know only LF as the end and trim what is around a field's name.
import { CARRIAGE_RETURN, COLON, LINE_FEED, SPACE } from "../text/chars.ts";
import { bytesOf, sameBytes, sizeOf, startsText } from "../text/ascii.ts";
import { Span, spanBetween } from "../text/span.ts";

const DATA = "data";

/** The first CR or LF from `at` on; `end` when there is none. */
export function lineEnd(at: usize, end: usize): usize {
  const feed = i8x16.splat(<i8>LINE_FEED);
  const carriage = i8x16.splat(<i8>CARRIAGE_RETURN);
  for (let p = at; p < end; p += 16) {
    const v = v128.load(p);
    const found = i8x16.bitmask(v128.or(i8x16.eq(v, feed), i8x16.eq(v, carriage)));
    if (found) return min(p + <usize>ctz(found), end);
  }
  return end;
}

/** The address after the line end at `at`, which is CR, LF or CR LF. */
export function afterLineEnd(at: usize, end: usize): usize {
  const isPair = load<u8>(at) == CARRIAGE_RETURN && at + 1 < end && load<u8>(at, 1) == LINE_FEED;
  return at + (isPair ? 2 : 1);
}

/** Whether the line is one of this field. */
export function isField(at: usize, end: usize, name: Ascii): bool {
  const size = <usize>sizeOf(name);
  if (at + size > end || !startsText(at, <u32>(end - at), name)) return false;
  return at + size == end || load<u8>(at + size) == COLON;
}

/** Whether the line is data for the standard. */
export function isData(at: usize, end: usize): bool {
  return isField(at, end, DATA);
}

/** The value of a line of data, without the one space after the colon. */
export function dataOf(at: usize, end: usize): Span {
  const from = min(at + sizeOf(DATA) + 1, end);
  return spanBetween(from < end && load<u8>(from) == SPACE ? from + 1 : from, end);
}

/** Whether the line is data for some client: some trim blanks of Unicode around the name. */
export function isDataForSome(at: usize, end: usize): bool {
  const name = skipBlanks(at, end);
  const after = name + sizeOf(DATA);
  if (after > end || !sameBytes(name, bytesOf(DATA), sizeOf(DATA))) return false;
  const p = skipBlanks(after, end);
  return p == end || load<u8>(p) == COLON;
}

/** The first byte from `at` on that is no blank. */
function skipBlanks(at: usize, end: usize): usize {
  let p = at;
  while (p < end) {
    const size = blankSize(p);
    if (!size) break;
    p += size;
  }
  return min(p, end);
}

/** Bytes of the blank at `at`, as Unicode's White_Space has it; 0 when it is none. A byte order mark is none. */
function blankSize(at: usize): usize {
  const c = <u32>load<u8>(at);
  if (c <= SPACE) return 1;
  const second = <u32>load<u8>(at, 1);
  if (c == 0xc2) return second == 0x85 || second == 0xa0 ? 2 : 0; // U+0085, U+00A0
  if (c != 0xe1 && c != 0xe2 && c != 0xe3) return 0;
  const third = <u32>load<u8>(at, 2);
  const code = ((c & 15) << 12) | ((second & 63) << 6) | (third & 63);
  return isWideBlank(code) ? 3 : 0;
}

function isWideBlank(code: u32): bool {
  const isSpace = code == 0x1680 || code == 0x202f || code == 0x205f || code == 0x3000;
  return isSpace || code - 0x2000 <= 10 || code - 0x2028 <= 1;
}
