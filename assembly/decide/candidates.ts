// The smallest grant: the smallest set of scopes after which this very call is allowed by the whole rule list.
//
// While the rules are tried, those that match but for their scopes are noted, up to the rule that denied. Granting more
// scopes only makes more rules match, so: the call is allowed by granting R exactly when the first noted rule whose
// scopes are then held is an Allow rule. For a given Allow rule the least that helps is what it misses; anything it
// needs less of, another rule needs too. So it is enough to try each noted Allow rule with what it misses, and to keep
// the smallest that does not run into an earlier Deny rule. Exact for up to MAX_CANDIDATES noted rules; of more, the
// later ones are left out, which can lose a challenge but never makes a wrong one.
//
// That holds while no predicate reads jwt.scopes; challenge.ts handles policies where one does.
import { Action, NONE } from "../program.ts";
import { actionOf, holdsAll, scopesOf } from "./rules.ts";
import { runCount } from "../sections.ts";
import { beginTrial, closureOf, endTrial, hold, isHeld, scopeIdAt } from "../token/scopes.ts";

const MAX_CANDIDATES: i32 = 256;

const candidates: usize = memory.data(4 * MAX_CANDIDATES, 4); // indexes of rules
let count: u32 = 0;

/** Forgets the candidates of the call before. */
export function clearCandidates(): void {
  count = 0;
}

/** Notes a rule that matches but for its scopes. */
export function addCandidate(rule: u32): void {
  if (count >= <u32>MAX_CANDIDATES) return;
  store<u32>(candidates + ((<usize>count) << 2), rule);
  count++;
}

function candidateAt(index: u32): u32 {
  return load<u32>(candidates + ((<usize>index) << 2));
}

/** The rule whose scopes to ask for; NONE when no grant helps. */
export function smallestGrant(): u32 {
  let best: u32 = NONE;
  let least: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < count; i++) {
    const rule = candidateAt(i);
    if (actionOf(rule) != Action.Allow) continue;
    const missing = countMissing(scopesOf(rule));
    if (missing < least && isReached(rule, i)) {
      best = rule;
      least = missing;
    }
  }
  return best;
}

/** How many scopes of a run must be granted: those not held, less those that another of them implies. */
function countMissing(scopes: usize): u32 {
  let missing: u32 = 0;
  const total = runCount(scopes);
  for (let i: u32 = 0; i < total; i++) {
    const id = scopeIdAt(scopes, i);
    if (isHeld(id)) continue;
    let implied: bool = false;
    for (let j: u32 = 0; j < total && !implied; j++) {
      const other = scopeIdAt(scopes, j);
      implied = other != id && implies(other, id);
    }
    if (!implied) missing++;
  }
  return missing;
}

function implies(scope: u32, other: u32): bool {
  const closure = closureOf(scope);
  for (let i: u32 = 0; i < runCount(closure); i++) {
    if (scopeIdAt(closure, i) == other) return true;
  }
  return false;
}

/** Holds all scopes of a rule, for the trial that has begun. */
export function grantScopesOf(rule: u32): void {
  const scopes = scopesOf(rule);
  for (let i: u32 = 0; i < runCount(scopes); i++) hold(scopeIdAt(scopes, i));
}

/** Whether no Deny rule among the candidates before `place` matches once `rule` is granted. */
function isReached(rule: u32, place: u32): bool {
  beginTrial();
  grantScopesOf(rule);
  let reached = true;
  for (let i: u32 = 0; i < place; i++) {
    const earlier = candidateAt(i);
    if (holdsAll(scopesOf(earlier))) {
      reached = actionOf(earlier) == Action.Allow;
      break;
    }
  }
  endTrial();
  return reached;
}
