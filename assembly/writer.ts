// Writing answers: text grows in the region, at most `capacity` bytes; what does not fit is left out and remembered.
import { isNewest, reserve, trimRegion } from "./memory.ts";

let start: usize = 0;
let at: usize = 0;
let limit: usize = 0;
let full: bool = false;

/** Begins a text of at most `capacity` bytes. */
export function begin(capacity: u32): void {
  start = reserve(capacity);
  at = start;
  limit = start ? start + <usize>capacity : 0;
  full = start == 0;
}

/** Ends the text and gives its first byte; its length is `written()`. */
export function finish(): usize {
  if (start && isNewest(limit)) trimRegion(at);
  return start;
}

/** Where the next byte goes. */
export function position(): usize {
  return at;
}

export function written(): u32 {
  return <u32>(at - start);
}

/** Whether something did not fit. */
export function overflowed(): bool {
  return full;
}

export function putByte(byte: u32): void {
  if (at >= limit) {
    full = true;
    return;
  }
  store<u8>(at++, byte);
}

/** Adds an ASCII constant. */
export function put(text: string): void {
  const length = <u32>text.length;
  if (!start || at + <usize>length > limit) {
    full = true;
    return;
  }
  const from = changetype<usize>(text); // UTF-16, of which an ASCII constant has the low bytes
  for (let i: usize = 0; i < <usize>length; i++) store<u8>(at + i, load<u16>(from + (i << 1)));
  at += <usize>length;
}

export function putBytes(from: usize, length: u32): void {
  if (!start || at + <usize>length > limit) {
    full = true;
    return;
  }
  memory.copy(at, from, length);
  at += <usize>length;
}

export function putNumber(value: u32): void {
  if (value >= 10) putNumber(value / 10);
  putByte(0x30 + (value % 10));
}

/** Adds a u32 in little-endian order. */
export function putWord(value: u32): void {
  if (at + 4 > limit) {
    full = true;
    return;
  }
  store<u32>(at, value);
  at += 4;
}

/** Adds raw UTF-8 as the inside of a JSON string. */
export function putJson(from: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(from + <usize>i);
    if (c == 0x22 || c == 0x5c) {
      putByte(0x5c);
      putByte(c);
    } else if (c < 0x20) {
      put("\\u00");
      putHex(c >> 4);
      putHex(c & 15);
    } else putByte(c);
  }
}

function putHex(digit: u32): void {
  putByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
}

/** Adds 16 hexadecimal digits. */
export function putHex64(value: u64): void {
  for (let shift: i32 = 60; shift >= 0; shift -= 4) putHex((<u32>(value >> shift)) & 15);
}
