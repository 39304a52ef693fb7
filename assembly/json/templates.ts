// Templates: objects mostly have the same keys in the same order as one before them, in a list or in the request before.
// So the keys of the last object are kept, for each depth, and for keys at odd and at even places of an object around it
// that follows its own template. As long as an object's keys are the template's, byte by byte, they are all different,
// their slots are known, and nothing is kept of them; at the first other key those so far are taken over, and from there
// on the object's own keys replace the template's.
//
// A template has an owner: the members that the program names in such an object, or the text that it is in when it names
// none. So one caller's keys are found sooner by the next only in the message, its params, _meta and arguments, and in
// objects of these that a rule looks into. What else callers name is of no use behind its text.
//
// A template:  0: owner u64   32: its keys. Behind the last one there is one that no text is equal to.
// A key:  0: the member's start: the key with its quotes, the colon, and a blank when one follows; in front the comma and
// a blank, when there is no more than that; what stands behind counts for nothing   16: fingerprint u64   24: bytes of
// that text when it begins with the key, otherwise NEVER, u16   26: the same when it begins with the comma, u16   28: slot
import { READ_OK } from "./failure.ts";
import { pushKey } from "./keys.ts";

/** Depths that have templates, the outermost ones. */
const DEPTHS: usize = 16;
const KEY: usize = 32;
const TEMPLATE: usize = 576; // the owner's record, LINEAR keys, and the end
const LOOK: usize = 16;
const NEVER: u32 = 17; // more than a look has
const PRINT: usize = 16;
const SIZE: usize = 24;
const NEXT_SIZE: usize = 26;
const SLOT: usize = 28;

const templates: usize = memory.data(2 * 16 * 576, 64);

/**
 * The first key of the template for objects at a depth, 0 being the outermost, whose members belong to `owner`, which is
 * not 0; 0 where there is none. `around` is the next key of the template that the object around follows.
 */
export function templateOf(depth: usize, around: usize, owner: u64): usize {
  if (depth >= DEPTHS) return 0;
  const template = templates + ((depth << 1) | ((around / KEY) & 1)) * TEMPLATE;
  if (load<u64>(template) != owner) {
    store<u64>(template, owner);
    endTemplate(template + KEY);
  }
  return template + KEY;
}

/** Forgets whose members the templates have: addresses may mean others now. */
export function forgetOwners(): void {
  for (let i: usize = 0; i < 2 * DEPTHS; i++) store<u64>(templates + i * TEMPLATE, 0);
}

/** Whether the member at `at` starts as the template's `expected` does. */
// @ts-ignore: decorator
@inline
export function isExpected(at: usize, expected: usize): bool {
  return commonBytes(at, expected) >= load<u16>(expected, SIZE);
}

/** Whether the text at `at` is a comma and the start of the template's member `expected`. */
// @ts-ignore: decorator
@inline
export function isExpectedNext(at: usize, expected: usize): bool {
  return commonBytes(at, expected) >= load<u16>(expected, NEXT_SIZE);
}

/** How many bytes are the same, at most LOOK. */
// @ts-ignore: decorator
@inline
function commonBytes(a: usize, b: usize): u32 {
  return ctz(~i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b))));
}

/** Bytes from the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedSize(expected: usize): usize {
  return <usize>load<u16>(expected, SIZE);
}

/** Bytes from the comma in front of the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedNextSize(expected: usize): usize {
  return <usize>load<u16>(expected, NEXT_SIZE);
}

/** The slot of the value. */
// @ts-ignore: decorator
@inline
export function expectedSlot(expected: usize): u32 {
  return load<u32>(expected, SLOT);
}

/** The template's key behind `expected`. */
// @ts-ignore: decorator
@inline
export function nextExpected(expected: usize): usize {
  return expected + KEY;
}

/** Takes over the template's keys before `expected`, for an object that goes on differently; -1, or why it is refused. */
export function adoptKeys(template: usize, expected: usize): i32 {
  for (let key = template; key < expected; key += KEY) {
    const refused = pushKey(load<u64>(key, PRINT));
    if (refused != READ_OK) return refused;
  }
  return READ_OK;
}

/**
 * Makes the key at `at`, whose colon ends before `end`, the template's at `key`, if it is short enough; returns where the
 * next one goes.
 */
export function keepKey(key: usize, at: usize, end: usize, print: u64, slot: u32): usize {
  const behind = load<u8>(end) == 0x20 ? end + 1 : end;
  const before = load<u8>(at - 1) == 0x20 ? at - 2 : at - 1;
  const start = load<u8>(before) == 0x2c && behind - before <= LOOK ? before : at;
  if (behind - start > LOOK) return key;
  v128.store(key, v128.load(start));
  store<u64>(key, print, PRINT);
  const size = <u32>(behind - start);
  store<u32>(key, start == at ? size | (NEVER << 16) : NEVER | (size << 16), SIZE);
  store<u32>(key, slot, SLOT);
  endTemplate(key + KEY);
  return key + KEY;
}

function endTemplate(at: usize): void {
  store<u32>(at, NEVER | (NEVER << 16), SIZE);
}
