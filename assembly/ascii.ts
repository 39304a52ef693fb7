// Comparing bytes with ASCII constants.

/** Whether the bytes are exactly this constant. */
export function isText(at: usize, length: u32, constant: string): bool {
  return length == <u32>constant.length && startsText(at, length, constant);
}

/** Whether the bytes begin with this constant. */
export function startsText(at: usize, length: u32, constant: string): bool {
  const size = <u32>constant.length;
  if (length < size) return false;
  const from = changetype<usize>(constant); // UTF-16, of which an ASCII constant has the low bytes
  for (let i: usize = 0; i < <usize>size; i++) {
    if (<u32>load<u8>(at + i) != <u32>load<u16>(from + (i << 1))) return false;
  }
  return true;
}

/** Whether the bytes end with this constant. */
export function endsText(at: usize, length: u32, constant: string): bool {
  const size = <u32>constant.length;
  return length >= size && startsText(at + <usize>(length - size), size, constant);
}

/** Whether the bytes are this lower-case constant, whatever the case of their letters. */
export function isTextFolded(at: usize, length: u32, constant: string): bool {
  if (length != <u32>constant.length) return false;
  for (let i: u32 = 0; i < length; i++) {
    let c = <u32>load<u8>(at + <usize>i);
    if (c - 0x41 < 26) c |= 0x20;
    if (c != <u32>load<u16>(changetype<usize>(constant) + ((<usize>i) << 1))) return false;
  }
  return true;
}
