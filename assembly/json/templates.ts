// Templates: objects mostly have the same keys in the same order as one before them, in a list or in the request before.
// So the keys of the last object are kept, for each depth, and for keys at odd and at even places of an object around it
// that follows its own template. As long as an object's keys are the template's, byte by byte, they are all different,
// their slots are known, and nothing is kept of them; at the first other key those so far are taken over, and from there
// on the object's own keys replace the template's.
//
// A template has an owner: the members that the program names in such an object, or the text that it is in when it names
// none. So one caller's keys are found sooner by the next only in the message, its params, _meta and arguments, and in
// objects of these that a rule looks into. Other keys are remembered only within the same text.
//
// A key is known by its address, from which on 16 bytes are compared with the text at once (`LOOK`).
import { COMMA, SPACE } from "../text/chars.ts";
import { NO_REASON } from "../program.ts";
import { LINEAR, pushKey } from "./keys.ts";

/** Depths that have templates, the outermost ones. */
const DEPTHS: usize = 16;
const LOOK: usize = 16;
const NEVER: u16 = 17; // more than a look has

/** A template, 576 bytes: the owner, then at 32 its keys, up to LINEAR, and one that no text is equal to. */
// @ts-ignore: decorator
@unmanaged
class Template {
  owner: u64;
}

/** A key of a template, 32 bytes. */
// @ts-ignore: decorator
@unmanaged
class Key {
  /**
   * The member's start: the key with its quotes, the colon, and a space when one follows; before it the comma and a space,
   * when no more than that is between. Bytes after that are ignored.
   */
  text: v128;
  fingerprint: u64;
  /** Bytes of that text when it begins with the key, otherwise NEVER. */
  size: u16;
  /** Bytes of that text when it begins with the comma, otherwise NEVER. */
  nextSize: u16;
  slot: u32;
}

const KEY: usize = offsetof<Key>();
const TEMPLATE: usize = <usize>(LINEAR + 2) * KEY;

const templates: usize = memory.data(2 * 16 * 576, 64); // two for each of DEPTHS

// @ts-ignore: decorator
@inline
function keyAt(key: usize): Key {
  return changetype<Key>(key);
}

/**
 * The first key of the template for objects at a depth, 0 being the outermost, whose members belong to `owner`, which is
 * not 0; 0 where there is none. `around` is the next key of the template that the object around follows.
 */
export function templateOf(depth: usize, around: usize, owner: u64): usize {
  if (depth >= DEPTHS) return 0;
  const at = templates + ((depth << 1) | ((around / KEY) & 1)) * TEMPLATE;
  const template = changetype<Template>(at);
  if (template.owner != owner) {
    template.owner = owner;
    endTemplate(at + KEY);
  }
  return at + KEY;
}

/** Forgets whose members the templates have: addresses may mean others now. */
export function forgetOwners(): void {
  for (let i: usize = 0; i < 2 * DEPTHS; i++) changetype<Template>(templates + i * TEMPLATE).owner = 0;
}

/** Whether the member at `at` starts as the template's `expected` does. */
// @ts-ignore: decorator
@inline
export function isExpected(at: usize, expected: usize): bool {
  return commonBytes(at, expected) >= keyAt(expected).size;
}

/** Whether the text at `at` is a comma and the start of the template's member `expected`. */
// @ts-ignore: decorator
@inline
export function isExpectedNext(at: usize, expected: usize): bool {
  return commonBytes(at, expected) >= keyAt(expected).nextSize;
}

/** How many bytes of the text at `at` are the key's, at most LOOK. */
// @ts-ignore: decorator
@inline
function commonBytes(at: usize, key: usize): u32 {
  return ctz(~i8x16.bitmask(i8x16.eq(v128.load(at), keyAt(key).text)));
}

/** Bytes from the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedSize(expected: usize): usize {
  return <usize>keyAt(expected).size;
}

/** Bytes from the comma before the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedNextSize(expected: usize): usize {
  return <usize>keyAt(expected).nextSize;
}

/** The slot of the value. */
// @ts-ignore: decorator
@inline
export function expectedSlot(expected: usize): u32 {
  return keyAt(expected).slot;
}

/** The template's key after `expected`. */
// @ts-ignore: decorator
@inline
export function nextExpected(expected: usize): usize {
  return expected + KEY;
}

/** Takes over the template's keys before `expected`, for an object that goes on differently; NO_REASON, or why it is refused. */
export function adoptKeys(template: usize, expected: usize): i32 {
  for (let key = template; key < expected; key += KEY) {
    const refused = pushKey(keyAt(key).fingerprint);
    if (refused != NO_REASON) return refused;
  }
  return NO_REASON;
}

/**
 * Makes the key at `at`, whose colon ends before `end`, the template's at `key`, if it is short enough; returns where the
 * next one goes.
 */
export function putKey(key: usize, at: usize, end: usize, fingerprint: u64, slot: u32): usize {
  const last = load<u8>(end) == SPACE ? end + 1 : end;
  const before = load<u8>(at - 1) == SPACE ? at - 2 : at - 1;
  const start = load<u8>(before) == COMMA && last - before <= LOOK ? before : at;
  if (last - start > LOOK) return key;
  const size = <u16>(last - start);
  const fresh = keyAt(key);
  fresh.text = v128.load(start);
  fresh.fingerprint = fingerprint;
  fresh.size = start == at ? size : NEVER;
  fresh.nextSize = start == at ? NEVER : size;
  fresh.slot = slot;
  endTemplate(key + KEY);
  return key + KEY;
}

/** Ends a template before the key at `key`. */
function endTemplate(key: usize): void {
  keyAt(key).size = NEVER;
  keyAt(key).nextSize = NEVER;
}
