// The scopes of the token: which scopes of the policy are held, the hierarchy applied. RFC 6749 section 3.3: a scope string is split at blanks.
import { SCOPE_SIZE, ScopeField, Section } from "../program.ts";
import { below } from "../text/ascii.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { isTextAt, section, sectionCount, text, textLength } from "../sections.ts";
import { reserve } from "../runtime/memory.ts";

const NO_SCOPE: u32 = 0xffffffff;
const MAX_PIECES: u32 = 8192;

// By name: mask u32, then per place scope + 1; behind it per scope the generation in which it was held.
let table: usize = 0;
let mask: u32 = 0;
let heldAt: usize = 0;
let generation: u32 = 0; // below 2^31, trials above
let trial: u32 = 0; //      0: none
let lastTrial: u32 = 0x80000000;

// The token's scopes as they were written: (address, length) each.
const FIRST_PIECES: u32 = 32;
const firstPieces: usize = memory.data(8 * 32, 8);
let pieces: usize = firstPieces;
let pieceCount: u32 = 0;
let pieceRoom: u32 = FIRST_PIECES;
let partial: bool = false; // not all of them could be kept

/** How often the set of held scopes was emptied or a trial began or ended: tells whether a list made of it still holds. */
export let scopeChanges: u32 = 0;

/** Bytes of the table for `count` scopes. */
export function scopesSize(count: u32): u32 {
  return 8 + (placesFor(count) << 2) + (count << 2);
}

export function openScopes(at: usize): void {
  mask = load<u32>(at);
  generation = (load<u32>(at, 4) & 0x3fffffff) + 1;
  store<u32>(at, generation, 4);
  trial = 0;
  table = at + 8;
  heldAt = table + ((<usize>(mask + 1)) << 2);
  // Begun anew: a stamp of a billion requests ago must not count.
  if (generation == 1) memory.fill(heldAt, 0, (<usize>sectionCount(Section.Scopes)) << 2);
  pieces = firstPieces;
  pieceCount = 0;
  pieceRoom = FIRST_PIECES;
  partial = false;
  scopeChanges++;
}

/** Fills the table at `at`, all zero, from the open program. */
export function buildScopes(at: usize): void {
  const count = sectionCount(Section.Scopes);
  store<u32>(at, placesFor(count) - 1);
  openScopes(at);
  for (let scope: u32 = 0; scope < count; scope++) {
    const name = scopeName(scope);
    let place = (<u32>hashBytes(0, text(name), textLength(name))) & mask;
    while (load<u32>(table + ((<usize>place) << 2))) place = (place + 1) & mask;
    store<u32>(table + ((<usize>place) << 2), scope + 1);
  }
}

/** The (offset, length) pair of a scope's name. */
export function scopeName(scope: u32): usize {
  return section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Name;
}

function find(at: usize, length: u32): u32 {
  let place = (<u32>hashBytes(0, at, length)) & mask;
  while (true) {
    const scope = load<u32>(table + ((<usize>place) << 2)) - 1;
    if (scope == NO_SCOPE) return NO_SCOPE;
    if (isTextAt(scopeName(scope), at, length)) return scope;
    place = (place + 1) & mask;
  }
}

/** Whether a scope of the policy is held: by itself, through one that implies it, or by the grant that is being tried. */
export function isHeld(scope: u32): bool {
  const stamp = load<u32>(heldAt + ((<usize>scope) << 2));
  return stamp == generation || (trial != 0 && stamp == trial);
}

/** Holds a scope and all that it implies. While a grant is tried, only until the trial ends. */
export function hold(scope: u32): void {
  const closure = section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Closure;
  const stamp = trial ? trial : generation;
  let id = section(Section.ScopeIds) + ((<usize>load<u32>(closure)) << 2);
  for (let left = load<u32>(closure, 4); left; left--, id += 4) {
    const held = heldAt + ((<usize>load<u32>(id)) << 2);
    if (load<u32>(held) != generation) store<u32>(held, stamp);
  }
}

/** Begins to try a grant; ends the trial before. */
export function beginTrial(): void {
  lastTrial = (lastTrial + 1) | 0x80000000;
  trial = lastTrial;
  scopeChanges++;
}

export function endTrial(): void {
  trial = 0;
  scopeChanges++;
}

/** Takes one scope of the token. */
export function addScope(at: usize, length: u32): void {
  if (!length) return;
  const scope = find(at, length);
  if (scope != NO_SCOPE) hold(scope);
  if (pieceCount >= MAX_PIECES || (pieceCount == pieceRoom && !enlarge())) {
    partial = true;
    return;
  }
  store<u32>(pieces + ((<usize>pieceCount) << 3), <u32>at);
  store<u32>(pieces + ((<usize>pieceCount) << 3), length, 4);
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

/** Takes a scope string: scopes between blanks. */
export function addScopes(at: usize, length: u32): void {
  const end = at + <usize>length;
  let start = at;
  for (let p = at; p < end; p += 16) {
    for (let blanks = blanksIn(p) & below(<u32>min(end - p, 16)); blanks; blanks &= blanks - 1) {
      const blank = p + <usize>ctz(blanks);
      addScope(start, <u32>(blank - start));
      start = blank + 1;
    }
  }
  addScope(start, <u32>(end - start));
}

/** A bit for each of the 16 bytes that is white space of ASCII. */
// @ts-ignore: decorator
@inline
function blanksIn(at: usize): i32 {
  const bytes = v128.load(at);
  const controls = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(9)), i8x16.splat(5));
  return i8x16.bitmask(v128.or(controls, i8x16.eq(bytes, i8x16.splat(0x20))));
}

/** Whether the token has more scopes than could be kept. */
export function isPartial(): bool {
  return partial;
}

/** How many scopes the token lists. */
export function tokenScopes(): u32 {
  return pieceCount;
}

export function tokenScope(index: u32): usize {
  return <usize>load<u32>(pieces + ((<usize>index) << 3));
}

export function tokenScopeLength(index: u32): u32 {
  return load<u32>(pieces + ((<usize>index) << 3), 4);
}
