// Which rules may apply to a call: rules are indexed by what their targets name, so a decision looks only at the entries
// of the names at hand, whatever the number of rules. A name with stars is found by a literal part of it, its anchor
// (the compiler chooses the part that the fewest others share), and then compared as a whole.
import { ANCHOR_SIZE, Anchor, AnchorField, BUCKET_SIZE, BucketField, Kind, NONE, Section } from "../program.ts";
import { charge, isExhausted } from "../runtime/budget.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { NO_SPAN, Span, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { hasText, isTextAt, section, sectionCount, textSpan } from "../sections.ts";
import { addRun, chosenCount, clearEntries, cursorsSize, openCursors } from "./entries.ts";
import { Fit, begins, fitOfBeginning, fitsPattern } from "./pattern.ts";

const MOST_EXACT: u32 = 4; // buckets without a star that one call finds: its method, its target twice, those without a target

/** The beginning of the table. After it: per place bucket + 1, a u32; cursors; a byte for each bucket up to `pieces`. */
@unmanaged
class TargetTable {
  mask: u32; //     places - 1
  kinds: u32; //    bits of the Kinds that have buckets
  anchored: u32; // bits of the Kinds that have names with stars
  most: u32; //     entries of so many buckets may be chosen for one call
  pieces: u32; //   those found by a piece are among the first of all buckets, so many
}

let table: TargetTable = changetype<TargetTable>(0);
let places: usize = 0;
let visited: usize = 0; // per bucket: whether a piece has led to it in this call
let isComplete: bool = true;

/** Bytes of the table for the open program. */
export function targetsSize(): u32 {
  const count = sectionCount(Section.Buckets);
  return offsetof<TargetTable>() + (placesFor(count) << 2) + cursorsSize(mostChosen()) + count;
}

/** Of how many buckets a call may take entries: a template of those of all resources. */
function mostChosen(): u32 {
  let starred: u32 = 0;
  let resources: u32 = 0;
  for (let i: u32 = 0; i < sectionCount(Section.Buckets); i++) {
    starred += <u32>isStarred(bucketAt(i));
    resources += u32(load<u32>(bucketAt(i), BucketField.Kind) == Kind.Resource);
  }
  return max(starred, resources) + MOST_EXACT;
}

function isStarred(bucket: usize): bool {
  return load<u32>(bucket, BucketField.Anchor) != Anchor.Exact || load<u32>(bucket, BucketField.Pattern) != NONE;
}

// @ts-ignore: decorator
@inline
function isOfPiece(anchor: u32): bool {
  return anchor == Anchor.Piece || anchor == Anchor.BackendPiece;
}

/** Uses the table at `at`, which is of the open program. */
export function openTargets(at: usize): void {
  table = changetype<TargetTable>(at);
  places = at + offsetof<TargetTable>();
  const cursors = places + ((<usize>table.mask + 1) << 2);
  openCursors(cursors);
  visited = cursors + <usize>cursorsSize(table.most);
}

/** Fills the table at `at`, all zero, from the open program. */
export function buildTargets(at: usize): void {
  const made = changetype<TargetTable>(at);
  const count = sectionCount(Section.Buckets);
  made.mask = placesFor(count) - 1;
  made.most = mostChosen();
  for (let index: u32 = 0; index < count; index++) {
    if (isOfPiece(load<u32>(bucketAt(index), BucketField.Anchor))) made.pieces = index + 1;
  }
  openTargets(at);
  for (let index: u32 = 0; index < count; index++) addBucket(index);
  let record = section(Section.Anchors);
  for (let left = sectionCount(Section.Anchors); left; left--, record += ANCHOR_SIZE) {
    made.anchored |= 1 << load<u32>(record, AnchorField.Kind);
  }
}

/** Gives a bucket its place, unless it is found after the one before it, which has the same key. */
function addBucket(index: u32): void {
  const bucket = bucketAt(index);
  const kind = load<u32>(bucket, BucketField.Kind);
  const anchor = load<u32>(bucket, BucketField.Anchor);
  const backend = textSpan(bucket + BucketField.Backend);
  const name = textSpan(bucket + BucketField.Name);
  table.kinds |= 1 << kind;
  if (index && isBucketOf(bucketAt(index - 1), kind, anchor, backend, name)) return;
  let place = hash(kind, anchor, backend, name) & table.mask;
  while (load<u32>(placeAt(place))) place = (place + 1) & table.mask;
  store<u32>(placeAt(place), index + 1);
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

// @ts-ignore: decorator
@inline
function hash(kind: u32, anchor: u32, backend: Span, name: Span): u32 {
  const seed = (<u64>(kind + 1 + (anchor << 8))) << 32;
  const start = backend ? hashBytes(seed, spanStart(backend), spanLength(backend)) : seed;
  return <u32>hashBytes(start, spanStart(name), spanLength(name));
}

/** The first bucket of exactly this key, NONE when there is none; without a `backend`, that of entries without one. */
// @ts-ignore: decorator
@inline
function findBucket(kind: u32, anchor: u32, backend: Span, name: Span): u32 {
  if (!((table.kinds >> kind) & 1)) return NONE;
  let place = hash(kind, anchor, backend, name) & table.mask;
  while (true) {
    const index = load<u32>(placeAt(place)) - 1;
    if (index == NONE || isBucketOf(bucketAt(index), kind, anchor, backend, name)) return index;
    place = (place + 1) & table.mask;
  }
}

// @ts-ignore: decorator
@inline
function isBucketOf(bucket: usize, kind: u32, anchor: u32, backend: Span, name: Span): bool {
  if (load<u32>(bucket, BucketField.Kind) != kind || load<u32>(bucket, BucketField.Anchor) != anchor) return false;
  if (!isTextAt(bucket + BucketField.Name, name)) return false;
  const other = bucket + BucketField.Backend;
  return backend ? hasText(other) && isTextAt(other, backend) : !hasText(other);
}

/** Begins the choice of entries for a call. */
export function beginChoice(): void {
  clearEntries();
  isComplete = true;
}

/** Whether every entry that may apply was found; otherwise the steps ran out, and nothing may be decided. */
export function isChoiceComplete(): bool {
  return isComplete;
}

/** Adds the entries that name exactly this; whether there are any. NO_SPAN is no backend. */
export function addExact(kind: u32, backend: Span, name: Span): bool {
  let any = addBuckets(kind, NO_SPAN, backend, name);
  if (backend && addBuckets(kind, backend, backend, name)) any = true;
  return any;
}

/** Adds the entries of the whole name `name` that are filed under `key` as their backend. */
// @ts-ignore: decorator
@inline
function addBuckets(kind: u32, key: Span, backend: Span, name: Span): bool {
  const index = findBucket(kind, Anchor.Exact, key, name);
  if (index == NONE) return false;
  if (load<u32>(bucketAt(index), BucketField.Pattern) != NONE) return addFitting(index, false, backend, name);
  return addBucketEntries(index);
}

// @ts-ignore: decorator
@inline
function addBucketEntries(index: u32): bool {
  if (chosenCount() >= table.most) isComplete = false;
  else addRun(bucketAt(index) + BucketField.Entries, false);
  return true;
}

/** Adds the entries of the buckets from `first` on that have its key and whose pattern fits; with `once`, those not visited. */
function addFitting(first: u32, once: bool, backend: Span, name: Span): bool {
  const bucket = bucketAt(first);
  const kind = load<u32>(bucket, BucketField.Kind);
  const anchor = load<u32>(bucket, BucketField.Anchor);
  const key = textSpan(bucket + BucketField.Backend);
  const piece = textSpan(bucket + BucketField.Name);
  const count = sectionCount(Section.Buckets);
  let any = false;
  for (let i = first; i < count && isBucketOf(bucketAt(i), kind, anchor, key, piece); i++) {
    if (once) {
      if (load<u8>(visited + <usize>i)) return any;
      store<u8>(visited + <usize>i, 1);
    }
    const pattern = load<u32>(bucketAt(i), BucketField.Pattern);
    if ((pattern == NONE || fitsPattern(pattern, backend, name)) && addBucketEntries(i)) any = true;
  }
  return any;
}

/** Adds the entries of names with stars that this name (and its backend, NO_SPAN for none) satisfies. */
// @ts-ignore: decorator
@inline
export function addStarred(kind: u32, backend: Span, name: Span): void {
  if ((table.anchored >> kind) & 1) findStarred(kind, backend, name);
}

function findStarred(kind: u32, backend: Span, name: Span): void {
  let hasCleared = false;
  let record = section(Section.Anchors);
  for (let left = sectionCount(Section.Anchors); left; left--, record += ANCHOR_SIZE) {
    const anchor = load<u32>(record, AnchorField.Anchor);
    const text = anchor < <u32>Anchor.BackendPrefix ? name : backend;
    const length = load<u32>(record, AnchorField.Length);
    if (load<u32>(record, AnchorField.Kind) != kind || !text || length > spanLength(text)) continue;
    const hasBackend = load<u32>(record, AnchorField.HasBackend) != 0;
    if (hasBackend && !backend) continue;
    const key = hasBackend ? backend : NO_SPAN;
    if (isOfPiece(anchor)) {
      if (!hasCleared) memory.fill(visited, 0, table.pieces);
      hasCleared = true;
      if (!charge(spanLength(text))) break;
      findPieces(kind, anchor, key, length, backend, name);
    } else {
      const isPrefix = anchor == Anchor.Prefix || anchor == Anchor.BackendPrefix;
      const start = isPrefix ? spanStart(text) : spanEnd(text) - length;
      addAnchored(kind, anchor, key, spanOf(start, length), false, backend, name);
    }
  }
  if (isExhausted()) isComplete = false;
}

/** Looks up every piece of `length` bytes. */
function findPieces(kind: u32, anchor: u32, key: Span, length: u32, backend: Span, name: Span): void {
  const text = anchor == Anchor.Piece ? name : backend;
  const last = spanEnd(text) - length;
  for (let p = spanStart(text); p <= last; p++) {
    addAnchored(kind, anchor, key, spanOf(p, length), true, backend, name);
  }
}

function addAnchored(kind: u32, anchor: u32, key: Span, piece: Span, once: bool, backend: Span, name: Span): void {
  const index = findBucket(kind, anchor, key, piece);
  if (index != NONE) addFitting(index, once, backend, name);
}

/** Adds the entries that may be about a name of which only the beginning is known: that of the URIs of a template. */
export function addBegun(kind: u32, beginning: Span): void {
  const count = sectionCount(Section.Buckets);
  for (let index: u32 = 0; index < count; index++) {
    if (!charge(1)) break;
    if (load<u32>(bucketAt(index), BucketField.Kind) != kind) continue;
    const fit = fitOf(bucketAt(index), beginning);
    if (fit == Fit.None) continue;
    if (chosenCount() >= table.most) isComplete = false;
    else addRun(bucketAt(index) + BucketField.Entries, fit != Fit.All);
  }
  if (isExhausted()) isComplete = false;
}

/** How the names that begin so fit what the entries of a bucket name. */
function fitOf(bucket: usize, beginning: Span): i32 {
  const pattern = load<u32>(bucket, BucketField.Pattern);
  if (pattern != NONE) return fitOfBeginning(pattern, beginning);
  const anchor = load<u32>(bucket, BucketField.Anchor);
  const text = textSpan(bucket + BucketField.Name);
  if (anchor == Anchor.Suffix || anchor == Anchor.Piece) return Fit.Some;
  if (anchor == Anchor.Prefix && begins(beginning, text)) return Fit.All;
  return begins(text, beginning) ? Fit.Some : Fit.None;
}

/** Adds the entries of the rules without a target. */
export function addOpenEntries(): void {
  addExact(Kind.Any, NO_SPAN, NO_SPAN);
}
