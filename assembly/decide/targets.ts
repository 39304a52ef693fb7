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
  PrefixLengthField,
  Section,
} from "../program.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";
import { hasText, isTextAt, runCount, runStart, section, sectionCount, textSpan } from "../sections.ts";

const MAX_CURSORS: u32 = 160; // exact, any, and every prefix length of a kind, for two names

/** The beginning of the table. After it: per place bucket + 1, a u32. */
@unmanaged
class TargetTable {
  mask: u32; //  places - 1
  kinds: u32; // bits of the Kinds that have buckets
}

let places: usize = 0;
let mask: u32 = 0;
let kinds: u32 = 0;

/** Where the decision is in the entries of one bucket. */
@unmanaged
class EntryCursor {
  next: usize; // EntryRecord
  end: usize;
  rule: u32; //   of the next entry; NONE at the end
}

const CURSOR: usize = offsetof<EntryCursor>();
const cursors: usize = memory.data(<i32>(MAX_CURSORS * CURSOR), 8);
let cursorCount: u32 = 0;

/** Bytes of the table for `count` buckets. */
export function targetsSize(count: u32): u32 {
  return offsetof<TargetTable>() + (placesFor(count) << 2);
}

/** Uses the table at `at`. */
export function openTargets(at: usize): void {
  const table = changetype<TargetTable>(at);
  mask = table.mask;
  kinds = table.kinds;
  places = at + offsetof<TargetTable>();
}

/** Fills the table at `at`, all zero, from the open program. */
export function buildTargets(at: usize): void {
  const table = changetype<TargetTable>(at);
  const count = sectionCount(Section.Buckets);
  table.mask = placesFor(count) - 1;
  openTargets(at);
  for (let index: u32 = 0; index < count; index++) {
    const bucket = bucketAt(index);
    const bucketKind = load<u32>(bucket, BucketField.Kind);
    const backend = textSpan(bucket + BucketField.Backend);
    let place = hash(bucketKind, backend, textSpan(bucket + BucketField.Name)) & mask;
    while (load<u32>(placeAt(place))) place = (place + 1) & mask;
    store<u32>(placeAt(place), index + 1);
    table.kinds |= 1 << bucketKind;
  }
}

// @ts-ignore: decorator
@inline
function placeAt(index: u32): usize {
  return places + ((<usize>index) << 2);
}

// @ts-ignore: decorator
@inline
function bucketAt(index: u32): usize {
  return section(Section.Buckets) + <usize>index * BUCKET_SIZE;
}

function hash(kind: u32, backend: Span, name: Span): u32 {
  const seed = (<u64>(kind + 1)) << 32;
  const start = backend ? hashBytes(seed, spanStart(backend), spanLength(backend)) : seed;
  return <u32>hashBytes(start, spanStart(name), spanLength(name));
}

/** The bucket of exactly this key, NONE when there is none; without a `backend`, that of entries without one. */
// @ts-ignore: decorator
@inline
function findBucket(kind: u32, backend: Span, name: Span): u32 {
  if (!((kinds >> kind) & 1)) return NONE;
  let place = hash(kind, backend, name) & mask;
  while (true) {
    const index = load<u32>(placeAt(place)) - 1;
    if (index == NONE || isBucketOf(bucketAt(index), kind, backend, name)) return index;
    place = (place + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function isBucketOf(bucket: usize, kind: u32, backend: Span, name: Span): bool {
  if (load<u32>(bucket, BucketField.Kind) != kind || !isTextAt(bucket + BucketField.Name, name)) return false;
  const other = bucket + BucketField.Backend;
  return backend ? hasText(other) && isTextAt(other, backend) : !hasText(other);
}

/** Forgets the entries chosen for the call before. */
export function clearEntries(): void {
  cursorCount = 0;
}

/** Adds the entries of one key; whether there are any. NO_SPAN is no backend. */
export function addEntries(kind: u32, backend: Span, name: Span): bool {
  const index = findBucket(kind, backend, name);
  if (index == NONE || cursorCount >= MAX_CURSORS) return false;
  const entries = bucketAt(index) + BucketField.Entries;
  const first = runStart(entries, Section.Entries, ENTRY_SIZE);
  const cursor = cursorAt(cursorCount++);
  cursor.end = first + <usize>runCount(entries) * ENTRY_SIZE;
  moveTo(cursor, first);
  return true;
}

// @ts-ignore: decorator
@inline
function cursorAt(index: u32): EntryCursor {
  return changetype<EntryCursor>(cursors + <usize>index * CURSOR);
}

function moveTo(cursor: EntryCursor, entry: usize): void {
  cursor.next = entry;
  cursor.rule = entry < cursor.end ? load<u32>(entry, EntryField.Rule) : NONE;
}

/** Adds the entries of every prefix of `name` that a target names; whether there are any. */
export function addPrefixEntries(kind: u32, name: Span): bool {
  let any = false;
  let record = section(Section.PrefixLengths);
  for (let left = sectionCount(Section.PrefixLengths); left; left--, record += PREFIX_LENGTH_SIZE) {
    const length = load<u32>(record, PrefixLengthField.Length);
    if (load<u32>(record, PrefixLengthField.Kind) != kind || length > spanLength(name)) continue;
    if (addEntries(kind, NO_SPAN, spanOf(spanStart(name), length))) any = true;
  }
  return any;
}

/** Adds the entries of the rules without a target. */
export function addOpenEntries(): void {
  addEntries(Kind.Any, NO_SPAN, NO_SPAN);
}

/** The first rule that has an entry left; NONE when there is none. */
export function nextRule(): u32 {
  const end = cursors + <usize>cursorCount * CURSOR;
  let first: u32 = NONE;
  for (let at = cursors; at < end; at += CURSOR) first = min(first, changetype<EntryCursor>(at).rule);
  return first;
}

/** Takes the next entry of `rule`, an EntryRecord; 0 when the rule has none left. */
export function takeEntry(rule: u32): usize {
  const end = cursors + <usize>cursorCount * CURSOR;
  for (let at = cursors; at < end; at += CURSOR) {
    const cursor = changetype<EntryCursor>(at);
    if (cursor.rule != rule) continue;
    const entry = cursor.next;
    moveTo(cursor, entry + ENTRY_SIZE);
    return entry;
  }
  return 0;
}
