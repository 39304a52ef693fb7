// The scopes of the token: which scopes of the policy are held, the hierarchy applied. RFC 6749 section 3.3: a scope string
// is a list separated by spaces.
import { NONE, SCOPE_SIZE, ScopeField, Section } from "../program.ts";
import { below } from "../text/ascii.ts";
import { SPACE, TAB } from "../text/chars.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { Span, spanBetween, spanEnd, spanLength, spanStart } from "../text/span.ts";
import { isTextAt, runCount, runStart, section, sectionCount, textSpan } from "../sections.ts";
import { charge } from "../runtime/budget.ts";
import { reserve } from "../runtime/memory.ts";

const MAX_PIECES: u32 = 8192;
const ID_SIZE: u32 = 4;
const TRIAL: u32 = 0x80000000; // the stamps of trials have this bit

/** The beginning of a table of scopes. After it: per place scope + 1, then per scope the stamp with which it was held. */
@unmanaged
class ScopeTable {
  mask: u32; // places - 1
  generation: u32;
}

let places: usize = 0;
let mask: u32 = 0;
let stamps: usize = 0;
let generation: u32 = 0; // the stamp of what the token holds
let trial: u32 = 0; //      the stamp of what the grant that is being tried adds; 0 for none
let lastTrial: u32 = TRIAL;

// The token's scopes as they were written, a Span each.
const FIRST_PIECES: u32 = 32;
const firstPieces: usize = memory.data(8 * 32, 8);
let pieces: usize = firstPieces;
let pieceCount: u32 = 0;
let pieceRoom: u32 = FIRST_PIECES;
let partial: bool = false; // not all of them could be kept

/** How often the set of held scopes was emptied or a trial began or ended: tells whether a list made of it is stale. */
export let scopeChanges: u32 = 0;

/** Bytes of the table for `count` scopes. */
export function scopesSize(count: u32): u32 {
  return offsetof<ScopeTable>() + (placesFor(count) << 2) + (count << 2);
}

/** Uses the table at `at`, with no scope held. */
export function openScopes(at: usize): void {
  const table = changetype<ScopeTable>(at);
  mask = table.mask;
  generation = (table.generation & 0x3fffffff) + 1;
  table.generation = generation;
  trial = 0;
  places = at + offsetof<ScopeTable>();
  stamps = places + ((<usize>(mask + 1)) << 2);
  // The generations wrapped around: a stamp from a billion requests ago must not count.
  if (generation == 1) memory.fill(stamps, 0, (<usize>sectionCount(Section.Scopes)) << 2);
  pieces = firstPieces;
  pieceCount = 0;
  pieceRoom = FIRST_PIECES;
  partial = false;
  scopeChanges++;
}

/** Fills the table at `at`, all zero, from the open program. */
export function buildScopes(at: usize): void {
  const count = sectionCount(Section.Scopes);
  changetype<ScopeTable>(at).mask = placesFor(count) - 1;
  openScopes(at);
  for (let scope: u32 = 0; scope < count; scope++) {
    const name = textSpan(scopeName(scope));
    let place = hashOf(name) & mask;
    while (load<u32>(placeAt(place))) place = (place + 1) & mask;
    store<u32>(placeAt(place), scope + 1);
  }
}

function hashOf(name: Span): u32 {
  return <u32>hashBytes(0, spanStart(name), spanLength(name));
}

// @ts-ignore: decorator
@inline
function placeAt(place: u32): usize {
  return places + ((<usize>place) << 2);
}

// @ts-ignore: decorator
@inline
function stampAt(scope: u32): usize {
  return stamps + ((<usize>scope) << 2);
}

/** The (offset, length) pair of a scope's name. */
export function scopeName(scope: u32): usize {
  return section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Name;
}

/** The run of ScopeIds that a holder of this scope also holds, itself included. */
export function closureOf(scope: u32): usize {
  return section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Closure;
}

/** The first id of a run of ScopeIds, a u32; the others follow. */
// @ts-ignore: decorator
@inline
export function firstScopeId(run: usize): usize {
  return runStart(run, Section.ScopeIds, ID_SIZE);
}

/** The id `index` of a run of ScopeIds. */
export function scopeIdAt(run: usize, index: u32): u32 {
  return load<u32>(firstScopeId(run) + ((<usize>index) << 2));
}

/** The scope of the policy with this name; NONE when it has none. */
function find(name: Span): u32 {
  let place = hashOf(name) & mask;
  while (true) {
    const scope = load<u32>(placeAt(place)) - 1;
    if (scope == NONE || isTextAt(scopeName(scope), name)) return scope;
    place = (place + 1) & mask;
  }
}

/** Whether a scope of the policy is held: by itself, through one that implies it, or by the grant that is being tried. */
export function isHeld(scope: u32): bool {
  const stamp = load<u32>(stampAt(scope));
  return stamp == generation || (trial != 0 && stamp == trial);
}

/** Holds a scope and all that it implies. While a grant is tried, only until the trial ends. */
export function hold(scope: u32): void {
  if (load<u32>(stampAt(scope)) == generation) return; // and all that it implies: a token may name it thousands of times
  const closure = closureOf(scope);
  const stamp = trial ? trial : generation;
  let id = firstScopeId(closure);
  for (let left = runCount(closure); left; left--, id += ID_SIZE) {
    const held = stampAt(load<u32>(id));
    if (load<u32>(held) != generation) store<u32>(held, stamp);
  }
}

/** Begins to try a grant; ends the trial before. */
export function beginTrial(): void {
  lastTrial = (lastTrial + 1) | TRIAL;
  trial = lastTrial;
  scopeChanges++;
}

export function endTrial(): void {
  trial = 0;
  scopeChanges++;
}

/** Makes lists of the held scopes stale: the memory that they are in is given back. */
export function forgetScopeLists(): void {
  scopeChanges++;
}

/** Takes one scope of the token. */
export function addScope(name: Span): void {
  if (!spanLength(name)) return;
  charge(1);
  const scope = find(name);
  if (scope != NONE) hold(scope);
  if (pieceCount >= MAX_PIECES || (pieceCount == pieceRoom && !enlarge())) {
    partial = true;
    return;
  }
  store<u64>(pieces + ((<usize>pieceCount) << 3), name);
  pieceCount++;
}

function enlarge(): bool {
  const wanted = pieceRoom * 2;
  const fresh = reserve(wanted << 3);
  if (!fresh) return false;
  memory.copy(fresh, pieces, (<usize>pieceCount) << 3);
  pieces = fresh;
  pieceRoom = wanted;
  return true;
}

/** Takes a scope string: scopes separated by spaces. */
export function addScopes(scopes: Span): void {
  const end = spanEnd(scopes);
  let start = spanStart(scopes);
  for (let p = start; p < end; p += 16) {
    for (let spaces = spacesIn(p) & below(<u32>min(end - p, 16)); spaces; spaces &= spaces - 1) {
      const space = p + <usize>ctz(spaces);
      addScope(spanBetween(start, space));
      start = space + 1;
    }
  }
  addScope(spanBetween(start, end));
}

/** A bit for each of the 16 bytes at `at` that is white space of ASCII: a space, or one from TAB to carriage return. */
// @ts-ignore: decorator
@inline
function spacesIn(at: usize): i32 {
  const bytes = v128.load(at);
  const controls = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(<i8>TAB)), i8x16.splat(5));
  return i8x16.bitmask(v128.or(controls, i8x16.eq(bytes, i8x16.splat(<i8>SPACE))));
}

/** Whether the token has more scopes than could be kept. */
export function isPartial(): bool {
  return partial;
}

/** How many scopes the token lists. */
export function tokenScopes(): u32 {
  return pieceCount;
}

/** A scope of the token, as it is written there. */
export function tokenScope(index: u32): Span {
  return load<u64>(pieces + ((<usize>index) << 3));
}
