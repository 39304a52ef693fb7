// SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104). Not on the path of a request unless its policy asks for a hash. Its
// constants are worked out when they are first needed: they are the first 32 bits of the fractions of the square roots and
// cube roots of the first primes, which a double has exactly.
import { copyBytes } from "./ascii.ts";
import { reserve } from "../runtime/memory.ts";

const BLOCK: u32 = 64;
const LAST_WORD: u32 = 56; // where the length goes in the last block
export const SHA256_SIZE: u32 = 32;
const WORDS: u32 = 64; // of the schedule; as many rounds

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

const rounds: usize = memory.data(4 * 64, 16);
const schedule: usize = memory.data(4 * 64, 16);
const start: usize = memory.data(32, 16);
const state: usize = memory.data(64, 16); // the hash so far, then the variables of a block
const tail: usize = memory.data(128, 16);

/** Works out the constants. */
function prepare(): void {
  let count: u32 = 0;
  for (let n: u32 = 2; count < WORDS; n++) {
    let divisor: u32 = 2;
    while (n % divisor) divisor++;
    if (divisor < n) continue;
    if (count < SHA256_SIZE >> 2) store<u32>(start + wordAt(count), fraction(Math.sqrt(n)));
    let root: f64 = n;
    for (let steps = 0; steps < 64; steps++) root -= (root * root * root - n) / (3 * root * root);
    store<u32>(rounds + wordAt(count++), fraction(root));
  }
}

/** The first 32 bits of what follows the point. */
function fraction(value: f64): u32 {
  return <u32>((value - Math.floor(value)) * 4294967296);
}

// @ts-ignore: decorator
@inline
function wordAt(index: u32): usize {
  return (<usize>index) << 2;
}

/** Writes the hash of `length` bytes at `at` to `out`. */
export function sha256(at: usize, length: u32, out: usize): void {
  if (!load<u32>(start)) prepare();
  memory.copy(state, start, SHA256_SIZE);
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
  swapWords(state, SHA256_SIZE, out);
}

/** Writes big-endian words as little-endian ones, or the other way round. */
function swapWords(from: usize, size: u32, to: usize): void {
  for (let i: usize = 0; i < <usize>size; i += 4) store<u32>(to + i, bswap<u32>(load<u32>(from + i)));
}

function addBlock(at: usize): void {
  swapWords(at, BLOCK, schedule);
  for (let i: u32 = BLOCK >> 2; i < WORDS; i++) {
    const a = word(i - 15);
    const b = word(i - 2);
    const low = turned(a, 7, 18, 0) ^ a ^ (a >> 3);
    const high = turned(b, 17, 19, 0) ^ b ^ (b >> 10);
    store<u32>(schedule + wordAt(i), word(i - 16) + low + word(i - 7) + high);
  }
  const variables = state + SHA256_SIZE;
  memory.copy(variables, state, SHA256_SIZE);
  for (let i: u32 = 0; i < WORDS; i++) {
    addRound(changetype<Variables>(variables), load<u32>(rounds + wordAt(i)) + word(i));
  }
  for (let p = state; p < variables; p += 4) store<u32>(p, load<u32>(p) + load<u32>(p + SHA256_SIZE));
}

/** The sum, bit by bit, of a word turned by three numbers of bits. */
function turned(value: u32, x: u32, y: u32, z: u32): u32 {
  return rotr<u32>(value, x) ^ rotr<u32>(value, y) ^ rotr<u32>(value, z);
}

/** A word of the schedule. */
function word(index: u32): u32 {
  return load<u32>(schedule + wordAt(index));
}

/** One round: the variables a to h move on by one. */
function addRound(v: Variables, next: u32): void {
  const chosen = v.g ^ (v.e & (v.f ^ v.g));
  const most = (v.a & (v.b | v.c)) | (v.b & v.c);
  const one = v.h + turned(v.e, 6, 11, 25) + chosen + next;
  const two = turned(v.a, 2, 13, 22) + most;
  memory.copy(changetype<usize>(v) + sizeof<u32>(), changetype<usize>(v), SHA256_SIZE - sizeof<u32>());
  v.a = one + two;
  v.e += one;
}

/** Writes the HMAC of `length` bytes at `at` to `out`; false without memory. The key has 64 bytes. */
export function hmac(key: usize, at: usize, length: u32, out: usize): bool {
  const text = reserve(BLOCK + max(length, SHA256_SIZE));
  if (!text) return false;
  addKey(key, 0x36, text, at, length, out);
  addKey(key, 0x5c, text, out, SHA256_SIZE, out);
  return true;
}

/** The hash of the masked key and a text, which is put together at `room`. */
function addKey(key: usize, mask: u32, room: usize, at: usize, length: u32, out: usize): void {
  for (let i: usize = 0; i < BLOCK; i++) store<u8>(room + i, (<u32>load<u8>(key + i)) ^ mask);
  memory.copy(room + BLOCK, at, length);
  sha256(room, BLOCK + length, out);
}
