// From a denial to its challenge. Where no predicate reads jwt.scopes, challenge.ts has the exact answer. Where one
// does, a grant can change predicates too: then grants are tried in the order of their size, each by deciding the
// call again, at most MAX_TRIALS of them; what is not found within that gets no challenge.
import { Flag, NONE, Section } from "../program.ts";
import { isExhausted, rewind } from "../runtime/budget.ts";
import { regionEnd } from "../runtime/memory.ts";
import { hasFlag, sectionCount } from "../sections.ts";
import { beginTrial, endTrial, hold, isHeld } from "../token/scopes.ts";
import { forgetResults } from "../cel/results.ts";
import { grant, NO_CANDIDATE, solveChallenge } from "./candidates.ts";
import { allowedNow, allowingRule } from "./decide.ts";

const MAX_TRIALS: u32 = 512;
const MAX_GRANT: u32 = 8;

const chosen: usize = memory.data(4 * 8, 4); // indexes of the scopes that are tried
let chosenCount: u32 = 0;
let rule: u32 = NONE;
let trials: u32 = 0;

/** The rule whose scopes the challenge lists; NONE for none. */
export function challengeRule(): u32 {
  return rule;
}

/** Scopes that the challenge names beside those of its rule. */
export function challengeExtras(): u32 {
  return chosenCount;
}

/** Where they are, a u32 each. */
export function extrasAt(): usize {
  return chosen;
}

export function challengeExtra(index: u32): u32 {
  return load<u32>(chosen + ((<usize>index) << 2));
}

/** Finds the challenge of the call that was just denied; false when no grant helps. */
export function findChallenge(): bool {
  rule = NONE;
  chosenCount = 0;
  if (hasFlag(Flag.NeedsScopeList)) return search();
  const found = solveChallenge();
  if (found == NO_CANDIDATE) return false;
  rule = found;
  return true;
}

function search(): bool {
  trials = 0;
  const likely = solveChallenge();
  const most = min(sectionCount(Section.Scopes), MAX_GRANT);
  for (let size: u32 = 1; size <= most && trials < MAX_TRIALS; size++) {
    if (trySets(size)) return true;
  }
  // Too many scopes to try them all: the grant that would do if predicates stayed as they are.
  chosenCount = 0;
  if (likely == NO_CANDIDATE) return false;
  beginTrial();
  grant(likely);
  const helps = isAllowed();
  endTrial();
  rule = helps ? likely : NONE;
  return helps;
}

function isAllowed(): bool {
  const before = regionEnd();
  forgetResults();
  const allowed = allowedNow();
  rule = allowingRule();
  forgetResults();
  rewind(before);
  return allowed;
}

/** Tries every set of `size` scopes that are not held, in the order of their indexes. */
function trySets(size: u32): bool {
  for (let more = choose(0, size, 0); more; more = nextSet(size)) {
    if (++trials > MAX_TRIALS || isExhausted()) return false;
    beginTrial();
    for (let i: u32 = 0; i < size; i++) hold(challengeExtra(i));
    const helps = isAllowed();
    endTrial();
    if (helps) {
      chosenCount = size;
      return true;
    }
  }
  return false;
}

/** Chooses scopes from `first` on that are not held for the places from `place` on; false when there are too few. */
function choose(place: u32, size: u32, first: u32): bool {
  const total = sectionCount(Section.Scopes);
  let scope = first;
  for (let i = place; i < size; i++) {
    while (scope < total && isHeld(scope)) scope++;
    if (scope >= total) return false;
    store<u32>(chosen + ((<usize>i) << 2), scope++);
  }
  return true;
}

function nextSet(size: u32): bool {
  for (let i = size; i; i--) {
    if (choose(i - 1, size, challengeExtra(i - 1) + 1)) return true;
  }
  return false;
}
