// What reading a string or a key results in, as one value: the address after it in the low 32 bits; in the high 32, the
// marks of a string or the slot of a key's value. 0 when it was refused (failure.ts).

export type Reading = u64;

// @ts-ignore: decorator
@inline
export function readingOf(end: usize, found: u32): Reading {
  return ((<u64>found) << 32) | (<u64>end);
}

/** The address after what was read. */
// @ts-ignore: decorator
@inline
export function readingEnd(reading: Reading): usize {
  return <usize>(<u32>reading);
}

/** Marks of a string (slots.ts): MARK_ESCAPED or 0. */
// @ts-ignore: decorator
@inline
export function readingMarks(reading: Reading): u32 {
  return <u32>(reading >> 32);
}

/** Slot of a key's value; NONE when nobody asks for it. */
// @ts-ignore: decorator
@inline
export function readingSlot(reading: Reading): u32 {
  return <u32>(reading >> 32);
}
