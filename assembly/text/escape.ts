// JSON string escapes, checked and decoded.

/** What stands for what cannot be decoded. */
export const REPLACEMENT: u32 = 0xfffd;

/** Behind the escape that escapeAt read last. */
export let escapeEnd: usize = 0;

/** The UTF-16 unit that four hexadecimal digits stand for; -1 when they are not four. */
export function decodeHex4(at: usize): i32 {
  let unit: i32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c = <i32>load<u8>(at + i);
    let digit = c - 0x30;
    if (<u32>digit > 9) {
      digit = (c | 0x20) - 0x57;
      if (digit < 10 || digit > 15) return -1;
    }
    unit = (unit << 4) | digit;
  }
  return unit;
}

/** Writes one code point as UTF-8 and returns the address behind it. */
export function writeUtf8(out: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(out, point);
    return out + 1;
  }
  const size: usize = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  let rest = point;
  for (let q = out + size - 1; q > out; q--) {
    store<u8>(q, 0x80 | (rest & 0x3f));
    rest >>= 6;
  }
  store<u8>(out, (0xff00 >> (<u32>size)) | rest); // as many leading ones as bytes
  return out + size;
}

/** The code point of the JSON escape at `at`; a lone surrogate is U+FFFD. */
export function escapeAt(at: usize): u32 {
  const c = <u32>load<u8>(at, 1);
  escapeEnd = at + 2;
  if (c == 0x62) return 8;
  if (c == 0x66) return 12;
  if (c == 0x6e) return 10;
  if (c == 0x72) return 13;
  if (c == 0x74) return 9;
  if (c != 0x75) return c;
  const unit = <u32>decodeHex4(at + 2);
  escapeEnd = at + 6;
  if (unit >> 11 != 0x1b) return unit;
  if (unit >= 0xdc00 || load<u16>(at, 6) != 0x755c) return REPLACEMENT;
  const low = <u32>decodeHex4(at + 8) - 0xdc00;
  if (low >= 0x400) return REPLACEMENT;
  escapeEnd = at + 12;
  return 0x10000 + ((unit - 0xd800) << 10) + low;
}

/**
 * Decodes the checked JSON string text [start, end) (between the quotes) to UTF-8 at `out`, which has room for
 * end - start bytes. Returns the address behind what was written.
 */
export function decodeString(start: usize, end: usize, out: usize): usize {
  let p = start;
  let q = out;
  while (p < end) {
    const c = load<u8>(p);
    if (c != 0x5c) {
      store<u8>(q++, c);
      p++;
    } else {
      q = writeUtf8(q, escapeAt(p));
      p = escapeEnd;
    }
  }
  return q;
}
