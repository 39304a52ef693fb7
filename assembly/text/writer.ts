// Writing answers: text grows in the region, at most `capacity` bytes; what does not fit is left out and remembered.
import { bytesOf, copyBytes, isPlain, sizeOf } from "./ascii.ts";
import { isNewest, reserve, trimRegion } from "../runtime/memory.ts";

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
export function put(constant: Ascii): void {
  putBytes(bytesOf(constant), sizeOf(constant));
}

export function putBytes(from: usize, length: u32): void {
  if (at + <usize>length > limit) {
    full = true;
    return;
  }
  putStart(from, length);
}

export function putNumber(value: u32): void {
  if (value >= 10) putNumber(value / 10);
  putByte(0x30 + (value % 10));
}

/** Adds raw UTF-8 as the inside of a JSON string. */
export function putJson(from: usize, length: u32): void {
  if (isPlain(from, length)) return putStart(from, length);
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(from + <usize>i);
    if (c == 0x22 || c == 0x5c) putByte(0x5c);
    if (c >= 0x20) putByte(c);
    else {
      put("\\u00");
      putHex(c >> 4);
      putHex(c & 15);
    }
  }
}

/** Adds as much of a text as fits. Where there is room behind it, pieces of 16 bytes are copied whole. */
function putStart(from: usize, length: u32): void {
  const behind = at + <usize>length;
  if (behind + 16 > limit) {
    const fits = min(length, <u32>(limit - at));
    if (fits < length) full = true;
    copyBytes(at, from, fits);
    at += <usize>fits;
    return;
  }
  let p = from;
  for (let to = at; to < behind; to += 16, p += 16) v128.store(to, v128.load(p));
  at = behind;
}

// @ts-ignore: decorator
@inline
function putHex(digit: u32): void {
  putByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
}

/** Adds 16 hexadecimal digits. */
export function putHex64(value: u64): void {
  if (at + 16 > limit) {
    full = true;
    return;
  }
  store<u64>(at, hexDigits(value >> 32));
  store<u64>(at, hexDigits(value & 0xffffffff), 8);
  at += 16;
}

/** The eight digits of 32 bits, one in each byte: the half bytes are spread, then all made digits at once. */
function hexDigits(value: u64): u64 {
  let x = ((value << 16) | value) & 0x0000ffff0000ffff;
  x = ((x << 8) | x) & 0x00ff00ff00ff00ff;
  x = ((x << 4) | x) & 0x0f0f0f0f0f0f0f0f;
  const letters = ((x + 0x0606060606060606) >> 4) & 0x0101010101010101;
  return bswap<u64>(x + 0x3030303030303030 + letters * 39);
}
