// The entries that may apply to a call: one cursor for each bucket that was found, in a heap by the rule of its next
// entry, so that entries of any number of buckets are met in the rules' order. They are chosen once for a call, however
// often it is decided again for a grant.
import { ENTRY_SIZE, EntryField, NONE, Section } from "../program.ts";
import { runCount, runStart } from "../sections.ts";

/** Where the decision is in the entries of one bucket. */
@unmanaged
class EntryCursor {
  next: usize; // EntryRecord
  first: usize; // and 1 when they may not be about the call
  end: usize;
  rule: u32; //   of the next entry
}

const CURSOR: usize = offsetof<EntryCursor>();
const DOUBT: usize = 1; // an entry's address is a multiple of 4
let cursors: usize = 0;
let chosen: u32 = 0; // cursors of the call
let left: u32 = 0; //   of them that have entries left: those at the beginning

/** Bytes for `count` cursors. */
export function cursorsSize(count: u32): u32 {
  return count * <u32>CURSOR;
}

/** Uses the room for cursors at `at`. */
export function openCursors(at: usize): void {
  cursors = at;
  chosen = left = 0;
}

/** Forgets the entries chosen for the call before. */
export function clearEntries(): void {
  chosen = left = 0;
}

/** How many buckets were chosen. */
export function chosenCount(): u32 {
  return chosen;
}

/** Adds the entries of the run at `run`, which has some; `inDoubt`: whether they are about the call is not known. */
export function addRun(run: usize, inDoubt: bool): void {
  const cursor = cursorAt(chosen);
  const start = runStart(run, Section.Entries, ENTRY_SIZE);
  cursor.first = start | usize(inDoubt);
  cursor.end = start + <usize>runCount(run) * ENTRY_SIZE;
  chosen++;
  if (runCount(run)) rewindCursor(cursor);
}

/** Makes all entries of the call new again. */
export function rewindEntries(): void {
  left = 0;
  for (let i: u32 = 0; i < chosen; i++) {
    const cursor = cursorAt(i);
    if (firstOf(cursor) < cursor.end) rewindCursor(cursor);
  }
}

/** Puts a cursor, which is not before those that have entries left, among these. */
function rewindCursor(cursor: EntryCursor): void {
  swap(cursor, cursorAt(left));
  const fresh = cursorAt(left);
  fresh.next = firstOf(fresh);
  fresh.rule = load<u32>(fresh.next, EntryField.Rule);
  raise(left++);
}

// @ts-ignore: decorator
@inline
function firstOf(cursor: EntryCursor): usize {
  return cursor.first & ~DOUBT;
}

// @ts-ignore: decorator
@inline
function cursorAt(index: u32): EntryCursor {
  return changetype<EntryCursor>(cursors + <usize>index * CURSOR);
}

function swap(a: EntryCursor, b: EntryCursor): void {
  const one = v128.load(changetype<usize>(a));
  v128.store(changetype<usize>(a), v128.load(changetype<usize>(b)));
  v128.store(changetype<usize>(b), one);
}

/** Moves a cursor up to its place in the heap. */
function raise(index: u32): void {
  let place = index;
  while (place) {
    const above = (place - 1) >> 1;
    if (cursorAt(above).rule <= cursorAt(place).rule) return;
    swap(cursorAt(above), cursorAt(place));
    place = above;
  }
}

/** Moves the first cursor down to its place in the heap. */
function sink(): void {
  let place: u32 = 0;
  while (true) {
    let least = place;
    const below: u32 = 2 * place + 1;
    if (below < left && cursorAt(below).rule < cursorAt(least).rule) least = below;
    if (below + 1 < left && cursorAt(below + 1).rule < cursorAt(least).rule) least = below + 1;
    if (least == place) return;
    swap(cursorAt(least), cursorAt(place));
    place = least;
  }
}

/** The first rule that has an entry left; NONE when there is none. */
// @ts-ignore: decorator
@inline
export function nextRule(): u32 {
  return left ? cursorAt(0).rule : NONE;
}

/** Whether the entry that is taken next may not be about the call. */
export function isNextInDoubt(): bool {
  return left != 0 && (cursorAt(0).first & DOUBT) != 0;
}

/** Takes the next entry of `rule`, an EntryRecord; 0 when the rule, the first that has any left, has none left. */
export function takeEntry(rule: u32): usize {
  if (nextRule() != rule) return 0;
  const cursor = cursorAt(0);
  const entry = cursor.next;
  const next = entry + ENTRY_SIZE;
  if (next < cursor.end) {
    cursor.next = next;
    cursor.rule = load<u32>(next, EntryField.Rule);
  } else swap(cursor, cursorAt(--left));
  sink();
  return entry;
}
