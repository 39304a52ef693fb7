// The smallest grant where a predicate reads jwt.scopes: a grant can then change what predicates say, too. Sets of scopes are
// tried in the order of their size, each by deciding the call again, at most MAX_TRIALS of them. Of sets of one size the best
// one is that whose scopes the rule lists which it reaches, then one that no other implies, then that of the earlier rule.
import { NONE, OPTION_SIZE, Section, Setting, TERM_SIZE, isPass } from "../program.ts";
import { metAmbiguousKey } from "../cel/ambiguous-key.ts";
import { forgetResults } from "../cel/results.ts";
import { charge, isExhausted, rewind } from "../runtime/budget.ts";
import { regionEnd } from "../runtime/memory.ts";
import { runCount, sectionCount, setting } from "../sections.ts";
import { grant, isOpen, mayBeHeld, scopeCount } from "../token/made-scopes.ts";
import { beginTrial, endTrial, isHeld } from "../token/scopes.ts";
import {
  askedCount,
  askedScope,
  askRule,
  choiceAt,
  choicesOf,
  choose as chooseOption,
  clearAsked,
  openCount,
} from "./asked.ts";
import { listAsked } from "./candidates.ts";
import { matchAgain, reasonOf, requirementFailed } from "./decide.ts";
import { addListed, listed, listedAt, listedCount } from "./listed.ts";
import { lackingRequirement, noteAt, requirementCount } from "./notes.ts";
import { firstOption, firstTerm, optionCount, scopeOfOption, termsOf } from "./rules.ts";
import { scopeOfTemplate } from "./templates.ts";

const MAX_TRIALS: u32 = 512;
const MAX_GRANT: u32 = 8;
/** Sets of one size that are compared; of more the first ones. */
const MAX_FOUND: u32 = 64;

/** A set that helps; its scopes are in `sets`. */
@unmanaged
class Found {
  rule: u32; //  that it reaches; NONE: the default
  isOwn: u32; // 1: the rule lists all its scopes
}

const chosen: usize = memory.data(8 * 4, 4); // the scopes that are tried, MAX_GRANT at most
const found: usize = memory.data(64 * 8, 8);
const sets: usize = memory.data(64 * 8 * 4, 4); // MAX_GRANT scopes for each
let foundCount: u32 = 0;
let trials: u32 = 0;
let allowing: u32 = NONE;

/** The rule that the grant reaches which was found; NONE: the default. */
export function allowingRule(): u32 {
  return allowing;
}

/** Makes all scopes that the templates of the policy can make of this call. */
export function makeScopes(): void {
  for (let i: u32 = 0; i < sectionCount(Section.Templates); i++) scopeOfTemplate(i);
}

/** Lists the scopes of the best set (listed.ts); false when none was found within the bounds. Leaves the list alone then. */
export function findSmallestSet(): bool {
  trials = 0;
  const most = min(scopeCount(), MAX_GRANT);
  for (let size: u32 = 1; size <= most && trials < MAX_TRIALS && !isExhausted(); size++) {
    foundCount = 0;
    trySets(size);
    if (foundCount) return listSet(bestFound(size), size);
  }
  return false;
}

/** Whether the call is allowed with the scopes that are listed. */
export function doesListHelp(): bool {
  return doesHelp(listed, listedCount());
}

/** Whether the call is allowed with `count` scopes, a u32 each; notes the rule that allows it. */
function doesHelp(scopes: usize, count: u32): bool {
  const before = regionEnd();
  grantAll(scopes, count);
  allowing = matchAgain(true);
  const helps = !requirementFailed && lackingRequirement() == NONE && isPass(reasonOf(allowing)) && !metAmbiguousKey();
  forgetResults();
  rewind(before);
  endTrial();
  return helps;
}

/** Begins a trial with `count` scopes. */
function grantAll(scopes: usize, count: u32): void {
  beginTrial();
  for (let i: u32 = 0; i < count; i++) grant(load<u32>(scopes + ((<usize>i) << 2)), true);
}

/** Tries every set of `size` scopes that are not held, in the order of their numbers, and keeps those that help. */
function trySets(size: u32): void {
  for (let more = choose(0, size, 0); more; more = chooseNext(size)) {
    if (++trials > MAX_TRIALS || isExhausted()) return;
    if (doesHelp(chosen, size) && foundCount < MAX_FOUND) keep(size);
  }
}

function keep(size: u32): void {
  const set = foundCount++;
  memory.copy(setAt(set), chosen, (<usize>size) << 2);
  let isOwn: bool = allowing != NONE;
  for (let i: u32 = 0; i < size && isOwn; i++) isOwn = doesList(allowing, chosenAt(i));
  foundAt(set).rule = allowing;
  foundAt(set).isOwn = u32(isOwn);
}

/** Whether a rule lists a scope, perhaps among alternatives. */
function doesList(rule: u32, scope: u32): bool {
  let term = firstTerm(rule);
  for (let left = runCount(termsOf(rule)); left; left--, term += TERM_SIZE) {
    let option = firstOption(term);
    charge(optionCount(term));
    for (let more = optionCount(term); more; more--, option += OPTION_SIZE) {
      if (scopeOfOption(option) == scope) return true;
    }
  }
  return false;
}

function foundAt(set: u32): Found {
  return changetype<Found>(found + <usize>set * offsetof<Found>());
}

/** The scopes of a set that helps, a u32 each. */
function setAt(set: u32): usize {
  return sets + ((<usize>(set * MAX_GRANT)) << 2);
}

function scopeOf(set: u32, index: u32): u32 {
  return load<u32>(setAt(set) + ((<usize>index) << 2));
}

function bestFound(size: u32): u32 {
  let best: u32 = 0;
  let bestKey = keyOf(0, size);
  for (let i: u32 = 1; i < foundCount && !isExhausted(); i++) {
    const key = keyOf(i, size);
    if (key >= bestKey) continue;
    best = i;
    bestKey = key;
  }
  return best;
}

/** Less for a better set. */
function keyOf(set: u32, size: u32): u64 {
  const isWorse = <u64>(1 - foundAt(set).isOwn) * 2 + u64(isImplied(set, size));
  return (isWorse << 32) + <u64>foundAt(set).rule;
}

/** Whether another set implies all scopes of this one. */
function isImplied(set: u32, size: u32): bool {
  for (let other: u32 = 0; other < foundCount && !isExhausted(); other++) {
    if (other == set) continue;
    grantAll(setAt(other), size);
    let isHolding: bool = true;
    for (let i: u32 = 0; i < size && isHolding; i++) isHolding = isHeld(scopeOf(set, i));
    endTrial();
    if (isHolding) return true;
  }
  return false;
}

/** Lists what the rule and the requirements ask for with this set, and the set; false when the steps run out. */
function listSet(set: u32, size: u32): bool {
  let fits = doesHelp(setAt(set), size);
  clearAsked();
  for (let i: u32 = 0; i < requirementCount(); i++) fits = askRule(noteAt(i)) && fits;
  if (allowing != NONE) fits = askRule(allowing) && fits;
  grantAll(setAt(set), size);
  for (let i: u32 = 0; i < openCount(); i++) chooseHeld(i, set, size);
  // Nothing is listed that the set does not imply: it could change what predicates say.
  for (let i: u32 = 0; i < askedCount(); i++) fits = mayBeHeld(askedScope(i)) && fits;
  endTrial();
  fits = listAsked() && fits;
  for (let i: u32 = 0; i < size; i++) fits = addListed(scopeOf(set, i)) && fits;
  return fits;
}

/** Chooses the alternative of an open term that the set has or, without one, the first that it implies. */
function chooseHeld(open: u32, set: u32, size: u32): void {
  let hasHeld = false;
  for (let i: u32 = 0; i < choicesOf(open); i++) {
    const scope = choiceAt(open, i);
    for (let j: u32 = 0; j < size; j++) {
      if (scopeOf(set, j) == scope) return chooseOption(open, i);
    }
    if (hasHeld || !mayBeHeld(scope)) continue;
    chooseOption(open, i);
    hasHeld = true;
  }
}

/** Whether a part of what is listed is not held and depends on what is not known. */
export function isListOpen(): bool {
  for (let i: u32 = 0; i < listedCount(); i++) if (isOpen(listedAt(i)) && !mayBeHeld(listedAt(i))) return true;
  return false;
}

function chosenAt(index: u32): u32 {
  return load<u32>(chosen + ((<usize>index) << 2));
}

/** The first scope from `from` on that can be asked for and is not held. Some of the policy are only implied. */
function askable(from: u32): u32 {
  const known = sectionCount(Section.Scopes);
  let scope = from;
  while (true) {
    if (scope >= setting(Setting.AskedScopes)) scope = max(scope, known);
    if (scope >= scopeCount() || !isHeld(scope)) return scope;
    scope++;
  }
}

/** Chooses scopes from `first` on for the places from `place` on; false when there are too few. */
function choose(place: u32, size: u32, first: u32): bool {
  let next = first;
  for (let i = place; i < size; i++) {
    next = askable(next);
    if (next >= scopeCount()) return false;
    store<u32>(chosen + ((<usize>i) << 2), next++);
  }
  return true;
}

function chooseNext(size: u32): bool {
  for (let i = size; i; i--) {
    if (choose(i - 1, size, chosenAt(i - 1) + 1)) return true;
  }
  return false;
}
