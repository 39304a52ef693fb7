// The scopes of the token: which scopes of the policy are held, the hierarchy applied. RFC 6749 section 3.3: a scope string
// is a list separated by spaces.
import { NONE, SCOPE_SIZE, ScopeField, Section } from "../program.ts";
import { below } from "../text/ascii.ts";
import { SPACE, TAB } from "../text/chars.ts";
import { hashBytes, placesFor } from "../text/hash.ts";
import { Span, spanBetween, spanEnd, spanLength, spanStart } from "../text/span.ts";
import { isTextAt, runCount, runStart, section, sectionCount, textSpan } from "../sections.ts";
import { addNamed, clearNamed } from "./named-scopes.ts";
import { charge } from "../runtime/budget.ts";

const ID_SIZE: u32 = 4;
const TRIAL: u32 = 0x80000000; // the stamps of trials have this bit

/** The beginning of a table of scopes. After it: per place scope + 1, then per scope the stamp with which it is held. */
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

/** How often the set of held scopes was emptied or a trial began or ended: tells whether a list made of it is stale. */
export let scopeChanges: u32 = 0;

/** Bytes of the table for the open program. */
export function scopesSize(): u32 {
  return offsetof<ScopeTable>() + (placesFor(sectionCount(Section.Scopes)) << 2) + (mostScopes() << 2);
}

/** Scopes of the policy, and those that its templates may make of one call (made-scopes.ts). */
function mostScopes(): u32 {
  return sectionCount(Section.Scopes) + sectionCount(Section.Templates);
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
  if (generation == 1) memory.fill(stamps, 0, (<usize>mostScopes()) << 2);
  clearNamed();
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

/** The run of Texts that scopes begin with which a holder of this one also holds. */
export function familiesOf(scope: u32): usize {
  return section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Families;
}

/** The first id of a run of ScopeIds, a u32; the others follow. */
// @ts-ignore: decorator
@inline
function firstScopeId(run: usize): usize {
  return runStart(run, Section.ScopeIds, ID_SIZE);
}

/** The id `index` of a run of ScopeIds. */
export function scopeIdAt(run: usize, index: u32): u32 {
  return load<u32>(firstScopeId(run) + ((<usize>index) << 2));
}

/** The scope of the policy with this name; NONE when it has none. */
export function findScope(name: Span): u32 {
  let place = hashOf(name) & mask;
  while (true) {
    const scope = load<u32>(placeAt(place)) - 1;
    if (scope == NONE || isTextAt(scopeName(scope), name)) return scope;
    place = (place + 1) & mask;
  }
}

/** Whether a scope of the policy is held: by itself, through one that implies it, or by the grant that is being tried. */
export function isHeld(scope: u32): bool {
  return isCurrent(load<u32>(stampAt(scope)));
}

/** Whether a stamp is that of what the token holds, or of the trial that has begun. */
// @ts-ignore: decorator
@inline
export function isCurrent(stamp: u32): bool {
  return stamp == generation || (trial != 0 && stamp == trial);
}

/** The stamp of what is held from now on: by the token, or for the trial that has begun. */
export function currentStamp(): u32 {
  return trial ? trial : generation;
}

/** Holds one scope, until the trial ends if there is one. */
export function holdOne(scope: u32): void {
  const held = stampAt(scope);
  if (load<u32>(held) != generation) store<u32>(held, currentStamp());
}

/** Does not hold a scope, whatever was held under its number. */
export function drop(scope: u32): void {
  store<u32>(stampAt(scope), 0);
}

/** Holds a scope of the token and all that it implies. */
function hold(scope: u32): void {
  if (load<u32>(stampAt(scope)) == generation) return; // and all that it implies: a token may name it thousands of times
  const closure = closureOf(scope);
  let id = firstScopeId(closure);
  for (let left = runCount(closure); left; left--, id += ID_SIZE) store<u32>(stampAt(load<u32>(id)), generation);
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
  const scope = findScope(name);
  if (scope != NONE) hold(scope);
  addNamed(name);
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
