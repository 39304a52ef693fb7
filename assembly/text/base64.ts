// Base64 with the standard alphabet and padding (RFC 4648 section 4).

/** Decodes to `out`, which has room for three quarters of the length; returns the bytes written, 0 when it is not base64. */
export function decodeBase64(at: usize, length: u32, out: usize): u32 {
  if (length & 3) return 0;
  let q = out;
  let padding: u32 = 0;
  let group: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const c = load<u8>(at + <usize>i);
    let six = digit(c);
    if (six < 0) {
      if (c != 0x3d || i + 2 < length) return 0;
      padding++;
      six = 0;
    } else if (padding) return 0;
    group = (group << 6) | (<u32>six);
    if ((i & 3) != 3) continue;
    store<u8>(q, group >> 16);
    store<u8>(q, group >> 8, 1);
    store<u8>(q, group, 2);
    q += 3;
  }
  return <u32>(q - out) - padding;
}

function digit(c: u32): i32 {
  if (c - 0x41 < 26) return c - 0x41;
  if (c - 0x61 < 26) return c - 0x61 + 26;
  if (c - 0x30 < 10) return c - 0x30 + 52;
  return c == 0x2b ? 62 : c == 0x2f ? 63 : -1;
}
