// The strict JSON reader: one pass over a text that checks all of it and fills the slots of the members that the
// policy names. RFC 8259 exactly, valid UTF-8, no lone surrogates, no number beyond a double, no key twice in any
// object, bounded depth. No recursion and no objects: a stack of open containers and a stack of their keys.
//
// How it goes fast. The walk looks at one byte to know what comes, and everything longer is passed in one step:
// - a string of up to 16 plain characters with one look at 16 bytes, a list of them in a loop of its own, any other in
//   blocks of 64 (json-string.ts);
// - a short number with one look at 8 bytes, a list of them in a loop of its own (json-number.ts);
// - a key and its colon with one look at 16 bytes, where the object before it had the same keys (templates.ts); in a list
//   such an object takes over the frame of the one before;
// - white space 16 bytes at a time.
// None of these looks needs to know where the text ends: it must be followed by READ_PADDING readable bytes that begin
// with a zero, which is valid nowhere in JSON. What lies between a look and its result are additions to one address, so
// the processor works on the next value while it still checks this one.
import { Reason } from "../program.ts";
import { anyTwin, fillSlot, endSlot } from "./slots.ts";
import { childSlot, hasMembers, membersOf } from "./members.ts";
import {
  clearKeys,
  closeKeys,
  decodedKeyLength,
  decodeKey,
  fingerprint,
  keyCount,
  LINEAR,
  pushCompared,
  pushKey,
} from "./keys.ts";
import {
  adoptKeys,
  expectedNextSize,
  expectedSize,
  expectedSlot,
  isExpected,
  isExpectedNext,
  keepKey,
  nextExpected,
  templateOf,
} from "./templates.ts";
import { endOfPlain, readString, skipStrings, stringMarks } from "./strings.ts";
import { endOfShort, readNumber, skipNumbers } from "./numbers.ts";
import { clearFailure, fail, READ_OK } from "./failure.ts";
import { ranOut } from "../runtime/memory.ts";

export const READ_PADDING: u32 = 64;
const MAX_FRAMES: u32 = 1024;
const NO_SLOT: u32 = 0xffffffff;

// The literal names as words.
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;

// A frame:  0: closing bracket   4: node whose members are watched, or NO_SLOT   8: keys below   12: slot to close, or NO_SLOT
//          16: template; once it is left, where the object's next key goes in it; 0 where there is none
//          20: the template's next key, while a container in this one is open. A power of two long: a depth is a shift.
const FRAME: usize = 32;
const frames: usize = memory.data(32 * 1025, 16);

let textEnd: usize = 0;
let maxDepth: u32 = 0;
let keySlot: u32 = 0; // slot of the key that readKey read
let nobody: u64 = 1 << 32; // owner of members that nobody watches: no address, and another one for each text

/** Prepares for `readValue` on texts that end at `end`; nesting up to `depth` containers. */
export function openReader(end: usize, depth: u32): void {
  textEnd = end;
  maxDepth = min(depth, MAX_FRAMES);
  clearFailure();
}

/** Behind the white space at `at`: mostly none or one blank, or a line break and an indentation. */
function skipBlank(at: usize): usize {
  let p = at;
  if (load<u8>(p) == 0x20) p++;
  while (load<u8>(p) <= 0x20) {
    const v = v128.load(p);
    const blank = v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(0x20)), i8x16.eq(v, i8x16.splat(0x0a))),
      v128.or(i8x16.eq(v, i8x16.splat(0x0d)), i8x16.eq(v, i8x16.splat(0x09))),
    );
    const others = ~i8x16.bitmask(blank);
    p += <usize>ctz(others);
    if (others << 16) break;
  }
  return p;
}

/** Whether nothing but white space is left from `at` to the end of the text. */
export function onlyBlank(at: usize): bool {
  return skipBlank(at) == textEnd;
}

/**
 * Reads one value from `start`, white space before it allowed. Members named by the program below `root` fill their
 * slots; `root` NO_SLOT fills none. Returns the address behind the value; 0 when it is not acceptable (`readFailure`).
 */
// eslint-disable-next-line complexity, max-lines-per-function -- one loop over the text, without calls where it is hot
export function readValue(start: usize, root: u32): usize {
  let frame = frames; //     of the open container; the first stands for the text
  let closing: u32 = 0; //   its closing bracket; 0 outside of all
  let expected: usize = 0; // the template's next key, as long as all keys were the template's; 0 otherwise
  let slot = root;
  let p = start;
  store<u32>(frames, 0);
  clearKeys();
  nobody++;
  while (true) {
    const at = p;
    const c = <u32>load<u8>(p);
    if (c == 0x22) {
      p = endOfPlain(at + 1);
      let marks: u32 = 0;
      if (load<u8>(p) == 0x22) p++;
      else {
        p = readString(at + 1);
        if (!p) return 0;
        marks = stringMarks();
      }
      if (slot != NO_SLOT) fillSlot(slot, at, p, marks);
      if (closing == 0x5d) p = skipStrings(p);
    } else if ((c | 0x20) == 0x7b) {
      // A bracket: [ and { differ by one bit.
      if (slot != NO_SLOT) fillSlot(slot, p, 0, 0);
      store<u32>(frame, <u32>expected, 20);
      expected = 0;
      frame += FRAME;
      if (frame > frames + <usize>maxDepth * FRAME) return fail(Reason.too_deep);
      closing = c + 2; // } and ] stand two behind { and [
      store<u32>(frame, closing);
      store<u32>(frame, slot, 12);
      p++;
      if (load<u8>(p) <= 0x20) p = skipBlank(p);
      if (c == 0x7b) {
        let node = NO_SLOT;
        let owner = nobody;
        if (slot != NO_SLOT && hasMembers(slot)) {
          node = slot;
          owner = <u64>membersOf(slot);
        }
        expected = templateOf((frame - frames) / FRAME - 1, <usize>load<u32>(frame - FRAME, 20), owner);
        store<u32>(frame, node, 4);
        store<u32>(frame, keyCount(), 8);
        store<u32>(frame, <u32>expected, 16);
        if (load<u8>(p) != 0x7d) {
          // Here and behind a comma, not in a function: one with two results in globals makes rows 5 % slower.
          if (expected && isExpected(p, expected)) {
            p += expectedSize(expected);
            slot = expectedSlot(expected);
            expected = nextExpected(expected);
          } else {
            p = readKey(p, frame, expected);
            if (!p) return 0;
            slot = keySlot;
            expected = 0;
          }
          continue;
        }
      } else {
        slot = NO_SLOT;
        if (load<u8>(p) != 0x5d) continue;
      }
    } else if (c > 0x40) {
      const word = load<u32>(p);
      p += 4;
      if (word != NULL) {
        if (word == FALS) {
          if (load<u8>(p) != 0x65) return fail(Reason.not_json);
          p++;
        } else if (word != TRUE) return fail(Reason.not_json);
      }
      if (slot != NO_SLOT) fillSlot(slot, at, p, 0);
    } else if (c <= 0x20) {
      p = skipBlank(p);
      if (p == at) return fail(Reason.not_json);
      continue;
    } else {
      p = endOfShort(at);
      if ((load<u8>(p) | 0x20) == 0x65) {
        p = readNumber(at);
        if (!p) return 0;
      }
      if (slot != NO_SLOT) fillSlot(slot, at, p, 0);
      // What comes behind a number's comma has no need of the loop below.
      if (load<u8>(p) == 0x2c) {
        if (closing == 0x5d) {
          p = skipNumbers(p + 1);
          slot = NO_SLOT;
          continue;
        }
        if (closing != 0 && !expected) {
          p = readKey(behindComma(p), frame, 0);
          if (!p) return 0;
          slot = keySlot;
          continue;
        }
      }
    }
    // Behind a value: close what ends here, then go on with the next element or member.
    while (true) {
      if (expected) {
        if (isExpectedNext(p, expected)) {
          p += expectedNextSize(expected);
          slot = expectedSlot(expected);
          expected = nextExpected(expected);
          break;
        }
      }
      if (!closing) return p;
      const next = <u32>load<u8>(p);
      if (next == 0x2c) {
        if (closing == 0x7d) {
          p = behindComma(p);
          if (expected && isExpected(p, expected)) {
            p += expectedSize(expected);
            slot = expectedSlot(expected);
            expected = nextExpected(expected);
          } else {
            p = readKey(p, frame, expected);
            if (!p) return 0;
            slot = keySlot;
            expected = 0;
          }
        } else {
          p++;
          slot = NO_SLOT;
        }
        break;
      }
      if (next == closing) {
        p++;
        if (next == 0x7d) {
          if (!expected) {
            if (!closeObject(frame)) return 0;
          } else if (isNextRow(p, frame)) {
            const first = <usize>load<u32>(frame, 16);
            p += 2 + expectedSize(first);
            slot = expectedSlot(first);
            expected = nextExpected(first);
            break;
          }
        }
        if (load<u32>(frame, 12) != NO_SLOT) endSlot(load<u32>(frame, 12), p, 0);
        frame -= FRAME;
        closing = load<u32>(frame);
        expected = <usize>load<u32>(frame, 20);
      } else {
        const behind = skipBlank(p);
        if (behind == p) return fail(Reason.not_json);
        p = behind;
      }
    }
  }
}

/** Whether the object in `frame`, which ends before `at`, is one of a list, and the next one begins with the same key. */
// @ts-ignore: decorator
@inline
function isNextRow(at: usize, frame: usize): bool {
  if (load<u16>(at) != 0x7b2c) return false; // a comma and a bracket
  if (load<u32>(frame - FRAME) != 0x5d) return false;
  return isExpected(at + 2, <usize>load<u32>(frame, 16));
}

/** Checks that the keys of the object in `frame` are all different. */
function closeObject(frame: usize): bool {
  return closeKeys(load<u32>(frame, 8)) || fail(Reason.duplicate_key) != 0;
}

/** Behind the comma at `at` and the white space there. */
// @ts-ignore: decorator
@inline
function behindComma(at: usize): usize {
  const p = at + 1;
  return load<u8>(p) <= 0x20 ? skipBlank(p) : p;
}

/**
 * Reads a key and its colon; leaves the slot of its value in keySlot. `expected` is the template's key that it was not, or
 * 0 where no template was followed.
 */
function readKey(at: usize, frame: usize, expected: usize): usize {
  if (expected) {
    const adopted = adoptKeys(<usize>load<u32>(frame, 16), expected);
    if (adopted != READ_OK) return fail(adopted);
    store<u32>(frame, <u32>expected, 16);
  }
  if (load<u8>(at) != 0x22) return fail(Reason.not_json);
  const start = at + 1;
  let key = start;
  let p = endOfPlain(start);
  let length = <u32>(p - start);
  if (load<u8>(p) == 0x22) p++;
  else {
    p = readString(start);
    if (!p) return 0;
    length = <u32>(p - start) - 1;
    if (stringMarks()) {
      key = decodeKey(start, length);
      if (!key) return fail(Reason.host_error);
      length = decodedKeyLength();
    }
  }
  const node = load<u32>(frame, 4);
  keySlot = node == NO_SLOT ? NO_SLOT : childSlot(node, key, length, true);
  const refused = takeKey(frame, at, p, fingerprint(key, length));
  if (refused != READ_OK) return fail(refused);
  if (load<u8>(p) != 0x3a) {
    p = skipBlank(p);
    if (load<u8>(p) != 0x3a) return fail(Reason.not_json);
  }
  return p + 1;
}

/** Takes the key [at, end) with its quotes, one of the first of its object for the template too; -1, or why it is refused. */
// @ts-ignore: decorator
@inline
function takeKey(frame: usize, at: usize, end: usize, print: u64): i32 {
  const base = load<u32>(frame, 8);
  if (keyCount() - base >= LINEAR) return pushKey(print);
  const refused = pushCompared(print, base);
  if (refused == READ_OK && load<u8>(end) == 0x3a) keep(frame, at, end + 1, print);
  return refused;
}

/**
 * Keeps the key just read, from `at` to behind its colon, for the template. What is kept must hold for every text: not so
 * a key that has to be marked as a twin, or that could not be looked up without memory.
 */
function keep(frame: usize, at: usize, end: usize, print: u64): void {
  const template = <usize>load<u32>(frame, 16);
  if (template && !anyTwin && !ranOut()) store<u32>(frame, <u32>keepKey(template, at, end, print, keySlot), 16);
}
