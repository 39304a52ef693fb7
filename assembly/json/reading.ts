// What reading a string results in, as one value: the address after it in the low 32 bits, its marks (slots.ts) in the
// high 32. 0 when it was refused (failure.ts).

export type Reading = u64;

// @ts-ignore: decorator
@inline
export function readingOf(end: usize, marks: u32): Reading {
  return ((<u64>marks) << 32) | (<u64>end);
}

/** The address after the string's closing quote. */
// @ts-ignore: decorator
@inline
export function readingEnd(reading: Reading): usize {
  return <usize>(<u32>reading);
}

/** MARK_ESCAPED or 0. */
// @ts-ignore: decorator
@inline
export function readingMarks(reading: Reading): u32 {
  return <u32>(reading >> 32);
}
