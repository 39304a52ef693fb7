// The tree of member names that the program asks for, as the reader of a text needs it: a table from (node, folded
// name) to the child. Folding finds the keys that a lenient parser would take for the same: ASCII case, U+017F for
// s, U+212A for k (Go's encoding/json), NULs left out (GHSA-q382-vc8q-7jhj).
import { NODE_SIZE, NONE, NodeField, Section, Slot } from "../program.ts";
import { sameBytes } from "../text/ascii.ts";
import { mix, placesFor } from "../text/hash.ts";
import { section, text, textLength } from "../sections.ts";
import { reserve, trimRegion } from "../runtime/memory.ts";
import { markTwin } from "./slots.ts";
import { forgetOwners } from "./templates.ts";

const NO_SLOT: u32 = 0xffffffff;

// The table: mask u32, then per place slot + 1 (0: free), the hash of its key, and its name (address, length); behind
// it one byte per node: has it children.
let table: usize = 0;
let mask: u32 = 0;
let parents: usize = 0;
let twins: bool = false;

/** Bytes that the table of `count` nodes takes. */
export function membersSize(count: u32): u32 {
  return 4 + (placesFor(count) << 4) + ((count + 7) & ~7);
}

/** Uses the table at `at`. */
export function openMembers(at: usize): void {
  table = at + 4;
  mask = load<u32>(at);
  parents = table + ((<usize>(mask + 1)) << 4);
}

export function forgetEnvelopeTwin(): void {
  twins = false;
}

/** Fills the table at `at`, all zero, from the nodes of the open program. */
export function buildMembers(at: usize, count: u32): void {
  store<u32>(at, placesFor(count) - 1);
  openMembers(at);
  forgetOwners();
  // A tool's arguments have an owner even if the program names none of them.
  store<u8>(parents + <usize>Slot.Arguments, 1);
  for (let slot: u32 = 0; slot < count; slot++) {
    const node = section(Section.Nodes) + <usize>slot * NODE_SIZE;
    const parent = parentOf(slot);
    if (parent == NONE) continue;
    store<u8>(parents + <usize>parent, 1);
    const length = textLength(node + NodeField.Name);
    const folded = reserve(length + 8);
    if (!folded) return;
    const size = fold(text(node + NodeField.Name), length, folded);
    const hash = hashKey(parent, folded, size, true);
    let place = hash & mask;
    while (load<u32>(placeAt(place))) place = (place + 1) & mask;
    store<u32>(placeAt(place), slot + 1);
    store<u32>(placeAt(place), hash, 4);
    store<u32>(placeAt(place), <u32>text(node + NodeField.Name), 8);
    store<u32>(placeAt(place), length, 12);
    trimRegion(folded);
  }
}

// @ts-ignore: decorator
@inline
function placeAt(index: u32): usize {
  return table + ((<usize>index) << 4);
}

/** What the members of a node are told apart by from those of another. */
// @ts-ignore: decorator
@inline
export function membersOf(node: u32): usize {
  return parents + <usize>node;
}

/** Whether members of this slot's value are looked up: the program names some, or they are a tool's arguments. */
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
  const hash = hashKey(node, key, length, false);
  let place = hash & mask;
  while (true) {
    const record = placeAt(place);
    const slot = load<u32>(record) - 1;
    if (slot == NO_SLOT) return found;
    place = (place + 1) & mask;
    if (load<u32>(record, 4) != hash || parentOf(slot) != node) continue;
    const name = <usize>load<u32>(record, 8);
    const size = load<u32>(record, 12);
    if (size == length && sameBytes(name, key, length)) found = slot;
    else if (marking && equalFolded(name, size, key, length)) {
      markTwin(slot);
      if (slot < <u32>Slot.Count) twins = true;
    }
  }
}

// @ts-ignore: decorator
@inline
function parentOf(slot: u32): u32 {
  return load<u32>(section(Section.Nodes) + <usize>slot * NODE_SIZE, NodeField.Parent);
}

/** Whether two names are the same once folded; also when there is no memory to find out. */
function equalFolded(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  const first = reserve(aLength + 8);
  const second = reserve(bLength + 8);
  if (!first || !second) return true;
  const size = fold(a, aLength, first);
  const same = fold(b, bLength, second) == size && sameBytes(first, second, size);
  trimRegion(first);
  return same;
}

/**
 * The same for keys that fold to the same, eight bytes at a time: up to eight bytes behind the key are read too. A key
 * that is not all ASCII, or has a NUL, is folded first; of the others the bit of lower case is enough.
 */
function hashKey(node: u32, key: usize, length: u32, folded: bool): u32 {
  const lower: u64 = 0x2020202020202020;
  let hash = <u64>node;
  let p = key;
  let left = length;
  while (left) {
    let word = load<u64>(p);
    if (left < 8) {
      const keep = ((<u64>1) << (left << 3)) - 1;
      word = (word & keep) | (lower & ~keep);
    }
    if (!folded && (word | (word - 0x0101010101010101)) & 0x8080808080808080) return hashUnusual(node, key, length);
    hash = mix((hash * 31) ^ (word | lower));
    left -= min(left, 8);
    p += 8;
  }
  return <u32>hash;
}

function hashUnusual(node: u32, key: usize, length: u32): u32 {
  const folded = reserve(length + 8);
  if (!folded) {
    twins = true; // refuse rather than miss one
    return 0;
  }
  const hash = hashKey(node, folded, fold(key, length, folded), true);
  trimRegion(folded);
  return hash;
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
