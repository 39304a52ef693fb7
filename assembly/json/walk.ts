// Walking JSON that has been checked already, in place: the end of a value, the elements and members of a container. One
// extension, for claims: the byte 1 and eight raw bytes are a double.

export const QUOTE: u32 = 0x22;

export const RAW_DOUBLE: u32 = 1;

/** Whether the string that was passed last has escapes. */
export let escaped: u32 = 0;

/** Behind the string whose opening quote is at `at`. Reads aligned blocks, so never beyond the memory. */
export function skipString(at: usize): usize {
  let p = at + 1;
  escaped = 0;
  while (true) {
    let block = p & ~(<usize>15);
    let mask = (stops(block) >> ((<i32>p) & 15)) << ((<i32>p) & 15);
    while (mask == 0) {
      block += 16;
      mask = stops(block);
    }
    p = block + <usize>ctz(mask);
    if (load<u8>(p) == QUOTE) return p + 1;
    escaped = 1;
    p += 2;
  }
}

/** One bit for each quote and backslash among 16 bytes. */
function stops(block: usize): i32 {
  const bytes = v128.load(block);
  return i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))));
}

/** Behind the value at `at`. */
export function skipValue(at: usize): usize {
  escaped = 0;
  let depth = 0;
  let p = at;
  do {
    const c = <u32>load<u8>(p);
    if (c == QUOTE) p = skipString(p);
    else if (c == RAW_DOUBLE) p += 9;
    else {
      p++;
      if ((c | 0x20) == 0x7b) depth++;
      else if (isClosing(c)) depth--;
      else if (depth == 0) p = skipScalar(p);
    }
  } while (depth > 0);
  return p;
}

/** Whether a character is the closing bracket of a list or of a map; they differ in one bit. */
function isClosing(c: u32): bool {
  return (c | 0x20) == 0x7d;
}

function skipScalar(at: usize): usize {
  let p = at;
  while (true) {
    const c = load<u8>(p);
    if (c <= 0x20 || c == 0x2c || isClosing(c)) return p;
    p++;
  }
}

export function skipBlank(at: usize): usize {
  let p = at;
  while (load<u8>(p) <= 0x20 && load<u8>(p) > RAW_DOUBLE) p++;
  return p;
}

/** The first element, or key, of the container whose bracket is at `at`; 0 when it is empty. */
export function firstItem(at: usize): usize {
  const p = skipBlank(at + 1);
  const c = load<u8>(p);
  return isClosing(c) ? 0 : p;
}

/** The element, or key, that follows the value which ends at `at`; 0 when there is none. */
export function nextItem(at: usize): usize {
  const p = skipBlank(at);
  return load<u8>(p) == 0x2c ? skipBlank(p + 1) : 0;
}
