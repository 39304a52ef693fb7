// SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104). Not on the path of a request unless its policy asks for a hash.
import { copyBytes } from "./ascii.ts";
import { reserve } from "../runtime/memory.ts";

const BLOCK: u32 = 64;
const LAST_WORD: u32 = 56; // where the length goes in the last block
export const SHA256_SIZE: u32 = 32;

/** The variables of a block. */
@unmanaged
class Variables {
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  e: u32;
  f: u32;
  g: u32;
  h: u32;
}

// prettier-ignore
const ROUNDS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
  0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
  0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
  0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
  0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
// prettier-ignore
const START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const schedule: usize = memory.data(4 * 64, 16);
const state: usize = memory.data(64, 16); // the hash so far, then the eight variables of a block
const tail: usize = memory.data(128, 16);

/** Writes the hash of `length` bytes at `at` to `out`. */
export function sha256(at: usize, length: u32, out: usize): void {
  memory.copy(state, START, SHA256_SIZE);
  let p = at;
  const whole = at + <usize>(length & ~(BLOCK - 1));
  for (; p < whole; p += BLOCK) addBlock(p);
  const left = length & (BLOCK - 1);
  const size = left < LAST_WORD ? BLOCK : 2 * BLOCK;
  memory.fill(tail, 0, size);
  copyBytes(tail, p, left);
  store<u8>(tail + <usize>left, 0x80);
  store<u64>(tail + <usize>(size - 8), bswap<u64>((<u64>length) << 3));
  for (p = tail; p < tail + <usize>size; p += BLOCK) addBlock(p);
  for (let i: usize = 0; i < SHA256_SIZE; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(state + i)));
}

function addBlock(at: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(schedule + i, bswap<u32>(load<u32>(at + i)));
  for (let i: u32 = 16; i < 64; i++) {
    const a = word(i - 15);
    const b = word(i - 2);
    const low = turned(a, 7, 18, 0) ^ a ^ (a >> 3);
    const high = turned(b, 17, 19, 0) ^ b ^ (b >> 10);
    store<u32>(schedule + ((<usize>i) << 2), word(i - 16) + low + word(i - 7) + high);
  }
  const v = state + SHA256_SIZE;
  memory.copy(v, state, SHA256_SIZE);
  for (let i: usize = 0; i < 4 * 64; i += 4)
    addRound(changetype<Variables>(v), load<u32>(ROUNDS + i) + load<u32>(schedule + i));
  for (let i: usize = 0; i < SHA256_SIZE; i += 4) store<u32>(state + i, load<u32>(state + i) + load<u32>(v + i));
}

/** The sum, bit by bit, of a word turned by three numbers of bits. */
function turned(value: u32, x: u32, y: u32, z: u32): u32 {
  return rotr<u32>(value, x) ^ rotr<u32>(value, y) ^ rotr<u32>(value, z);
}

/** A word of the schedule. */
function word(index: u32): u32 {
  return load<u32>(schedule + ((<usize>index) << 2));
}

/** One round: the variables a to h move on by one. */
function addRound(v: Variables, next: u32): void {
  const chosen = (v.e & v.f) ^ (~v.e & v.g);
  const one = v.h + turned(v.e, 6, 11, 25) + chosen + next;
  const most = (v.a & v.b) ^ (v.a & v.c) ^ (v.b & v.c);
  const two = turned(v.a, 2, 13, 22) + most;
  memory.copy(changetype<usize>(v) + sizeof<u32>(), changetype<usize>(v), SHA256_SIZE - sizeof<u32>());
  v.a = one + two;
  v.e += one;
}

/** Writes the HMAC of `length` bytes at `at` to `out`; false without memory. The key has 64 bytes. */
export function hmac(key: usize, at: usize, length: u32, out: usize): bool {
  const text = reserve(BLOCK + max(length, SHA256_SIZE));
  if (!text) return false;
  mask(key, 0x36, text);
  memory.copy(text + BLOCK, at, length);
  sha256(text, BLOCK + length, out);
  mask(key, 0x5c, text);
  memory.copy(text + BLOCK, out, SHA256_SIZE);
  sha256(text, BLOCK + SHA256_SIZE, out);
  return true;
}

function mask(key: usize, pad: u32, out: usize): void {
  for (let i: usize = 0; i < BLOCK; i++) store<u8>(out + i, (<u32>load<u8>(key + i)) ^ pad);
}
