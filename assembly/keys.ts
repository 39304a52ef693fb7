// The keys of the objects that are open while a text is read, to find a key that stands twice in one object.
// Every key has a fingerprint: up to seven bytes the key itself, above that a hash. In an object of up to
// LINEAR keys each new key is compared with those before it; larger objects are checked once, when they close.
//
// Objects in a list mostly have the same keys in the same order. So the keys of the object that closed last are kept as
// a template, for each depth and for keys at odd and at even places of the object around it. As long as an object's keys
// are the template's, byte by byte, they are all different, and nothing is kept of them; at the first other key those so
// far are taken over, and it goes on as usual.
//
// A key:  0: fingerprint u64   8: address of its decoded bytes   12: length
// A key of a template: the same   16: a bit for each byte of the key with its quotes and colon   20: how many these are;
//                     behind the last one there is one that no text is equal to
import { Reason } from "./program.ts";
import { allocate, release, reserve, trimRegion } from "./memory.ts";
import { decodeString } from "./escape.ts";

const KEY: usize = 16;
const LINEAR: u32 = 16;
const FIRST_KEYS: u32 = 1024;
/** Keys of open objects at once, in a whole text. */
export const MAX_OPEN_KEYS: u32 = 131072;
const INDEX: u32 = 0x3ffff; // holds MAX_OPEN_KEYS
const OK: i32 = -1;

/** Depths that have templates, the outermost ones. */
const TEMPLATE_DEPTHS: u32 = 16;
const TEMPLATE: usize = 544; // 17 keys
const TEMPLATE_KEY: usize = 32;
const MASK: usize = 16;
const WHOLE: usize = 20;
const LONGEST: u32 = 13; // with quotes and colon one look
const templates: usize = memory.data(2 * 16 * 544, 16);
let templatesEnd: usize = templates; // behind the last one in use

let keys: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;
let seed: u64 = 0x9e3779b97f4a7c15;

/** Makes the hashes unforeseeable for callers. Before any fingerprint is kept. */
export function seedKeys(entropy: u64): void {
  seed ^= entropy * 0xd6e8feb86659fd93;
  seed |= 1;
}

export function openKeys(): void {
  count = 0;
  templatesEnd = templates;
}

/**
 * The template for objects at a depth, 0 being the outermost; 0 where there is none. `around` is the next key of the
 * template that the object around follows.
 */
export function templateOf(depth: u32, around: usize): usize {
  if (depth >= TEMPLATE_DEPTHS) return 0;
  const template = templates + (((<usize>depth) << 1) | ((around / TEMPLATE_KEY) & 1)) * TEMPLATE;
  for (; templatesEnd <= template; templatesEnd += TEMPLATE) endTemplate(templatesEnd);
  return template;
}

/** Whether the text at `at` is the template's key `expected`, its quotes and the colon behind it. */
// @ts-ignore: decorator
@inline
export function isExpected(at: usize, expected: usize): bool {
  const same = i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(<usize>load<u32>(expected, 8) - 1)));
  const mask = load<i32>(expected, MASK);
  return (same & mask) == mask;
}

/** Bytes of a template's key with its quotes and colon. */
// @ts-ignore: decorator
@inline
export function expectedSize(expected: usize): usize {
  return <usize>load<u32>(expected, WHOLE);
}

/** The template's key behind `expected`. */
// @ts-ignore: decorator
@inline
export function nextExpected(expected: usize): usize {
  return expected + TEMPLATE_KEY;
}

/** Takes over the template's keys before `expected`, for an object that goes on differently; -1, or why it is refused. */
export function adoptKeys(template: usize, expected: usize): i32 {
  for (let key = template; key < expected; key += TEMPLATE_KEY) {
    if (count == capacity && !enlarge()) return Reason.too_many_members;
    v128.store(keys + <usize>count * KEY, v128.load(key));
    count++;
  }
  return OK;
}

/** Makes a template of the keys from `base` on, as far as they stand in the text [from, to) without escapes and blanks. */
export function keepKeys(template: usize, base: u32, from: usize, to: usize): void {
  let kept = template;
  if (count - base <= LINEAR) {
    const end = keys + <usize>count * KEY;
    for (let key = keys + <usize>base * KEY; key < end; key += KEY) {
      const at = <usize>load<u32>(key, 8);
      const length = load<u32>(key, 12);
      if (at - from >= to - from || length > LONGEST || load<u16>(at + <usize>length) != 0x3a22) break;
      v128.store(kept, v128.load(key));
      store<u32>(kept, length + 3, WHOLE);
      store<u32>(kept, (1 << (length + 3)) - 1, MASK);
      kept += TEMPLATE_KEY;
    }
  }
  endTemplate(kept);
}

function endTemplate(at: usize): void {
  store<u32>(at, <u32>templates + 1, 8);
  store<u32>(at, 1 << 16, MASK); // asks for a byte that is not looked at
}

export function keyCount(): u32 {
  return count;
}

/** Decoded bytes of the newest key. */
export function openKey(): usize {
  return <usize>load<u32>(keys + <usize>(count - 1) * KEY, 8);
}

export function openKeyLength(): u32 {
  return load<u32>(keys + <usize>(count - 1) * KEY, 12);
}

/** Takes a key of an object whose first key has the index `base`, from its text with escapes; -1, or why it is refused. */
export function pushEscapedKey(start: usize, size: u32, base: u32): i32 {
  const at = reserve(size + 8); // read eight bytes at a time
  if (!at) return Reason.host_error;
  const behind = decodeString(start, start + <usize>size, at);
  trimRegion(behind + 8);
  return pushKey(at, <u32>(behind - at), base);
}

/** Takes a key of an object whose first key has the index `base`; -1, or why it is refused. */
export function pushKey(at: usize, length: u32, base: u32): i32 {
  if (count == capacity && !enlarge()) return Reason.too_many_members;
  const print = fingerprint(at, length);
  const key = keys + <usize>count * KEY;
  if (count - base < LINEAR) {
    for (let other = keys + <usize>base * KEY; other < key; other += KEY) {
      if (load<u64>(other) == print && sameKey(other, print, at, length)) return Reason.duplicate_key;
    }
  }
  store<u64>(key, print);
  store<u32>(key, <u32>at, 8);
  store<u32>(key, length, 12);
  count++;
  return OK;
}

/** Forgets the keys from `base` on; false when one of them stood twice. */
export function closeKeys(base: u32): bool {
  const members = count - base;
  const fine = members <= LINEAR || distinct(keys + <usize>base * KEY, members);
  count = base;
  return fine;
}

function enlarge(): bool {
  const wanted = capacity ? capacity * 2 : FIRST_KEYS;
  if (wanted > MAX_OPEN_KEYS) return false;
  const fresh = allocate(wanted * <u32>KEY);
  if (!fresh) return false;
  memory.copy(fresh, keys, <usize>count * KEY);
  release(keys);
  keys = fresh;
  capacity = wanted;
  return true;
}

// @ts-ignore: decorator
@inline
function fingerprint(at: usize, length: u32): u64 {
  // The text is padded, so eight bytes can be read even where the key is shorter.
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

// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  const product = value * seed;
  return (product ^ (product >> 32)) * 0xd6e8feb86659fd93;
}

function sameKey(other: usize, print: u64, at: usize, length: u32): bool {
  if (!(print >> 63)) return true;
  return load<u32>(other, 12) == length && memory.compare(<usize>load<u32>(other, 8), at, length) == 0;
}

/**
 * Whether `members` keys are all different: an open-addressed table of their indexes, at most half full. A cell also has
 * 14 bits of the hash, so that other keys are mostly told apart without a look at them.
 */
function distinct(first: usize, members: u32): bool {
  const size: u32 = 1 << (33 - <u32>clz(members - 1));
  const table = reserve(size << 2);
  if (!table) return false;
  memory.fill(table, 0, (<usize>size) << 2);
  for (let i: u32 = 0; i < members; i++) {
    const key = first + <usize>i * KEY;
    const print = load<u64>(key);
    const hash = mix(print);
    const cell = ((<u32>(hash >> 32)) & ~INDEX) | (i + 1);
    let place = (<u32>hash) & (size - 1);
    while (true) {
      const taken = load<u32>(table + ((<usize>place) << 2));
      if (!taken) break;
      if ((taken ^ cell) <= INDEX) {
        const other = first + <usize>((taken & INDEX) - 1) * KEY;
        if (load<u64>(other) == print && sameKey(other, print, <usize>load<u32>(key, 8), load<u32>(key, 12)))
          return false;
      }
      place = (place + 1) & (size - 1);
    }
    store<u32>(table + ((<usize>place) << 2), cell);
  }
  trimRegion(table);
  return true;
}
