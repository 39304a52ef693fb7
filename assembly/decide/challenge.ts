// From a denial to its challenge, if a grant helps, or to the reason why none does. candidates.ts finds the smallest grant;
// where a predicate reads jwt.scopes, sets.ts does.
import { Action, Flag, NONE, Reason, TERM_SIZE, isPass } from "../program.ts";
import { forgetResults } from "../cel/results.ts";
import { wereScopesRead } from "../cel/scope-list.ts";
import { setReturning } from "../token/nobody.ts";
import { hasFlag, runCount } from "../sections.ts";
import { grant, mayBeHeld } from "../token/made-scopes.ts";
import { beginTrial, endTrial } from "../token/scopes.ts";
import { alternativeAt, readAlternatives } from "./alternatives.ts";
import { findSmallestGrant, firstHeld, grantingRule, isGrantOpen } from "./candidates.ts";
import { Decision, Need } from "./decision.ts";
import { isTold } from "./modes.ts";
import { decideForReturning, matchAgain, reasonOf } from "./decide.ts";
import { listedCount } from "./listed.ts";
import { lackingRequirement, noteAt, noteCount, requirementCount } from "./notes.ts";
import { actionOf, firstTerm, termsOf } from "./rules.ts";
import { endTrace } from "./trace.ts";
import { allowingRule, doesListHelp, findSmallestSet, isListOpen, makeScopes } from "./sets.ts";

/** Whether scopes may help against a Reason of decide(). */
export function mayGrantHelp(reason: i32): bool {
  return reason == Reason.rule_denied || reason == Reason.no_rule || reason == Reason.insufficient_scope;
}

/**
 * The Reason of a call that was just denied with `reason`: insufficient_scope when a grant helps. Then the decision has the
 * rule of the challenge, and listed.ts its scopes.
 */
export function findChallenge(reason: i32, decision: Decision): i32 {
  endTrace();
  const lacking = lackingRequirement();
  const decided = decision.rule;
  const granting = readsScopes() ? search(reason, decision) : solve(reason, decision);
  if (granting) {
    decision.scopeCount = listedCount();
    if (lacking != NONE) decision.rule = lacking;
    return Reason.insufficient_scope;
  }
  decision.rule = decided;
  return lacking == NONE ? reason : withoutLacking(decision);
}

/** Finds what a token needs for a call that was refused for want of one, and notes it. */
export function findNeed(decision: Decision): void {
  endTrace();
  setReturning(true);
  const reason = decideForReturning(decision);
  if (isPass(reason)) decision.need = Need.Nothing;
  else if (mayGrantHelp(reason) && findChallenge(reason, decision) == Reason.insufficient_scope)
    decision.need = Need.Scopes;
  setReturning(false);
  forgetResults();
  decision.rule = NONE;
}

/** Whether some predicate that counts reads the scopes. */
function readsScopes(): bool {
  return hasFlag(isTold ? Flag.NeedsScopeList | Flag.ShadowScopeList : Flag.NeedsScopeList);
}

/** Whether a grant helps where no predicate reads the scopes. */
function solve(reason: i32, decision: Decision): bool {
  if (!findSmallestGrant(decision.rule, reason == Reason.insufficient_scope)) return false;
  decision.rule = grantingRule();
  decision.isOpen = isGrantOpen();
  return true;
}

/** Whether a grant helps where one does. */
function search(reason: i32, decision: Decision): bool {
  if (!wereScopesRead && !noteCount()) return false; // nothing depends on scopes
  makeScopes();
  const isLikely = findSmallestGrant(decision.rule, reason == Reason.insufficient_scope);
  const likely = grantingRule();
  if (findSmallestSet()) decision.rule = allowingRule();
  // Too many scopes to try them all: the grant that would do if predicates stayed as they are.
  else if (isLikely && doesListHelp()) decision.rule = likely;
  else return false;
  decision.isOpen = isListOpen();
  return true;
}

/** No grant helps, and a requirement lacks scopes: the Reason that the rule list gives once all requirements have theirs. */
function withoutLacking(decision: Decision): i32 {
  const reads = readsScopes();
  if (reads) matchAgain(true); // after the search, notes are those of another grant
  let rule = decision.rule;
  beginTrial();
  for (let i: u32 = 0; i < requirementCount(); i++) grantTerms(noteAt(i));
  if (reads) rule = matchAgain(false);
  else {
    const first = firstHeld(noteCount());
    if (first < noteCount()) rule = noteAt(first);
  }
  endTrial();
  decision.rule = rule != NONE && actionOf(rule) == Action.Deny ? rule : NONE;
  const reason = reasonOf(decision.rule);
  return isPass(reason) ? Reason.no_rule : reason;
}

/** Grants the first alternative of each term of a rule. */
function grantTerms(rule: u32): void {
  let term = firstTerm(rule);
  for (let left = runCount(termsOf(rule)); left; left--, term += TERM_SIZE) {
    if (readAlternatives(term) && !mayBeHeld(alternativeAt(0))) grant(alternativeAt(0), true);
  }
}
