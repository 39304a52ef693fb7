// The alternatives of one term, as the search for a grant sees them: which of them this call has, which one is held, and in
// which order a challenge prefers them.
import { NONE, OPTION_SIZE } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { grant, mayBeHeld, scopeText } from "../token/made-scopes.ts";
import { isNamed } from "../token/named-scopes.ts";
import { beginTrial, endTrial, isHeld } from "../token/scopes.ts";
import { firstOption, optionCount, scopeOfOption } from "./rules.ts";

/** The compiler allows no more. */
export const MAX_OPTIONS: u32 = 32;

const scopes: usize = memory.data(32 * 4, 4);
const ranks: usize = memory.data(32 * 4, 4); // how many of the others it implies, if another one implies it; NONE otherwise
let count: u32 = 0;

/** The scope of an alternative. */
export function alternativeAt(index: u32): u32 {
  return load<u32>(scopes + ((<usize>index) << 2));
}

function rankAt(index: u32): usize {
  return ranks + ((<usize>index) << 2);
}

/** Reads the alternatives of a term that this call has, as they are written; returns how many there are. */
export function readAlternatives(term: usize): u32 {
  count = 0;
  let option = firstOption(term);
  for (let left = min(optionCount(term), MAX_OPTIONS); left; left--, option += OPTION_SIZE) {
    const scope = scopeOfOption(option);
    if (scope == NONE || isThere(scope)) continue;
    store<u32>(scopes + ((<usize>count) << 2), scope);
    count++;
  }
  charge(count);
  return count;
}

function isThere(scope: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (alternativeAt(i) == scope) return true;
  return false;
}

/** Of the alternatives that are held, or may be, the one that the token names itself, else the first; NONE when none is. */
export function heldAlternative(): u32 {
  let first: u32 = NONE;
  for (let i: u32 = 0; i < count; i++) {
    const scope = alternativeAt(i);
    if (!mayBeHeld(scope)) continue;
    if (count == 1 || isNamed(scopeText(scope))) return scope;
    if (first == NONE) first = scope;
  }
  return first;
}

/** Puts alternatives, none of which is held, in order: first those that another one implies, the narrower before the broader. */
export function orderAlternatives(): void {
  if (count < 2) return;
  memory.fill(ranks, 0xff, (<usize>count) << 2);
  for (let i: u32 = 0; i < count; i++) countImplied(i, true);
  for (let i: u32 = 0; i < count; i++) {
    if (load<u32>(rankAt(i)) != NONE) store<u32>(rankAt(i), countImplied(i, false));
  }
  for (let i: u32 = 1; i < count; i++) {
    for (let j = i; j && load<u32>(rankAt(j)) < load<u32>(rankAt(j - 1)); j--) {
      swap(rankAt(j));
      swap(scopes + ((<usize>j) << 2));
    }
  }
}

/** How many others an alternative implies; with `marking` those get a rank. */
function countImplied(index: u32, marking: bool): u32 {
  let implied: u32 = 0;
  beginTrial();
  grant(alternativeAt(index), false);
  for (let i: u32 = 0; i < count; i++) {
    if (i == index || !isHeld(alternativeAt(i))) continue;
    if (marking) store<u32>(rankAt(i), 0);
    implied++;
  }
  endTrial();
  return implied;
}

/** Swaps the u32 at `at` with the one before it. */
function swap(at: usize): void {
  store<u64>(at - 4, rotr<u64>(load<u64>(at - 4), 32));
}
