// Templates: objects in a list mostly have the same keys in the same order. So the keys of the object that closed last
// are kept, for each depth and for keys at odd and at even places of the object around it. As long as an object's keys are
// the template's, byte by byte, they are all different, and nothing is kept of them; at the first other key those so far
// are taken over, and it goes on as usual.
//
// A key of a template:  0: fingerprint u64   8: address u32   12: length u32   16: a bit for each byte of the key with
// its quotes and colon   20: how many these are. Behind the last one there is one that no text is equal to.
import { READ_OK } from "./failure.ts";
import { keyCount, LINEAR, placeOf, printOf, pushKnownKey } from "./keys.ts";

/** Depths that have templates, the outermost ones. */
const DEPTHS: u32 = 16;
const KEY: usize = 32;
const TEMPLATE: usize = 544; // LINEAR + 1 keys
const LONGEST: u32 = 13; // with quotes and colon one look
const MASK: usize = 16;
const WHOLE: usize = 20;

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
      if (at - from >= to - from || length > LONGEST || load<u16>(at + <usize>length) != 0x3a22) break;
      store<u64>(kept, load<u64>(printOf(key)));
      store<u64>(kept, load<u64>(placeOf(key)), 8);
      store<u32>(kept, (1 << (length + 3)) - 1, MASK);
      store<u32>(kept, length + 3, WHOLE);
      kept += KEY;
    }
  }
  endTemplate(kept);
}

function endTemplate(at: usize): void {
  store<u32>(at, <u32>templates + 1, 8);
  store<u32>(at, 1 << 16, MASK); // asks for a byte that is not looked at
}
