// The keys of the objects that are open while a text is read, to find a key that occurs twice in one object.
// Every key has a fingerprint: up to seven bytes the key itself, above that a hash of 63 bits with a seed that callers do
// not know. Two keys with one fingerprint count as the same: a duplicate key never passes, and a wrong refusal happens about
// once in 2^30 objects of the largest size. In an object of up to LINEAR keys each new key is compared with those before
// it; larger objects are checked once, when they close (`distinct`).
//
// Per key: its fingerprint u64, in the order of the text.
import { NO_REASON, Reason } from "../program.ts";
import { allocate, release, reserve, trimRegion } from "../runtime/memory.ts";

/** How many keys of an object at most are compared with each other as they come. */
export const LINEAR: u32 = 16;
const FIRST_KEYS: u32 = 1024;
/** Keys of all objects that are open at once. */
const MAX_OPEN_KEYS: u32 = 131072;
/** Rounds of `distinct`. */
const ROUNDS: u32 = 8;
/** Where a word of the table of `distinct` has the bits that are set twice. */
const TWICE: usize = 4;
const STEP: u64 = 0xd6e8feb86659fd93;

let prints: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
let seed: u64 = 0x9e3779b97f4a7c15;
let seeded: bool = false;

/** Makes the hashes unpredictable for callers. Only once, as templates keep fingerprints. */
export function seedKeys(entropy: u64): void {
  if (seeded) return;
  seeded = true;
  seed ^= entropy * STEP;
  seed |= 1;
}

export function clearKeys(): void {
  count = 0;
}

/** Forgets the keys from the index `base` on: of objects that were not read to their end. */
export function dropKeys(base: u32): void {
  count = base;
}

export function keyCount(): u32 {
  return count;
}

/** The address of a key's fingerprint. */
// @ts-ignore: decorator
@inline
function printOf(key: u32): usize {
  return prints + ((<usize>key) << 3);
}

/** Adds a key; NO_REASON, or why it is refused. */
// @ts-ignore: decorator
@inline
export function pushKey(print: u64): i32 {
  if (count == capacity && !enlarge()) return Reason.too_many_members;
  store<u64>(printOf(count), print);
  count++;
  return NO_REASON;
}

/** Adds a key unless it is one of those before it in its object, whose first key has the index `base`. */
// @ts-ignore: decorator
@inline
export function pushCompared(print: u64, base: u32): i32 {
  const end = printOf(count);
  for (let other = printOf(base); other < end; other += 8) {
    if (load<u64>(other) == print) return Reason.duplicate_key;
  }
  return pushKey(print);
}

/** Forgets the keys from `base` on; false when one of them occurred twice. */
export function closeKeys(base: u32): bool {
  const members = count - base;
  const fine = members <= LINEAR || distinct(printOf(base), members);
  count = base;
  return fine;
}

function enlarge(): bool {
  const wanted = capacity ? capacity * 2 : FIRST_KEYS;
  if (wanted > MAX_OPEN_KEYS) return false;
  const fresh = allocate(wanted << 3);
  if (!fresh) return false;
  memory.copy(fresh, prints, (<usize>count) << 3);
  release(prints);
  prints = fresh;
  capacity = wanted;
  return true;
}

/** The fingerprint of a key. */
// @ts-ignore: decorator
@inline
export function fingerprint(at: usize, length: u32): u64 {
  // The text is padded, so eight bytes are readable even where the key is shorter.
  if (length < 8) return (load<u64>(at) & (((<u64>1) << (length << 3)) - 1)) | ((<u64>length) << 56);
  return hashKey(at, length) | 0x8000000000000000;
}

function hashKey(at: usize, length: u32): u64 {
  let hash = seed ^ (<u64>length);
  let p = at;
  const last = at + <usize>length - 8;
  for (; p < last; p += 8) hash = mix(hash ^ load<u64>(p));
  return mix(hash ^ load<u64>(last));
}

/** A bijection, so that different keys of eight bytes have different hashes. */
// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  const product = value * seed;
  return (product ^ (product >> 32)) * STEP;
}

/**
 * Whether `members` fingerprints are all different; the call destroys them. In each round every one sets a bit of a table
 * with at least eight bits for each, and only those that share theirs with another one stay for the next round, with other
 * bits. Duplicates always survive. Others survive all rounds together about once in 2^50 objects, so whatever is left then
 * counts as duplicates. No branch depends on a fingerprint, and the table fits into a cache: the processor works on many at
 * once.
 */
function distinct(first: usize, members: u32): bool {
  const bits: u32 = 32 - <u32>clz((members - 1) | 63);
  const size: u32 = 2 << bits;
  const table = reserve(size);
  if (!table) return false;
  let multiplier = seed;
  let end = first + ((<usize>members) << 3);
  for (let round: u32 = 0; end != first && round < ROUNDS; round++) {
    memory.fill(table, 0, size);
    end = sift(first, end, table, multiplier, 61 - bits);
    multiplier *= STEP;
  }
  trimRegion(table);
  return end == first;
}

/** One round: keeps those of the fingerprints that share a bit with another one; returns where they end. */
// @ts-ignore: decorator
@inline
function sift(first: usize, end: usize, table: usize, multiplier: u64, shift: u64): usize {
  for (let p = first; p < end; p += 8) {
    const bit = <u32>((load<u64>(p) * multiplier) >> shift);
    const word = table + wordOf(bit);
    const mask = <u64>((<u32>1) << bit);
    const seen = load<u64>(word);
    store<u64>(word, seen | mask | ((seen & mask) << 32));
  }
  let kept = first;
  for (let p = first; p < end; p += 8) {
    const print = load<u64>(p);
    const bit = <u32>((print * multiplier) >> shift);
    const twice = load<u32>(table + wordOf(bit), TWICE);
    store<u64>(kept, print);
    kept += (<usize>((twice >> bit) & 1)) << 3;
  }
  return kept;
}

/** The address of a bit's word in the table: 32 bits that are set, followed by 32 that are set twice. */
// @ts-ignore: decorator
@inline
function wordOf(bit: u32): usize {
  return (<usize>(bit >> 2)) & ~7;
}
