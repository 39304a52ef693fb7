// Strings of the body as UTF-8.
import { envelopeSlot, MARK_ESCAPED } from "./slots.ts";
import { BACKSLASH, LOWER_U, QUOTE } from "../text/chars.ts";
import { decodeString } from "../text/escape.ts";
import { NO_SPAN, Span, spanOf } from "../text/span.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";

/** The digits of an escaped NUL, as one little-endian number. */
const FOUR_ZEROS: u32 = 0x30303030;

/** The string in a slot of the envelope; NO_SPAN when the slot is empty or not a string, or memory is exhausted. */
export function decodeSlot(slot: u32): Span {
  const record = envelopeSlot(slot);
  const at = record.start;
  if (!at || load<u8>(at) != QUOTE) return NO_SPAN;
  return decodeText(at, record.end, record.marks & MARK_ESCAPED);
}

/** Whether a string in a slot of the envelope, or one inside the value there, has a NUL, which JSON writes as an escape. */
export function escapesNul(slot: u32): bool {
  const record = envelopeSlot(slot);
  if (!record.start || (load<u8>(record.start) == QUOTE && !(record.marks & MARK_ESCAPED))) return false;
  for (let p = record.start; p < record.end; p++) {
    if (load<u8>(p) != BACKSLASH) continue;
    p++;
    if (load<u8>(p) == LOWER_U && load<u32>(p, 1) == FOUR_ZEROS) return true;
  }
  return false;
}

/** The string whose text, quotes included, is [at, end); NO_SPAN when memory is exhausted. */
export function decodeText(at: usize, end: usize, escaped: u32): Span {
  const length = <u32>(end - at) - 2;
  return escaped ? decodeEscapes(at + 1, length, 0) : spanOf(at + 1, length);
}

/**
 * Decodes a string's text between the quotes into the region, with `padding` readable bytes after it; NO_SPAN when memory
 * is exhausted.
 */
export function decodeEscapes(start: usize, length: u32, padding: u32): Span {
  const out = reserve(length + padding);
  if (!out) return NO_SPAN;
  const end = decodeString(start, start + <usize>length, out);
  trimRegion(end + <usize>padding);
  return spanOf(out, <u32>(end - out));
}
