// Changes of a text: what stands in a place of it is replaced. They are kept in the order of their places, and made at once
// when all are known, so that what stays is copied once.
import { allocate, release, reserve } from "../runtime/memory.ts";
import { copyBytes } from "../text/ascii.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";

/** A change: the bytes from `start` to `end` become `text`. */
@unmanaged
class Edit {
  start: usize;
  end: usize;
  text: Span; // NO_SPAN: they are left out
}

const SIZE: u32 = offsetof<Edit>();
const FIRST_ROOM: u32 = 64;

let edits: usize = 0;
let room: u32 = 0;
let count: u32 = 0;

/** How many changes there are: a mark for `dropEdits`. */
export function editCount(): u32 {
  return count;
}

/** Forgets the changes from the mark on. */
export function dropEdits(mark: u32): void {
  count = mark;
}

/** Forgets all changes and gives back what they took. */
export function endEdits(): void {
  release(edits);
  edits = 0;
  room = count = 0;
}

// @ts-ignore: decorator
@inline
function editAt(index: u32): Edit {
  return changetype<Edit>(edits + <usize>index * SIZE);
}

/** Adds a change after all others. Without memory it is left out, which `ranOut` tells. */
export function addEdit(start: usize, end: usize, text: Span): void {
  if (count == room && !enlarge()) return;
  const edit = editAt(count++);
  edit.start = start;
  edit.end = end;
  edit.text = text;
}

function enlarge(): bool {
  const wanted = max(room * 2, FIRST_ROOM);
  const fresh = allocate(wanted * SIZE);
  if (!fresh) return false;
  memory.copy(fresh, edits, <usize>count * SIZE);
  release(edits);
  edits = fresh;
  room = wanted;
  return true;
}

/** Adds a change at its place among those from the mark on. */
export function insertEdit(mark: u32, start: usize, end: usize, text: Span): void {
  addEdit(start, end, text);
  for (let i = count - 1; i > mark && i < count && editAt(i - 1).start > start; i--) swap(editAt(i - 1), editAt(i));
}

function swap(a: Edit, b: Edit): void {
  const first = v128.load(changetype<usize>(a));
  v128.store(changetype<usize>(a), v128.load(changetype<usize>(b)));
  v128.store(changetype<usize>(b), first);
}

/** The text from `start` to `end` with the changes from the mark on, in the region; NO_SPAN without memory. */
export function editedText(mark: u32, start: usize, end: usize): Span {
  let size = end - start;
  for (let i = mark; i < count; i++) size += <usize>spanLength(editAt(i).text) - (editAt(i).end - editAt(i).start);
  const out = reserve(<u32>size + 1); // an empty one has an address, too
  if (!out) return NO_SPAN;
  let from = start;
  let to = out;
  for (let i = mark; i < count; i++) {
    const edit = editAt(i);
    memory.copy(to, from, edit.start - from);
    to += edit.start - from;
    copyBytes(to, spanStart(edit.text), spanLength(edit.text));
    to += <usize>spanLength(edit.text);
    from = edit.end;
  }
  memory.copy(to, from, end - from);
  return spanOf(out, <u32>size);
}
