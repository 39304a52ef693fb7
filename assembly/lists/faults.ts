// What can still be said of an object that the strict reader has refused, and whose grammar is right (skim.ts).
import { NO_REASON, NONE, Reason } from "../program.ts";
import { closeKeys, fingerprint, keyCount, LINEAR, pushCompared, pushKey } from "../json/keys.ts";
import { childSlot } from "../json/members.ts";
import { decodeText } from "../json/decode.ts";
import { fillSlot } from "../json/slots.ts";
import { firstItem, nextItem, skipString, skipValue, skipWhitespace } from "../json/walk.ts";
import { readingEnd } from "../json/reading.ts";
import { MINUS, QUOTE, ZERO } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanIs, spanLength, spanStart } from "../text/span.ts";

/** An id that an error repeats has at most so many bytes. */
export const MAX_ID: u32 = 1024;

/** Reads the own keys of the object at `at`, and fills the slots of `node`; a Reason why they are not strict, or NO_REASON. */
export function readKeys(at: usize, node: u32): i32 {
  const base = keyCount();
  let p = firstItem(at);
  while (p) {
    const keyEnd = readingEnd(skipString(p));
    const value = valueAfter(keyEnd);
    const end = skipValue(value);
    const key = decodeText(p, keyEnd, 1);
    const print = fingerprint(spanStart(key), spanLength(key));
    const taken = keyCount() - base < LINEAR ? pushCompared(print, base) : pushKey(print);
    if (taken != NO_REASON) return taken;
    const slot = childSlot(node, spanStart(key), spanLength(key), true);
    if (slot != NONE) fillSlot(slot, value, end, 0);
    p = nextItem(end);
  }
  return closeKeys(base) ? NO_REASON : Reason.duplicate_key;
}

function valueAfter(keyEnd: usize): usize {
  return skipWhitespace(skipWhitespace(keyEnd) + 1);
}

/** The text of the id in the message at `at`; NO_SPAN when it has none, or one that cannot be repeated. */
export function findId(at: usize): Span {
  let p = firstItem(at);
  while (p) {
    const keyEnd = readingEnd(skipString(p));
    const value = valueAfter(keyEnd);
    const end = skipValue(value);
    if (spanIs(decodeText(p, keyEnd, 1), "id")) return isId(value, end) ? spanBetween(value, end) : NO_SPAN;
    p = nextItem(end);
  }
  return NO_SPAN;
}

function isId(at: usize, end: usize): bool {
  const first = <u32>load<u8>(at);
  return <u32>(end - at) <= MAX_ID && (first == QUOTE || first == MINUS || first - ZERO < 10);
}
