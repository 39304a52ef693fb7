// A code point that was read from a text, and where the text goes on, as one value: the address after the code point in the
// low 32 bits, the code point in the high 32.

export type Point = u64;

// @ts-ignore: decorator
@inline
export function pointOf(code: u32, end: usize): Point {
  return ((<u64>code) << 32) | (<u64>end);
}

/** The code point. */
// @ts-ignore: decorator
@inline
export function codeOf(point: Point): u32 {
  return <u32>(point >> 32);
}

/** The address after its last byte. */
// @ts-ignore: decorator
@inline
export function pointEnd(point: Point): usize {
  return <usize>(<u32>point);
}
