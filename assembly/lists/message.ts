// One JSON text of the server: its lists are found and filtered. The envelope is walked here, so that a fault inside one item
// costs that item only; every value is read by the strict reader. What changes is noted (edits.ts).
//
// The text must not leave when a key that matters occurs twice or in a spelling that some parser takes for it; or when there
// is a list in it and anything around the items is not strict. Without a list it leaves as it came.
import { ListOutcome, LISTED, NO_REASON, NONE, Reason, Setting, Slot } from "../program.ts";
import { clearAmbiguousKeys } from "../json/ambiguous-keys.ts";
import { decodeText } from "../json/decode.ts";
import { closeKeys, dropKeys, fingerprint, keyCount, LINEAR, pushCompared, pushKey } from "../json/keys.ts";
import { childSlot } from "../json/members.ts";
import { limitDepth, onlyWhitespace, openReader, readValue, skipWhitespace } from "../json/reader.ts";
import { readFailure } from "../json/failure.ts";
import { emptySlots, endSlot, fillSlot, MARK_AMBIGUOUS, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { addBytes } from "../runtime/budget.ts";
import { ranOut } from "../runtime/memory.ts";
import { setting } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, LOWER_N, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "../text/chars.ts";
import { begin, finish } from "../text/writer.ts";
import { NO_SPAN, spanIs, spanLength, spanOf, spanStart } from "../text/span.ts";
import { addEdit, dropEdits, editCount, insertEdit } from "./edits.ts";
import { ERROR_SIZE, putError, shownOf } from "./errors.ts";
import { acceptItems, clearItems, forgetItems, noteItem, noteItems } from "./counters.ts";
import { findId } from "./faults.ts";
import { annotate } from "./annotation.ts";
import { Item, readItem } from "./item.ts";
import { skim } from "./skim.ts";
import { dropItems, itemsSize } from "./trace.ts";

/** What came of a text. */
export enum Verdict {
  NoJson = 0, //  it is none, or not all of it is there; `verdictReason` says which
  Fine = 1, //    it may leave, with the changes that were noted
  Refused = 2, // it must not leave: verdictReason
}

const PRIVATE = '"private"';

let reason: i32 = NO_REASON;
/** Whether a result is a list only if it has an object with a name in it: nobody knows what was asked for. */
let byShape: bool = false;
let depth: u32 = 0; //     containers around the message: 1 in a batch
let refusal: i32 = NO_REASON; // why the message must not leave
let fault: i32 = NO_REASON; //   why it must not if it has a list
let hasList: bool = false;

/** Why a text is no JSON or is refused. */
export function verdictReason(): i32 {
  return reason;
}

/**
 * Reads the text from `start` to `end`, where a zero must be, and notes what has to change in it. With `shape`, a list is
 * told by its shape alone. The slots of the configuration must be open.
 */
export function readAnswer(start: usize, end: usize, shape: bool): i32 {
  addBytes(<u32>(end - start));
  byShape = shape;
  depth = 0;
  reason = NO_REASON;
  forgetItems();
  openReader(end, setting(Setting.MaxDepth));
  const at = skipWhitespace(start);
  const first = load<u8>(at);
  const after = first == OPEN_BRACE ? readMessage(at) : first == OPEN_BRACKET ? readBatch(at) : readStrictly(at);
  if (ranOut()) return refused(Reason.host_error);
  if (!after || !onlyWhitespace(after)) return noJson();
  if (first == OPEN_BRACE && reason != NO_REASON) return refused(reason);
  return Verdict.Fine;
}

function refused(why: i32): i32 {
  reason = why;
  return Verdict.Refused;
}

function noJson(): i32 {
  const why = readFailure();
  reason = why == Reason.invalid_utf8 || why == Reason.too_deep || why == Reason.host_error ? why : Reason.not_json;
  return Verdict.NoJson;
}

/** Each element by itself: one that must not leave becomes an error. Returns the address after the list; 0 if it is none. */
function readBatch(at: usize): usize {
  let p = skipWhitespace(at + 1);
  if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
  depth = 1;
  while (true) {
    const mark = editCount();
    const end = load<u8>(p) == OPEN_BRACE ? readMessage(p) : readStrictly(p);
    if (!end) return 0;
    if (load<u8>(p) == OPEN_BRACE && reason != NO_REASON) replaceByError(mark, p, end);
    p = skipWhitespace(end);
    if (load<u8>(p) == CLOSE_BRACKET) return p + 1;
    if (load<u8>(p) != COMMA) return 0;
    p = skipWhitespace(p + 1);
  }
}

function replaceByError(mark: u32, at: usize, end: usize): void {
  const id = findId(at);
  dropEdits(mark);
  begin(ERROR_SIZE + spanLength(id));
  putError(id, reason);
  addEdit(at, end, finish());
}

/** Reads a message; returns the address after it, 0 when it is no JSON. `reason` says why it must not leave. */
function readMessage(at: usize): usize {
  const mark = editCount();
  refusal = fault = NO_REASON;
  hasList = false;
  clearAmbiguousKeys();
  emptySlots(Slot.Answer, Slot.Count);
  const end = readObject(at, Slot.Answer);
  if (isAmbiguous(Slot.AnswerResult)) refuse(Reason.ambiguous_key);
  if (hasList && fault != NO_REASON) refuse(fault);
  if (hasList) makePrivate(mark);
  reason = refusal;
  if (reason == NO_REASON) acceptItems();
  else clearItems();
  return end;
}

function refuse(why: i32): void {
  if (refusal == NO_REASON) refusal = why;
}

function note(why: i32): void {
  if (fault == NO_REASON) fault = why;
}

function isAmbiguous(slot: u32): bool {
  return (slotMarks(slot) & MARK_AMBIGUOUS) != 0;
}

/** Walks a message or its result; returns the address after it, 0 when it is no JSON. */
function readObject(at: usize, node: u32): usize {
  const base = keyCount();
  let p = skipWhitespace(at + 1);
  if (load<u8>(p) == CLOSE_BRACE) return p + 1;
  while (true) {
    if (load<u8>(p) != QUOTE) return 0;
    const keyEnd = readStrictly(p);
    if (!keyEnd) return 0;
    const slot = takeKey(p, keyEnd, node, base);
    p = skipWhitespace(keyEnd);
    if (load<u8>(p) != COLON) return 0;
    p = skipWhitespace(readMember(slot, skipWhitespace(p + 1)));
    const next = p ? load<u8>(p) : 0;
    if (next == CLOSE_BRACE) break;
    if (next != COMMA) return 0;
    p = skipWhitespace(p + 1);
  }
  if (!closeKeys(base)) note(Reason.duplicate_key);
  return p + 1;
}

/** Takes a key, the string with the text [at, end), and returns the slot of its value; NONE for one that does not matter. */
function takeKey(at: usize, end: usize, node: u32, base: u32): u32 {
  const key = decodeText(at, end, 1);
  const print = fingerprint(spanStart(key), spanLength(key));
  const taken = keyCount() - base < LINEAR ? pushCompared(print, base) : pushKey(print);
  if (taken != NO_REASON) note(taken);
  const slot = childSlot(node, spanStart(key), spanLength(key), true);
  if (slot != NONE && slotStart(slot)) refuse(Reason.duplicate_key);
  return slot;
}

/** Reads the value of a member; returns the address after it, 0 when it is no JSON. */
function readMember(slot: u32, at: usize): usize {
  if (slot == NONE) return readStrictly(at);
  fillSlot(slot, at, at, 0);
  const end = readValueOf(slot, at);
  endSlot(slot, end);
  return end;
}

function readValueOf(slot: u32, at: usize): usize {
  const first = load<u8>(at);
  if (slot == Slot.AnswerResult) return first == OPEN_BRACE ? readResult(at) : readStrictly(at);
  if (slot == Slot.CacheScope) return readStrictly(at);
  const list = slot - <u32>Slot.Tools;
  if (!(shownOf(list) & (<u32>LISTED))) return readStrictly(at);
  if (first == OPEN_BRACKET) return readList(at, list);
  if (first != LOWER_N && !byShape) refuse(Reason.not_json);
  return readStrictly(at);
}

function readResult(at: usize): usize {
  const end = readObject(at, Slot.AnswerResult);
  for (let slot: u32 = Slot.Tools; slot <= <u32>Slot.CacheScope; slot++) {
    if (isAmbiguous(slot)) refuse(Reason.ambiguous_key);
  }
  return end;
}

/** Reads a value, and notes why it is not strict; returns the address after it, 0 when it is no JSON. */
function readStrictly(at: usize): usize {
  const keys = keyCount();
  const end = readValue(at, NONE);
  if (end) return end;
  note(readFailure());
  dropKeys(keys);
  return skim(at);
}

/** Reads a list and notes which of its items go. */
function readList(at: usize, list: u32): usize {
  const mark = editCount();
  const traced = itemsSize();
  if (!byShape) hasList = true;
  limitDepth(setting(Setting.MaxDepth) - depth - 3); // the message, its result and the list
  named = false;
  const end = readItems(at, list);
  limitDepth(setting(Setting.MaxDepth));
  if (named) hasList = true;
  if (hasList) noteItems(list, ListOutcome.Broken, broken);
  else {
    dropEdits(mark);
    dropItems(traced);
  }
  return end;
}

let named: bool = false; // whether an item of the list has a name
let broken: u32 = 0; //     items of the list that cannot be read

function readItems(at: usize, list: u32): usize {
  let kept = false;
  let gone = false; //   since the last item that is kept
  let from = at + 1; // where what goes begins
  let p = skipWhitespace(at + 1);
  broken = 0;
  while (load<u8>(p) != CLOSE_BRACKET) {
    if (from != at + 1 || gone) {
      if (load<u8>(p) != COMMA) return 0;
      p = skipWhitespace(p + 1);
    }
    const item = readItem(p, list);
    if (!item.end) return 0;
    takeItem(item, list);
    if (item.isShown) {
      if (gone) addEdit(from, p, kept ? spanOf(bytesOf(","), 1) : NO_SPAN);
      annotate(item);
      kept = true;
      gone = false;
      from = item.end;
    } else gone = true;
    p = skipWhitespace(item.end);
  }
  if (gone) addEdit(from, p, NO_SPAN);
  return p + 1;
}

function takeItem(item: Item, list: u32): void {
  if (item.fault != NO_REASON) note(item.fault);
  if (item.outcome == ListOutcome.Broken) broken++;
  else noteItem(list, item.outcome);
  if (item.isNamed) named = true;
}

/** What is filtered for one caller must not be kept for another (`cacheScope`, MCP 2026-07-28). */
function makePrivate(mark: u32): void {
  const at = slotStart(Slot.CacheScope);
  if (!at) return;
  const end = slotEnd(Slot.CacheScope);
  const known = load<u8>(at) == QUOTE && spanIs(decodeText(at, end, 1), "private");
  if (!known) insertEdit(mark, at, end, spanOf(bytesOf(PRIVATE), sizeOf(PRIVATE)));
}
