// Which rules may apply to a call: rules are indexed by what their targets name, so a decision looks only at the
// entries of the names at hand, whatever the number of rules. Entries of several buckets are met in the rules' order.
import {
  BUCKET_SIZE,
  BucketField,
  ENTRY_SIZE,
  EntryField,
  Kind,
  NONE,
  PREFIX_LENGTH_SIZE,
  Section,
} from "../program.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { isTextAt, section, sectionCount, text, textLength } from "../sections.ts";

const NO_BUCKET: u32 = 0xffffffff;
const MAX_CURSORS: u32 = 160; // exact, any, and every prefix length of a kind, for two names

// The table: mask u32, bits of the kinds that have buckets u32, then per place bucket + 1.
let table: usize = 0;
let kinds: u32 = 0;
let mask: u32 = 0;

// A cursor:  0: address of the next entry   4: behind its last entry   8: rule of the next entry, NONE at the end
const CURSOR: usize = 16;
const cursors: usize = memory.data(16 * 160, 8);
let cursorCount: u32 = 0;

export function targetsSize(count: u32): u32 {
  return 8 + (placesFor(count) << 2);
}

export function openTargets(at: usize): void {
  mask = load<u32>(at);
  kinds = load<u32>(at, 4);
  table = at + 8;
}

/** Fills the table at `at`, all zero, from the open program. */
export function buildTargets(at: usize): void {
  const count = sectionCount(Section.Buckets);
  store<u32>(at, placesFor(count) - 1);
  openTargets(at);
  let found: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const bucket = bucketAt(index);
    const backend = bucket + BucketField.Backend;
    const any = load<u32>(backend) == NONE;
    const name = bucket + BucketField.Name;
    let place =
      hash(load<u32>(bucket), any ? 0 : text(backend), textLength(backend), text(name), textLength(name)) & mask;
    while (load<u32>(table + ((<usize>place) << 2))) place = (place + 1) & mask;
    store<u32>(table + ((<usize>place) << 2), index + 1);
    found |= 1 << load<u32>(bucket);
  }
  store<u32>(at, found, 4);
}

// @ts-ignore: decorator
@inline
function bucketAt(index: u32): usize {
  return section(Section.Buckets) + <usize>index * BUCKET_SIZE;
}

function hash(kind: u32, backend: usize, backendLength: u32, name: usize, nameLength: u32): u32 {
  const seed = (<u64>(kind + 1)) << 32;
  return <u32>hashBytes(backend ? hashBytes(seed, backend, backendLength) : seed, name, nameLength);
}

/** The bucket of exactly this key; `backend` 0 is the bucket of entries without one. */
// @ts-ignore: decorator
@inline
function findBucket(kind: u32, backend: usize, backendLength: u32, name: usize, nameLength: u32): u32 {
  if (!((kinds >> kind) & 1)) return NO_BUCKET;
  let place = hash(kind, backend, backendLength, name, nameLength) & mask;
  while (true) {
    const index = load<u32>(table + ((<usize>place) << 2)) - 1;
    if (index == NO_BUCKET) return NO_BUCKET;
    const bucket = bucketAt(index);
    if (load<u32>(bucket) == kind && isTextAt(bucket + BucketField.Name, name, nameLength)) {
      const other = bucket + BucketField.Backend;
      if (backend ? load<u32>(other) != NONE && isTextAt(other, backend, backendLength) : load<u32>(other) == NONE)
        return index;
    }
    place = (place + 1) & mask;
  }
}

/** Forgets the entries chosen for the call before. */
export function clearEntries(): void {
  cursorCount = 0;
}

/** Adds the entries of one key; whether there are any. */
export function addEntries(kind: u32, backend: usize, backendLength: u32, name: usize, nameLength: u32): bool {
  const index = findBucket(kind, backend, backendLength, name, nameLength);
  if (index == NO_BUCKET || cursorCount >= MAX_CURSORS) return false;
  const entries = bucketAt(index) + BucketField.Entries;
  const cursor = cursors + <usize>cursorCount * CURSOR;
  cursorCount++;
  const first = section(Section.Entries) + <usize>load<u32>(entries) * ENTRY_SIZE;
  store<u32>(cursor, <u32>first + load<u32>(entries, 4) * ENTRY_SIZE, 4);
  moveTo(cursor, first);
  return true;
}

function moveTo(cursor: usize, entry: usize): void {
  store<u32>(cursor, <u32>entry);
  store<u32>(cursor, <u32>entry < load<u32>(cursor, 4) ? load<u32>(entry, EntryField.Rule) : NONE, 8);
}

/** Adds the entries of every prefix of `name` that a target names; whether there are any. */
export function addPrefixEntries(kind: u32, name: usize, nameLength: u32): bool {
  let any = false;
  let record = section(Section.PrefixLengths);
  for (let left = sectionCount(Section.PrefixLengths); left; left--, record += PREFIX_LENGTH_SIZE) {
    const length = load<u32>(record, 4);
    if (load<u32>(record) == kind && length <= nameLength && addEntries(kind, 0, 0, name, length)) any = true;
  }
  return any;
}

/** Adds the entries of the rules without a target. */
export function addOpenEntries(): void {
  addEntries(Kind.Any, 0, 0, 0, 0);
}

/** The first rule that has an entry left; NONE when there is none. */
export function nextRule(): u32 {
  let first = load<u32>(cursors, 8);
  const end = cursors + <usize>cursorCount * CURSOR;
  for (let cursor = cursors + CURSOR; cursor < end; cursor += CURSOR) first = min(first, load<u32>(cursor, 8));
  return cursorCount ? first : NONE;
}

/** Takes the next entry of `rule`: its predicate or NONE in `entryPredicate`; false when the rule has none left. */
export function takeEntry(rule: u32): bool {
  const end = cursors + <usize>cursorCount * CURSOR;
  for (let cursor = cursors; cursor < end; cursor += CURSOR) {
    if (load<u32>(cursor, 8) != rule) continue;
    const entry = <usize>load<u32>(cursor);
    predicate = load<u32>(entry, EntryField.Predicate);
    moveTo(cursor, entry + ENTRY_SIZE);
    return true;
  }
  return false;
}

let predicate: u32 = 0;

export function entryPredicate(): u32 {
  return predicate;
}
