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


@unmanaged
class Alternative {
  scope: u32;
  /** How many of the others it implies, if another one implies it; NONE otherwise. */
  rank: u32;
  isImplied: u32;
  private unused: u32;
}

const table: usize = memory.data(32 * 16, 16);
let count: u32 = 0;

function at(index: u32): Alternative {
  return changetype<Alternative>(table + <usize>index * offsetof<Alternative>());
}

/** Reads the alternatives of a term that this call has, as they are written; returns how many there are. */
export function readAlternatives(term: usize): u32 {
  count = 0;
  let option = firstOption(term);
  for (let left = min(optionCount(term), MAX_OPTIONS); left; left--, option += OPTION_SIZE) {
    const scope = scopeOfOption(option);
    if (scope != NONE && !isThere(scope)) at(count++).scope = scope;
  }
  charge(count);
  return count;
}

function isThere(scope: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (at(i).scope == scope) return true;
  return false;
}

/** The scope of an alternative. */
export function alternativeAt(index: u32): u32 {
  return at(index).scope;
}

/** Of the alternatives that are held, or may be, the one that the token names itself, else the first; NONE when none is. */
export function heldAlternative(): u32 {
  let first: u32 = NONE;
  for (let i: u32 = 0; i < count; i++) {
    const scope = at(i).scope;
    if (!mayBeHeld(scope)) continue;
    if (count == 1 || isNamed(scopeText(scope))) return scope;
    if (first == NONE) first = scope;
  }
  return first;
}

/** Puts alternatives, none of which is held, in order: first those that another one implies, the narrower before the broader. */
export function orderAlternatives(): void {
  if (count < 2) return;
  for (let i: u32 = 0; i < count; i++) at(i).isImplied = at(i).rank = 0;
  for (let i: u32 = 0; i < count; i++) compareTo(i);
  for (let i: u32 = 0; i < count; i++) if (!at(i).isImplied) at(i).rank = NONE;
  for (let i: u32 = 1; i < count; i++) {
    for (let j = i; j && at(j).rank < at(j - 1).rank; j--) swap(at(j), at(j - 1));
  }
}

/** Marks those that an alternative implies, and counts them as its rank. */
function compareTo(index: u32): void {
  beginTrial();
  grant(at(index).scope, false);
  for (let i: u32 = 0; i < count; i++) {
    if (i == index || !isHeld(at(i).scope)) continue;
    at(i).isImplied = 1;
    at(index).rank++;
  }
  endTrial();
}

function swap(a: Alternative, b: Alternative): void {
  const one = v128.load(changetype<usize>(a));
  v128.store(changetype<usize>(a), v128.load(changetype<usize>(b)));
  v128.store(changetype<usize>(b), one);
}
