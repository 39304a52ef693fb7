// From a denial to its challenge. Where no predicate reads jwt.scopes, candidates.ts has the exact answer. Where one
// does, a grant can change predicates too: then grants are tried in the order of their size, each by deciding the
// call again, at most MAX_TRIALS of them; what is not found within that gets no challenge.
import { Flag, NONE, Section, isPass } from "../program.ts";
import { isExhausted, rewind } from "../runtime/budget.ts";
import { regionEnd } from "../runtime/memory.ts";
import { hasFlag, sectionCount } from "../sections.ts";
import { beginTrial, endTrial, hold, isHeld } from "../token/scopes.ts";
import { forgetResults } from "../cel/results.ts";
import { grantScopesOf, smallestGrant } from "./candidates.ts";
import { Decision } from "./decision.ts";
import { isTold } from "./modes.ts";
import { matchAgain, reasonOf } from "./decide.ts";
import { metAmbiguousKey } from "../cel/ambiguous-key.ts";

const MAX_TRIALS: u32 = 512;
const MAX_GRANT: u32 = 8;

const chosen: usize = memory.data(<i32>MAX_GRANT * 4, 4); // the scopes that are tried, MAX_GRANT at most
let trials: u32 = 0;

/** Finds the challenge of the call that was just denied and notes its rule and extra scopes; false when no grant helps. */
export function findChallenge(decision: Decision): bool {
  if (hasFlag(isTold ? Flag.NeedsScopeList | Flag.ShadowScopeList : Flag.NeedsScopeList)) return search(decision);
  const rule = smallestGrant();
  if (rule == NONE) return false;
  decision.rule = rule;
  return true;
}

function search(decision: Decision): bool {
  trials = 0;
  const likely = smallestGrant();
  const most = min(sectionCount(Section.Scopes), MAX_GRANT);
  for (let size: u32 = 1; size <= most && trials < MAX_TRIALS; size++) {
    if (trySets(size, decision)) return true;
  }
  // Too many scopes to try them all: the grant that would do if predicates stayed as they are.
  if (likely == NONE) return false;
  beginTrial();
  grantScopesOf(likely);
  const helps = isAllowed(decision);
  endTrial();
  if (helps) decision.rule = likely;
  return helps;
}

/** Whether the call is allowed with the grant that is being tried; notes the rule that allows it. */
function isAllowed(decision: Decision): bool {
  const before = regionEnd();
  forgetResults();
  const rule = matchAgain();
  const allowed = isPass(reasonOf(rule)) && !metAmbiguousKey();
  if (allowed) decision.rule = rule;
  forgetResults();
  rewind(before);
  return allowed;
}

/** Tries every set of `size` scopes that are not held, in the order of their indexes. */
function trySets(size: u32, decision: Decision): bool {
  for (let more = choose(0, size, 0); more; more = chooseNext(size)) {
    if (++trials > MAX_TRIALS || isExhausted()) return false;
    beginTrial();
    for (let i: u32 = 0; i < size; i++) hold(chosenAt(i));
    const helps = isAllowed(decision);
    endTrial();
    if (!helps) continue;
    decision.extras = chosen;
    decision.extraCount = size;
    return true;
  }
  return false;
}

function chosenAt(place: u32): u32 {
  return load<u32>(chosen + ((<usize>place) << 2));
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

function chooseNext(size: u32): bool {
  for (let i = size; i; i--) {
    if (choose(i - 1, size, chosenAt(i - 1) + 1)) return true;
  }
  return false;
}
