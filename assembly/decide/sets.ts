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
import { addListed, listedAt, listedCount } from "./listed.ts";
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

const chosen: usize = memory.data(8 * 4, 4); // places among the scopes that can be asked for, MAX_GRANT at most
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
  const most = min(askable(), MAX_GRANT);
  for (let size: u32 = 1; size <= most && trials < MAX_TRIALS && !isExhausted(); size++) {
    foundCount = 0;
    trySets(size);
    if (foundCount) return listSet(bestFound(size), size);
  }
  return false;
}

/** Whether the call is allowed with the scopes that are listed. */
export function doesListHelp(): bool {
  beginTrial();
  for (let i: u32 = 0; i < listedCount(); i++) grant(listedAt(i), true);
  const helps = isAllowed();
  endTrial();
  return helps;
}

/** Whether the call is allowed with the grant that is being tried; notes the rule that allows it. */
function isAllowed(): bool {
  const before = regionEnd();
  allowing = matchAgain(true);
  const allowed =
    !requirementFailed && lackingRequirement() == NONE && isPass(reasonOf(allowing)) && !metAmbiguousKey();
  forgetResults();
  rewind(before);
  return allowed;
}

/** How many scopes can be asked for: those of the policy, and those that templates made. */
function askable(): u32 {
  return setting(Setting.AskedScopes) + scopeCount() - sectionCount(Section.Scopes);
}

/** The scope at a place among those. */
function askableAt(index: u32): u32 {
  const asked = setting(Setting.AskedScopes);
  return index < asked ? index : sectionCount(Section.Scopes) + index - asked;
}

/** Tries every set of `size` scopes that are not held, in the order of their numbers, and keeps those that help. */
function trySets(size: u32): void {
  for (let more = choose(0, size, 0); more; more = chooseNext(size)) {
    if (++trials > MAX_TRIALS || isExhausted()) return;
    beginTrial();
    for (let i: u32 = 0; i < size; i++) grant(askableAt(chosenAt(i)), true);
    if (isAllowed() && foundCount < MAX_FOUND) keep(size);
    endTrial();
  }
}

function keep(size: u32): void {
  const set = foundCount++;
  for (let i: u32 = 0; i < size; i++) store<u32>(scopeAt(set, i), askableAt(chosenAt(i)));
  let isOwn: bool = allowing != NONE;
  for (let i: u32 = 0; i < size && isOwn; i++) isOwn = doesList(allowing, load<u32>(scopeAt(set, i)));
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

/** Where a scope of a set that helps is. */
function scopeAt(set: u32, index: u32): usize {
  return sets + ((<usize>(set * MAX_GRANT + index)) << 2);
}

function bestFound(size: u32): u32 {
  let best: u32 = 0;
  let bestKey = keyOf(0, size);
  for (let i: u32 = 1; i < foundCount; i++) {
    const key = keyOf(i, size);
    if (key >= bestKey) continue;
    best = i;
    bestKey = key;
  }
  return best;
}

/** Less for a better set. */
function keyOf(set: u32, size: u32): u64 {
  const key = <u64>foundAt(set).rule + (isImplied(set, size) ? (<u64>1) << 33 : 0);
  return foundAt(set).isOwn ? key : key + ((<u64>1) << 34);
}

/** Whether another set implies all scopes of this one. */
function isImplied(set: u32, size: u32): bool {
  for (let other: u32 = 0; other < foundCount; other++) {
    if (other == set) continue;
    grantSet(other, size);
    let isHolding: bool = true;
    for (let i: u32 = 0; i < size && isHolding; i++) isHolding = isHeld(load<u32>(scopeAt(set, i)));
    endTrial();
    if (isHolding) return true;
  }
  return false;
}

/** Begins a trial with a set. */
function grantSet(set: u32, size: u32): void {
  beginTrial();
  for (let i: u32 = 0; i < size; i++) grant(load<u32>(scopeAt(set, i)), true);
}

/** Lists what the rule and the requirements ask for with this set, and the set; false when the steps run out. */
function listSet(set: u32, size: u32): bool {
  grantSet(set, size);
  const helps = isAllowed();
  endTrial();
  clearAsked();
  let fits: bool = true;
  for (let i: u32 = 0; i < requirementCount(); i++) fits = askRule(noteAt(i)) && fits;
  if (allowing != NONE) fits = askRule(allowing) && fits;
  grantSet(set, size);
  for (let i: u32 = 0; i < openCount(); i++) chooseHeld(i, set, size);
  // Nothing is listed that the set does not imply: it could change what predicates say.
  for (let i: u32 = 0; i < askedCount(); i++) fits = mayBeHeld(askedScope(i)) && fits;
  endTrial();
  fits = listAsked() && fits;
  for (let i: u32 = 0; i < size; i++) fits = addListed(load<u32>(scopeAt(set, i))) && fits;
  return helps && fits;
}

/** Chooses the alternative of an open term that the set has or, without one, the first that it implies. */
function chooseHeld(open: u32, set: u32, size: u32): void {
  let isImplied = false;
  for (let i: u32 = 0; i < choicesOf(open); i++) {
    const scope = choiceAt(open, i);
    for (let j: u32 = 0; j < size; j++) {
      if (load<u32>(scopeAt(set, j)) == scope) return chooseOption(open, i);
    }
    if (isImplied || !mayBeHeld(scope)) continue;
    chooseOption(open, i);
    isImplied = true;
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

/** Chooses scopes from the place `first` on that are not held, for the places from `place` on; false when there are too few. */
function choose(place: u32, size: u32, first: u32): bool {
  const total = askable();
  let next = first;
  for (let i = place; i < size; i++) {
    while (next < total && isHeld(askableAt(next))) next++;
    if (next >= total) return false;
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
