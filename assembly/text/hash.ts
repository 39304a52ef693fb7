// Hashes of bytes, and the open-addressed tables that they index.

/** A hash of bytes, eight at a time. */
export function hashBytes(seed: u64, at: usize, length: u32): u64 {
  let hash = seed ^ (<u64>length);
  let left = length;
  let p = at;
  for (; left >= 8; left -= 8, p += 8) hash = mix(hash ^ load<u64>(p));
  return mix(hash ^ (load<u64>(p) & (((<u64>1) << (left << 3)) - 1)));
}

/** Every input bit affects the low bits of the result; in a product alone only the low ones do. */
// @ts-ignore: decorator
@inline
export function mix(value: u64): u64 {
  const product = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15;
  return product ^ (product >> 32);
}

/** Places of an open-addressed table for `count` keys, which then is at most half full; a power of two. */
export function placesFor(count: u32): u32 {
  return 1 << (33 - <u32>clz(max(count, 2) - 1));
}
