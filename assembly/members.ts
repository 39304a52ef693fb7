// The tree of member names that the program asks for, as the reader of a text needs it: a table from (node, folded
// name) to the child. Folding finds the keys that a lenient parser would take for the same: ASCII case, U+017F for
// s, U+212A for k (Go's encoding/json), NULs left out (GHSA-q382-vc8q-7jhj).
import { NODE_SIZE, NONE, NodeField, Section, Slot } from "./program.ts";
import { section, text, textLength } from "./sections.ts";
import { reserve, trimRegion } from "./memory.ts";
import { markTwin } from "./slots.ts";

const NO_SLOT: u32 = 0xffffffff;

// The table: mask u32, then per place (slot + 1 or 0); behind it one byte per node: has it children.
let table: usize = 0;
let mask: u32 = 0;
let parents: usize = 0;
let twins: bool = false;

/** Bytes that the table of `count` nodes takes. */
export function membersSize(count: u32): u32 {
  return 4 + (placesFor(count) << 2) + ((count + 7) & ~7);
}

/** Places of an open-addressed table for `count` keys, at most half full. */
export function placesFor(count: u32): u32 {
  return 1 << (33 - <u32>clz(max(count, 2) - 1));
}

/** Uses the table at `at`. */
export function openMembers(at: usize): void {
  table = at + 4;
  mask = load<u32>(at);
  parents = table + <usize>(mask + 1) * 4;
  twins = false;
}

/** Fills the table at `at` from the nodes of the open program. */
export function buildMembers(at: usize, count: u32): void {
  const places = placesFor(count);
  store<u32>(at, places - 1);
  memory.fill(at + 4, 0, ((<usize>places) << 2) + ((count + 7) & ~7));
  openMembers(at);
  for (let slot: u32 = 0; slot < count; slot++) {
    const node = section(Section.Nodes) + <usize>slot * NODE_SIZE;
    const parent = load<u32>(node, NodeField.Parent);
    if (parent == NONE) continue;
    store<u8>(parents + <usize>parent, 1);
    const length = textLength(node + NodeField.Name);
    const folded = reserve(length + 8);
    if (!folded) return;
    const size = fold(text(node + NodeField.Name), length, folded);
    let place = hash(parent, folded, size) & mask;
    while (load<u32>(table + ((<usize>place) << 2))) place = (place + 1) & mask;
    store<u32>(table + ((<usize>place) << 2), slot + 1);
    trimRegion(folded);
  }
}

/** Whether the program names members of this slot's value. */
export function hasMembers(slot: u32): bool {
  return load<u8>(parents + <usize>slot) != 0;
}

/** Whether a twin of a member of the envelope was met since the table was opened or this was last asked. */
export function metEnvelopeTwin(): bool {
  const met = twins;
  twins = false;
  return met;
}

/** The slot of the member `key` of a node, or NO_SLOT. With `marking`, slots whose name differs only by folding are marked. */
export function childSlot(node: u32, key: usize, length: u32, marking: bool): u32 {
  let found = NO_SLOT;
  let place = hashKey(node, key, length) & mask;
  while (true) {
    const slot = load<u32>(table + ((<usize>place) << 2)) - 1;
    if (slot == NO_SLOT) return found;
    const record = section(Section.Nodes) + <usize>slot * NODE_SIZE;
    if (load<u32>(record, NodeField.Parent) == node) {
      const name = text(record + NodeField.Name);
      const nameLength = textLength(record + NodeField.Name);
      if (nameLength == length && memory.compare(name, key, length) == 0) found = slot;
      else if (marking && equalFolded(name, nameLength, key, length)) {
        markTwin(slot);
        if (slot < <u32>Slot.Count) twins = true;
      }
    }
    place = (place + 1) & mask;
  }
}

/** Whether two names are the same once folded; also when there is no memory to find out. */
function equalFolded(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  const first = reserve(aLength + 8);
  const second = reserve(bLength + 8);
  if (!first || !second) return true;
  const size = fold(a, aLength, first);
  const same = fold(b, bLength, second) == size && memory.compare(first, second, size) == 0;
  trimRegion(first);
  return same;
}

/** The hash of a folded key. Most keys are ASCII, and fold as they are read. */
function hashKey(node: u32, key: usize, length: u32): u32 {
  let h: u32 = 0x811c9dc5 ^ (node * 0x9e3779b1);
  for (let i: u32 = 0; i < length; i++) {
    let c = <u32>load<u8>(key + <usize>i);
    if (c >= 0x80 || c == 0) return hashUnusual(node, key, length);
    if (c - 0x41 < 26) c |= 0x20;
    h = (h ^ c) * 0x01000193;
  }
  return h ^ (h >> 15);
}

function hashUnusual(node: u32, key: usize, length: u32): u32 {
  const folded = reserve(length + 8);
  if (!folded) {
    twins = true; // refuse rather than miss one
    return 0;
  }
  const h = hash(node, folded, fold(key, length, folded));
  trimRegion(folded);
  return h;
}

function hash(node: u32, at: usize, length: u32): u32 {
  let h: u32 = 0x811c9dc5 ^ (node * 0x9e3779b1);
  for (let i: u32 = 0; i < length; i++) h = (h ^ load<u8>(at + <usize>i)) * 0x01000193;
  return h ^ (h >> 15);
}

/** Folds a key to `out`, which has room for `length` bytes; returns the folded length. */
export function fold(key: usize, length: u32, out: usize): u32 {
  let q = out;
  const end = key + <usize>length;
  for (let p = key; p < end; p++) {
    let c = <u32>load<u8>(p);
    if (c == 0) continue;
    if (c - 0x41 < 26) c |= 0x20;
    else if (c == 0xc5 && p + 1 < end && load<u8>(p, 1) == 0xbf) {
      c = 0x73;
      p++;
    } else if (c == 0xe2 && p + 2 < end && load<u8>(p, 1) == 0x84 && load<u8>(p, 2) == 0xaa) {
      c = 0x6b;
      p += 2;
    }
    store<u8>(q++, c);
  }
  return <u32>(q - out);
}
