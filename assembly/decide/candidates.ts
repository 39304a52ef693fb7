// The challenge solver: the smallest set of scopes after which this very call is allowed by the whole rule list.
//
// While the rules are tried, those that match but for their scopes are noted, up to the rule that denied. To grant
// more scopes only makes more rules match, so: the call is allowed by granting R exactly when the first noted rule
// whose scopes are then held is an Allow rule. For a given Allow rule the least that can do is what it misses;
// anything it needs less of, another rule needs too. So it is enough to try each noted Allow rule with what it
// misses, and to keep the smallest that is not met by an earlier Deny rule. Exact for up to MAX_CANDIDATES noted
// rules; of more, the later ones are left out, which can lose a challenge but never makes a wrong one.
//
// That holds while no predicate reads jwt.scopes; solve.ts sees to policies where one does.
import { Action, NONE, RuleField, SCOPE_SIZE, ScopeField, Section } from "../program.ts";
import { actionOf, holdsAll, ruleAt } from "./rules.ts";
import { section } from "../sections.ts";
import { beginTrial, endTrial, hold, isHeld } from "../token/scopes.ts";

export const MAX_CANDIDATES: u32 = 256;
export const NO_CANDIDATE: u32 = 0xffffffff;

const noted: usize = memory.data(4 * 256, 4);
let count: u32 = 0;

export function clearCandidates(): void {
  count = 0;
}

/** Notes a rule that matches but for its scopes. */
export function addCandidate(rule: u32): void {
  if (count >= MAX_CANDIDATES) return;
  store<u32>(noted + ((<usize>count) << 2), rule);
  count++;
}

/** The rule whose scopes to ask for; NO_CANDIDATE when no grant helps. */
export function solveChallenge(): u32 {
  let best = NO_CANDIDATE;
  let least: u32 = 0xffffffff;
  for (let i: u32 = 0; i < count; i++) {
    const rule = load<u32>(noted + ((<usize>i) << 2));
    if (actionOf(rule) != Action.Allow) continue;
    const missing = countMissing(rule);
    if (missing < least && isReached(rule, i)) {
      best = rule;
      least = missing;
    }
  }
  return best;
}

/** The first scope id of a rule. */
export function scopeIds(rule: u32): usize {
  return section(Section.ScopeIds) + ((<usize>load<u32>(ruleAt(rule), RuleField.Scopes)) << 2);
}

/** How many scopes a rule requires; none for no rule. */
export function scopeCount(rule: u32): u32 {
  return rule == NONE ? 0 : load<u32>(ruleAt(rule), RuleField.Scopes + 4);
}

/** How many scopes must be granted for a rule: those not held, less those that another of them implies. */
function countMissing(rule: u32): u32 {
  let missing: u32 = 0;
  const total = scopeCount(rule);
  const ids = scopeIds(rule);
  for (let i: u32 = 0; i < total; i++) {
    const id = load<u32>(ids + ((<usize>i) << 2));
    if (isHeld(id)) continue;
    let implied: bool = false;
    for (let j: u32 = 0; j < total && !implied; j++) {
      const other = load<u32>(ids + ((<usize>j) << 2));
      implied = other != id && implies(other, id);
    }
    if (!implied) missing++;
  }
  return missing;
}

function implies(scope: u32, other: u32): bool {
  const closure = section(Section.Scopes) + <usize>scope * SCOPE_SIZE + ScopeField.Closure;
  let id = section(Section.ScopeIds) + ((<usize>load<u32>(closure)) << 2);
  for (let left = load<u32>(closure, 4); left; left--, id += 4) {
    if (load<u32>(id) == other) return true;
  }
  return false;
}

/** Holds all scopes of a rule. */
export function grant(rule: u32): void {
  const ids = scopeIds(rule);
  const total = scopeCount(rule);
  for (let i: u32 = 0; i < total; i++) hold(load<u32>(ids + ((<usize>i) << 2)));
}

/** Whether no Deny rule noted before place `place` would be met once `rule` is granted. */
function isReached(rule: u32, place: u32): bool {
  beginTrial();
  grant(rule);
  let reached = true;
  for (let i: u32 = 0; i < place && reached; i++) {
    const earlier = load<u32>(noted + ((<usize>i) << 2));
    if (holdsAll(ruleAt(earlier) + RuleField.Scopes)) {
      reached = actionOf(earlier) == Action.Allow;
      break;
    }
  }
  endTrial();
  return reached;
}
