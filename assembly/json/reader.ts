// The strict JSON reader: one pass over a text that checks all of it and fills the slots of the members that the
// policy names. RFC 8259 exactly, valid UTF-8, no lone surrogates, no number beyond a double, no key twice in any
// object, bounded depth. No recursion and no objects: a stack of open containers and a stack of their keys.
//
// What makes it fast. The walk looks at one byte to know what comes, and passes everything longer in one step:
// - a string of up to 16 plain characters with one look at 16 bytes, a list of them in a loop of its own, any other in
//   blocks of 64 (strings.ts);
// - a short number with one look at 8 bytes, a list of them in a loop of its own (numbers.ts);
// - a key and its colon with one look at 16 bytes, where the object before it had the same keys (templates.ts); in a list
//   such an object takes over the frame of the one before;
// - white space 16 bytes at a time.
// None of these looks needs to know where the text ends: it must be followed by READ_PADDING readable bytes that begin
// with a zero, which is valid nowhere in JSON. Between a look and its result there are only additions to one address, so
// the processor works on the next value while it still checks this one.
import { NO_REASON, NONE, Reason } from "../program.ts";
import {
  CARRIAGE_RETURN,
  CASE_BIT,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  LINE_FEED,
  LOWER_E,
  OPEN_BRACE,
  QUOTE,
  SPACE,
  TAB,
  UPPER_A,
} from "../text/chars.ts";
import { spanLength, spanStart } from "../text/span.ts";
import { anyAmbiguous } from "./ambiguous-keys.ts";
import { decodeEscapes } from "./decode.ts";
import { fillSlot, endSlot } from "./slots.ts";
import { childSlot, hasMembers, membersOf } from "./members.ts";
import { clearKeys, closeKeys, fingerprint, keyCount, LINEAR, pushCompared, pushKey } from "./keys.ts";
import {
  adoptKeys,
  expectedNextSize,
  expectedSize,
  expectedSlot,
  isExpected,
  isExpectedNext,
  nextExpected,
  putKey,
  templateOf,
} from "./templates.ts";
import { readingEnd, readingMarks } from "./reading.ts";
import { endOfPlain, readString, skipStrings } from "./strings.ts";
import { endOfShort, readNumber, skipNumbers } from "./numbers.ts";
import { clearFailure, fail } from "./failure.ts";
import { ranOut } from "../runtime/memory.ts";

export const READ_PADDING: u32 = 64;
const MAX_FRAMES: u32 = 1024;

// Characters as little-endian numbers: the literal names, and a comma and an opening brace.
const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const COMMA_BRACE: u32 = COMMA | (OPEN_BRACE << 8);

/** Bytes that may be read after a decoded key, as `fingerprint` and the look-up of its slot do. */
const KEY_PADDING: u32 = 8;

/** An open container. */
// @ts-ignore: decorator
@unmanaged
class Frame {
  /** Its closing bracket; 0 outside of all. */
  closing: u32;
  /** The slot whose members are looked up; NONE when there is none. */
  node: u32;
  /** Keys of the objects around it. */
  keysBefore: u32;
  /** The slot that ends with the container; NONE when there is none. */
  slot: u32;
  /** First key of its template; once it is left, where the object's next key goes in it; 0 where there is none. */
  template: usize;
  /** The template's next key, while a container in this one is open. */
  expected: usize;
  private unused: u64; // a power of two long, so that a depth is a shift
}

const FRAME: usize = offsetof<Frame>();
const frames: usize = memory.data(32 * 1025, 16); // MAX_FRAMES, and the one of the text

let textEnd: usize = 0;
let maxDepth: u32 = 0;
let keySlot: u32 = 0; // slot of the value of the key that readKey read
let nobody: u64 = 1 << 32; // owner of members that nobody looks up: not an address, and another one for each text

/** Prepares for `readValue` on texts that end at `end`; nesting up to `depth` containers. */
export function openReader(end: usize, depth: u32): void {
  textEnd = end;
  maxDepth = min(depth, MAX_FRAMES);
  clearFailure();
  clearKeys();
}

/** Changes how deeply a value may be nested, for those inside of others. */
export function limitDepth(depth: u32): void {
  maxDepth = min(depth, MAX_FRAMES);
}

/** The frame of the container around. */
// @ts-ignore: decorator
@inline
function around(frame: Frame): Frame {
  return changetype<Frame>(changetype<usize>(frame) - FRAME);
}

/** The address after the white space at `at`: mostly none or one space, or a line break and an indentation. */
export function skipWhitespace(at: usize): usize {
  let p = at;
  if (load<u8>(p) == SPACE) p++;
  while (load<u8>(p) <= SPACE) {
    const v = v128.load(p);
    const white = v128.or(
      v128.or(i8x16.eq(v, i8x16.splat(<i8>SPACE)), i8x16.eq(v, i8x16.splat(<i8>LINE_FEED))),
      v128.or(i8x16.eq(v, i8x16.splat(<i8>CARRIAGE_RETURN)), i8x16.eq(v, i8x16.splat(<i8>TAB))),
    );
    const others = ~i8x16.bitmask(white);
    p += <usize>ctz(others);
    if (others << 16) break;
  }
  return p;
}

/** Whether nothing but white space is left from `at` to the end of the text. */
export function onlyWhitespace(at: usize): bool {
  return skipWhitespace(at) == textEnd;
}

/**
 * Reads one value from `start`, which may begin with white space. Members that the program names below the slot `root` fill
 * their slots; `root` NONE fills none. Returns the address after the value; 0 when it is refused (`readFailure`).
 */
// eslint-disable-next-line complexity, max-lines-per-function -- one loop over the text, without calls where it is hot
export function readValue(start: usize, root: u32): usize {
  let frame = changetype<Frame>(frames); // of the open container; the first is that of the text
  let closing: u32 = 0; // its closing bracket; 0 outside of all
  let expected: usize = 0; // the template's next key, as long as all keys were the template's; 0 otherwise
  let slot = root;
  let p = start;
  frame.closing = 0;
  nobody++;
  while (true) {
    const at = p;
    const c = <u32>load<u8>(p);
    if (c == QUOTE) {
      p = endOfPlain(at + 1);
      let marks: u32 = 0;
      if (load<u8>(p) == QUOTE) p++;
      else {
        const string = readString(at + 1);
        if (!string) return 0;
        p = readingEnd(string);
        marks = readingMarks(string);
      }
      if (slot != NONE) fillSlot(slot, at, p, marks);
      if (closing == CLOSE_BRACKET) p = skipStrings(p);
    } else if ((c | CASE_BIT) == OPEN_BRACE) {
      // A bracket: [ and { differ by that bit.
      if (slot != NONE) fillSlot(slot, p, 0, 0);
      frame.expected = expected;
      expected = 0;
      frame = changetype<Frame>(changetype<usize>(frame) + FRAME);
      if (changetype<usize>(frame) > frames + <usize>maxDepth * FRAME) return fail(Reason.too_deep);
      closing = c + 2; // } comes two after {, and ] two after [
      frame.closing = closing;
      frame.slot = slot;
      p++;
      if (load<u8>(p) <= SPACE) p = skipWhitespace(p);
      if (c == OPEN_BRACE) {
        let node = NONE;
        let owner = nobody;
        if (slot != NONE && hasMembers(slot)) {
          node = slot;
          owner = <u64>membersOf(slot);
        }
        expected = templateOf((changetype<usize>(frame) - frames) / FRAME - 1, around(frame).expected, owner);
        frame.node = node;
        frame.keysBefore = keyCount();
        frame.template = expected;
        if (load<u8>(p) != CLOSE_BRACE) {
          // Here and after a comma, not in a function: one with two results in globals makes rows 5 % slower.
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
        slot = NONE;
        if (load<u8>(p) != CLOSE_BRACKET) continue;
      }
    } else if (c >= UPPER_A) {
      const word = load<u32>(p);
      p += 4;
      if (word != NULL) {
        if (word == FALS) {
          if (load<u8>(p) != LOWER_E) return fail(Reason.not_json);
          p++;
        } else if (word != TRUE) return fail(Reason.not_json);
      }
      if (slot != NONE) fillSlot(slot, at, p, 0);
    } else if (c <= SPACE) {
      p = skipWhitespace(p);
      if (p == at) return fail(Reason.not_json);
      continue;
    } else {
      p = endOfShort(at);
      if ((load<u8>(p) | CASE_BIT) == LOWER_E) {
        p = readNumber(at);
        if (!p) return 0;
      }
      if (slot != NONE) fillSlot(slot, at, p, 0);
      // What comes after a number's comma does not need the loop below.
      if (load<u8>(p) == COMMA) {
        if (closing == CLOSE_BRACKET) {
          p = skipNumbers(p + 1);
          slot = NONE;
          continue;
        }
        if (closing != 0 && !expected) {
          p = readKey(afterComma(p), frame, 0);
          if (!p) return 0;
          slot = keySlot;
          continue;
        }
      }
    }
    // After a value: close what ends here, then go on with the next element or member.
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
      if (next == COMMA) {
        if (closing == CLOSE_BRACE) {
          p = afterComma(p);
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
          slot = NONE;
        }
        break;
      }
      if (next == closing) {
        p++;
        if (next == CLOSE_BRACE) {
          if (!expected) {
            if (!closeObject(frame)) return 0;
          } else if (isNextRow(p, frame)) {
            const first = frame.template;
            p += 2 + expectedSize(first);
            slot = expectedSlot(first);
            expected = nextExpected(first);
            break;
          }
        }
        if (frame.slot != NONE) endSlot(frame.slot, p);
        frame = around(frame);
        closing = frame.closing;
        expected = frame.expected;
      } else {
        const after = skipWhitespace(p);
        if (after == p) return fail(Reason.not_json);
        p = after;
      }
    }
  }
}

/** Whether the object in `frame`, which ends before `at`, is one of a list, and the next one begins with the same key. */
// @ts-ignore: decorator
@inline
function isNextRow(at: usize, frame: Frame): bool {
  if (load<u16>(at) != COMMA_BRACE) return false;
  if (around(frame).closing != CLOSE_BRACKET) return false;
  return isExpected(at + 2, frame.template);
}

/** Checks that the keys of the object in `frame` are all different. */
function closeObject(frame: Frame): bool {
  return closeKeys(frame.keysBefore) || fail(Reason.duplicate_key) != 0;
}

/** The address after the comma at `at` and any white space. */
// @ts-ignore: decorator
@inline
function afterComma(at: usize): usize {
  const p = at + 1;
  return load<u8>(p) <= SPACE ? skipWhitespace(p) : p;
}

/**
 * Reads a key and its colon; returns the address after it and leaves the slot of its value in keySlot. (Both as one u64, or
 * the slot in the frame, make rows 13 % slower.) `expected` is the template's key that it was not, or 0 where no template was followed.
 */
function readKey(at: usize, frame: Frame, expected: usize): usize {
  if (expected) {
    const adopted = adoptKeys(frame.template, expected);
    if (adopted != NO_REASON) return fail(adopted);
    frame.template = expected;
  }
  if (load<u8>(at) != QUOTE) return fail(Reason.not_json);
  const start = at + 1;
  let key = start;
  let p = endOfPlain(start);
  let length = <u32>(p - start);
  if (load<u8>(p) == QUOTE) p++;
  else {
    const string = readString(start);
    if (!string) return 0;
    p = readingEnd(string);
    length = <u32>(p - start) - 1;
    if (readingMarks(string)) {
      const decoded = decodeEscapes(start, length, KEY_PADDING);
      if (!decoded) return fail(Reason.host_error);
      key = spanStart(decoded);
      length = spanLength(decoded);
    }
  }
  const slot = frame.node == NONE ? NONE : childSlot(frame.node, key, length, true);
  keySlot = slot;
  const refused = takeKey(frame, at, p, fingerprint(key, length));
  if (refused != NO_REASON) return fail(refused);
  if (load<u8>(p) != COLON) {
    p = skipWhitespace(p);
    if (load<u8>(p) != COLON) return fail(Reason.not_json);
  }
  return p + 1;
}

/**
 * Takes the key [at, end) with its quotes, one of the first of its object for the template too. NO_REASON, or why it is
 * refused.
 */
// @ts-ignore: decorator
@inline
function takeKey(frame: Frame, at: usize, end: usize, print: u64): i32 {
  const base = frame.keysBefore;
  if (keyCount() - base >= LINEAR) return pushKey(print);
  const refused = pushCompared(print, base);
  if (refused == NO_REASON && load<u8>(end) == COLON) learnKey(frame, at, end + 1, print);
  return refused;
}

/**
 * Puts the key just read, from `at` to the `end` of its colon, into the template. What is learned must hold for every text: it does not
 * for an ambiguous key, which has to be noted each time, nor for one that could not be looked up for lack of memory.
 */
function learnKey(frame: Frame, at: usize, end: usize, print: u64): void {
  if (frame.template && !anyAmbiguous && !ranOut()) frame.template = putKey(frame.template, at, end, print, keySlot);
}
