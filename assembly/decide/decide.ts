// The decision on one call: rules in order, the first match wins; for each rule target, claims, `when`, scopes. Reads the
// call, the slots and the held scopes. An error never helps the caller: in an Allow rule it is no match, in a Deny rule
// it is one.
import { Action, EntryField, Flag, Kind, NONE, Reason, RuleField, Section, Setting } from "../program.ts";
import { hasFlag, sectionCount, setting } from "../sections.ts";
import { Outcomes } from "../cel/cell.ts";
import { charge } from "../runtime/budget.ts";
import { evaluateOnce } from "../cel/results.ts";
import { metAmbiguousKey } from "../cel/ambiguous-key.ts";
import { backendName, kind, lifecycle, methodName, setDecidedKind, targetName, toolName } from "../request/call.ts";
import { NO_SPAN } from "../text/span.ts";
import { sourceHolds } from "./source.ts";
import { claimsHold } from "./claim-match.ts";
import { addCandidate, clearCandidates } from "./candidates.ts";
import { Decision } from "./decision.ts";
import { isEnforced, isTold } from "./modes.ts";
import { actionOf, holdsAll, ruleAt } from "./rules.ts";
import { nextRule, rewindEntries, takeEntry } from "./entries.ts";
import { addExact, addOpenEntries, addStarred, beginChoice, isChoiceComplete } from "./targets.ts";
import { Outcome, trace, tracePassed, tracing } from "./trace.ts";

/**
 * Decides the call as one of the Kind `target` and notes the rule. Returns a Reason; with `no_rule` and `rule_denied`
 * findChallenge may still find a grant that helps.
 */
export function decide(target: u32, decision: Decision): i32 {
  decision.rule = NONE;
  setDecidedKind(target);
  clearCandidates();
  if (!chooseEntries(target)) return Reason.lifecycle;
  if (!isGoverned()) return Reason.not_governed;
  if (!isChoiceComplete()) return Reason.invalid_params;
  decision.rule = firstMatch();
  return metAmbiguousKey() ? Reason.ambiguous_key : reasonOf(decision.rule);
}

/** The rule that decides the same call with the scopes that are held now: for a grant that is being tried. */
export function matchAgain(): u32 {
  rewindEntries();
  return firstMatch();
}

/** The Reason when this rule decides; NONE is the default action. */
export function reasonOf(rule: u32): i32 {
  if (rule == NONE) return hasFlag(Flag.DefaultAllow) ? Reason.default_allow : Reason.no_rule;
  return actionOf(rule) == Action.Allow ? Reason.allowed : Reason.rule_denied;
}

/** Whether the policy governs calls of this kind, or a rule names the lifecycle method. */
export function isGoverned(): bool {
  return lifecycle || ((setting(Setting.Govern) >> kind) & 1) != 0;
}

/** Finds the rules that may apply; false for a lifecycle method that no rule names. A star never names one. */
function chooseEntries(target: u32): bool {
  beginChoice();
  const isNamed = addExact(Kind.Method, NO_SPAN, methodName);
  if (lifecycle && !isNamed) return false;
  if ((kind == Kind.Method && !lifecycle) || kind == Kind.Task) addStarred(Kind.Method, NO_SPAN, methodName);
  if (target == Kind.Tool) {
    addExact(Kind.Tool, backendName, toolName);
    addStarred(Kind.Tool, backendName, toolName);
  } else if (target == Kind.Resource || target == Kind.Prompt) {
    addExact(target, NO_SPAN, targetName);
    addStarred(target, NO_SPAN, targetName);
  }
  addOpenEntries();
  return true;
}

/** The first rule that matches the call; NONE when none does. Takes the entries that were chosen. */
function firstMatch(): u32 {
  let passed: u32 = 0;
  while (true) {
    const next = nextEnforced();
    if (next == NONE) break;
    charge(2); // where many rules are tried, a batch, a subscription and the search for a challenge come to an end by this
    const outcome = tryRule(next);
    if (tracing && !isTold) {
      tracePassed(passed, next);
      trace(next, outcome);
      passed = next + 1;
    }
    if (outcome == Outcome.Matched) return next;
  }
  if (tracing && !isTold) tracePassed(passed, sectionCount(Section.Rules));
  return NONE;
}

/** The next rule that counts; takes the entries of those in between. */
function nextEnforced(): u32 {
  let rule = nextRule();
  while (rule != NONE && !isEnforced(rule)) {
    while (takeEntry(rule)) continue;
    rule = nextRule();
  }
  return rule;
}

/** The Outcome of one rule; takes its entries. */
// @ts-ignore: decorator
@inline
function tryRule(index: u32): i32 {
  const record = ruleAt(index);
  const target = tryEntries(index);
  if (target != Outcome.Matched) return target;
  if (!claimsHold(record + RuleField.Claims)) return Outcome.Claims;
  if (!sourceHolds(load<u32>(record, RuleField.Source), load<u32>(record, RuleField.Action) == Action.Deny)) {
    return Outcome.Source;
  }
  const when = testPredicate(load<u32>(record, RuleField.Predicate), index);
  if (when != Outcome.Matched) return when;
  if (holdsAll(record + RuleField.Scopes)) return Outcome.Matched;
  addCandidate(index);
  return Outcome.Scopes;
}

/** One entry must match; otherwise the last Outcome is returned. */
function tryEntries(index: u32): i32 {
  let outcome: i32 = Outcome.Target;
  let matched = false;
  while (true) {
    const entry = takeEntry(index);
    if (!entry) return outcome;
    if (matched) continue;
    outcome = testPredicate(load<u32>(entry, EntryField.Predicate), index);
    matched = outcome == Outcome.Matched;
  }
}

/**
 * Tries a `when`. Where something is unknown (the items of a list), it matches in an Allow rule if it may be true, and in a
 * Deny rule only if it cannot be false.
 */
function testPredicate(predicate: u32, index: u32): i32 {
  if (predicate == NONE) return Outcome.Matched;
  const outcomes = evaluateOnce(predicate);
  const matches = actionOf(index) == Action.Deny ? !(outcomes & Outcomes.False) : (outcomes & Outcomes.True) != 0;
  if (matches) return Outcome.Matched;
  return outcomes & Outcomes.False ? Outcome.WhenFalse : Outcome.WhenError;
}
