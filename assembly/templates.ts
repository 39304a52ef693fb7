// Templates: objects in a list mostly have the same keys in the same order. So the keys of the object that closed last
// are kept, for each depth and for keys at odd and at even places of the object around it. As long as an object's keys are
// the template's, byte by byte, they are all different, and nothing is kept of them; at the first other key those so far
// are taken over, and it goes on as usual.
//
// A key of a template:  0: fingerprint u64   8: address u32   12: length u32   16: a bit for each byte of the member's
// start: the key with its quotes, the colon, and a blank when one follows   20: the same, begun at the comma in front
// 24: how many bytes these are, u16 and u16   28: address of the comma. Behind the last one there is one that no text is
// equal to.
import { READ_OK } from "./failure.ts";
import { keyCount, LINEAR, placeOf, printOf, pushKnownKey } from "./keys.ts";

/** Depths that have templates, the outermost ones. */
const DEPTHS: u32 = 16;
const KEY: usize = 32;
const TEMPLATE: usize = 544; // LINEAR + 1 keys
const MASK: usize = 16;
const NEXT_MASK: usize = 20;
const BYTES: usize = 24;
const NEXT_BYTES: usize = 26;
const COMMA: usize = 28;
const LOOK: u32 = 16;
const NEVER: i32 = 1 << 16; // asks for a byte that is not looked at

const templates: usize = memory.data(2 * 16 * 544, 16);
let behind: usize = templates; // the last one in use

/** Forgets all templates: they point into the text that was read before. */
export function clearTemplates(): void {
  behind = templates;
}

/**
 * The template for objects at a depth, 0 being the outermost; 0 where there is none. `around` is the next key of the
 * template that the object around follows.
 */
export function templateOf(depth: u32, around: usize): usize {
  if (depth >= DEPTHS) return 0;
  const template = templates + (((<usize>depth) << 1) | ((around / KEY) & 1)) * TEMPLATE;
  for (; behind <= template; behind += TEMPLATE) endTemplate(behind);
  return template;
}

/** Whether the member at `at` starts as the template's `expected` does. */
// @ts-ignore: decorator
@inline
export function isExpected(at: usize, expected: usize): bool {
  return isSame(at, <usize>load<u32>(expected, 8) - 1, load<i32>(expected, MASK));
}

/** Whether the text at `at` is a comma and the start of the template's member `expected`. */
// @ts-ignore: decorator
@inline
export function isExpectedNext(at: usize, expected: usize): bool {
  return isSame(at, <usize>load<u32>(expected, COMMA), load<i32>(expected, NEXT_MASK));
}

// @ts-ignore: decorator
@inline
function isSame(a: usize, b: usize, mask: i32): bool {
  return (i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b))) & mask) == mask;
}

/** Bytes from the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedSize(expected: usize): usize {
  return <usize>load<u16>(expected, BYTES);
}

/** Bytes from the comma in front of the key to the value. */
// @ts-ignore: decorator
@inline
export function expectedNextSize(expected: usize): usize {
  return <usize>load<u16>(expected, NEXT_BYTES);
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
    const refused = pushKnownKey(load<u64>(key), load<u64>(key, 8));
    if (refused != READ_OK) return refused;
  }
  return READ_OK;
}

/** Makes a template of the keys from `base` on, as far as they stand in the text [from, to) without escapes and blanks. */
export function keepKeys(template: usize, base: u32, from: usize, to: usize): void {
  let kept = template;
  const end = keyCount();
  if (end - base <= LINEAR) {
    for (let key = base; key < end; key++) {
      const at = <usize>load<u32>(placeOf(key));
      const length = load<u32>(placeOf(key), 4);
      // A key that was decoded lies elsewhere: its bytes are not its text.
      if (at - from >= to - from || load<u16>(at + <usize>length) != 0x3a22) break;
      store<u64>(kept, load<u64>(printOf(key)));
      store<u64>(kept, load<u64>(placeOf(key)), 8);
      const comma = load<u8>(at - 2) == 0x20 ? at - 3 : at - 2;
      const value = at + <usize>length + (load<u8>(at + <usize>length, 2) == 0x20 ? 3 : 2);
      const bytes = <u32>(value - at) + 1;
      const nextBytes = <u32>(value - comma);
      if (nextBytes > LOOK) break;
      store<u32>(kept, (1 << bytes) - 1, MASK);
      store<u32>(kept, load<u8>(comma) == 0x2c ? (1 << nextBytes) - 1 : NEVER, NEXT_MASK);
      store<u32>(kept, bytes | (nextBytes << 16), BYTES);
      store<u32>(kept, <u32>comma, COMMA);
      kept += KEY;
    }
  }
  endTemplate(kept);
}

function endTemplate(at: usize): void {
  store<u32>(at, <u32>templates + 1, 8);
  store<u64>(at, 0x0001000000010000, MASK); // NEVER twice
  store<u32>(at, <u32>templates, COMMA);
}
