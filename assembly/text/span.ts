// A run of bytes as one value: its address in the low 32 bits, its length in the high 32. wasm32 has no second result, so
// a function that finds a text returns this.
import { endsText, isText, isTextFolded, sameBytes, startsText } from "./ascii.ts";

/** Address and length of a text. NO_SPAN is "absent"; an empty text that is there has an address and no length. */
export type Span = u64;

export const NO_SPAN: Span = 0;

// @ts-ignore: decorator
@inline
export function spanOf(at: usize, length: u32): Span {
  return ((<u64>length) << 32) | (<u64>at);
}

/** First byte. */
// @ts-ignore: decorator
@inline
export function spanStart(span: Span): usize {
  return <usize>(<u32>span);
}

/** Bytes. */
// @ts-ignore: decorator
@inline
export function spanLength(span: Span): u32 {
  return <u32>(span >> 32);
}

/** The address after the last byte. */
// @ts-ignore: decorator
@inline
export function spanEnd(span: Span): usize {
  return spanStart(span) + <usize>spanLength(span);
}

/** The bytes from `start` to `end`, which is the address after the last one. */
// @ts-ignore: decorator
@inline
export function spanBetween(start: usize, end: usize): Span {
  return spanOf(start, <u32>(end - start));
}

/** Whether two spans hold the same bytes. */
export function sameSpan(a: Span, b: Span): bool {
  return spanLength(a) == spanLength(b) && sameBytes(spanStart(a), spanStart(b), spanLength(a));
}

/** Whether the bytes are exactly this constant. */
export function spanIs(span: Span, constant: Ascii): bool {
  return isText(spanStart(span), spanLength(span), constant);
}

/** Whether the bytes are this lower-case constant, whatever the case of their letters. */
export function spanIsFolded(span: Span, constant: Ascii): bool {
  return isTextFolded(spanStart(span), spanLength(span), constant);
}

/** Whether the bytes begin with this constant. */
export function spanStarts(span: Span, constant: Ascii): bool {
  return startsText(spanStart(span), spanLength(span), constant);
}

/** Whether the bytes end with this constant. */
export function spanEnds(span: Span, constant: Ascii): bool {
  return endsText(spanStart(span), spanLength(span), constant);
}
