// Comparing and copying bytes, and ASCII constants: scripts/ascii-strings.mjs makes a string an address of bytes with
// their number in front. Nothing here reads outside of the texts that it is given.

/** First byte of a constant. */
// @ts-ignore: decorator
@inline
export function bytesOf(constant: string): usize {
  return changetype<usize>(constant) + 1;
}

/** Bytes of a constant. */
// @ts-ignore: decorator
@inline
export function sizeOf(constant: string): u32 {
  return load<u8>(changetype<usize>(constant));
}

/** Whether two texts of one length are the same. */
export function sameBytes(a: usize, b: usize, length: u32): bool {
  if (length < 4) {
    for (let i: u32 = 0; i < length; i++) {
      if (load<u8>(a + <usize>i) != load<u8>(b + <usize>i)) return false;
    }
    return true;
  }
  // The last piece overlaps the one before it.
  if (length < 8) {
    const last = <usize>length - 4;
    return load<u32>(a) == load<u32>(b) && load<u32>(a + last) == load<u32>(b + last);
  }
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
  }
  return load<u64>(a + last) == load<u64>(b + last);
}

/** Copies a text to where it does not lie; for a short one memory.copy has its price in a call. */
export function copyBytes(to: usize, from: usize, length: u32): void {
  if (length > 128) {
    memory.copy(to, from, length);
    return;
  }
  if (length < 4) {
    for (let i: u32 = 0; i < length; i++) store<u8>(to + <usize>i, load<u8>(from + <usize>i));
    return;
  }
  if (length < 8) {
    const last = <usize>length - 4;
    const end = load<u32>(from + last);
    store<u32>(to, load<u32>(from));
    store<u32>(to + last, end);
    return;
  }
  const last = <usize>length - 8;
  for (let i: usize = 0; i < last; i += 8) store<u64>(to + i, load<u64>(from + i));
  store<u64>(to + last, load<u64>(from + last));
}

/** A hash of bytes, eight at a time. */
export function hashBytes(seed: u64, at: usize, length: u32): u64 {
  let hash = seed ^ (<u64>length);
  let left = length;
  let p = at;
  for (; left >= 8; left -= 8, p += 8) hash = mix(hash ^ load<u64>(p));
  return mix(hash ^ tail(p, left));
}

// @ts-ignore: decorator
@inline
export function mix(value: u64): u64 {
  const product = value * 0x9e3779b97f4a7c15;
  return product ^ (product >> 32);
}

/** Whether a text can stand in a JSON string as it is: no quote, no backslash, nothing below a blank. */
export function isPlain(at: usize, length: u32): bool {
  let p = at;
  for (let left = length; left; left -= min(left, 8), p += 8) {
    let word = left < 8 ? tail(p, left) : load<u64>(p);
    if (left < 4) word |= 0x2020202020000000;
    if (hasSpecial(word)) return false;
  }
  return true;
}

/** Whether one of eight bytes is a quote, a backslash or below a blank. */
// @ts-ignore: decorator
@inline
function hasSpecial(word: u64): bool {
  const each: u64 = 0x0101010101010101;
  const quote = word ^ (each * 0x22);
  const backslash = word ^ (each * 0x5c);
  const found = ((word - each * 0x20) & ~word) | ((quote - each) & ~quote) | ((backslash - each) & ~backslash);
  return (found & (each * 0x80)) != 0;
}

/** The last bytes of a text, fewer than eight: each of them is in it, in the same places for the same length. */
function tail(at: usize, length: u32): u64 {
  if (length >= 4) return (<u64>load<u32>(at)) | ((<u64>load<u32>(at + <usize>length - 4)) << 32);
  if (!length) return 0;
  const middle = (<u32>load<u8>(at + <usize>(length >> 1))) << 8;
  return <u64>(load<u8>(at) | middle | ((<u32>load<u8>(at + <usize>length - 1)) << 16));
}

/** Whether the bytes are exactly this constant. */
export function isText(at: usize, length: u32, constant: string): bool {
  if (isString<string>()) ERROR(); // compile with the transform scripts/ascii-strings.mjs
  return length == sizeOf(constant) && sameBytes(at, bytesOf(constant), length);
}

/** Whether the bytes begin with this constant. */
export function startsText(at: usize, length: u32, constant: string): bool {
  return length >= sizeOf(constant) && sameBytes(at, bytesOf(constant), sizeOf(constant));
}

/** Whether the bytes end with this constant. */
export function endsText(at: usize, length: u32, constant: string): bool {
  const size = sizeOf(constant);
  return length >= size && sameBytes(at + <usize>(length - size), bytesOf(constant), size);
}

/** Whether the bytes are this lower-case constant, whatever the case of their letters. */
export function isTextFolded(at: usize, length: u32, constant: string): bool {
  if (length != sizeOf(constant)) return false;
  for (let i: u32 = 0; i < length; i++) {
    let c = <u32>load<u8>(at + <usize>i);
    if (c - 0x41 < 26) c |= 0x20;
    if (c != <u32>load<u8>(bytesOf(constant) + <usize>i)) return false;
  }
  return true;
}
