// A run of bytes as one value: its address in the low 32 bits, its length in the high 32. wasm32 has no second result, so
// a function that finds a text returns this.

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
