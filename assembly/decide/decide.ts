// The decision on one call: requirements, then the other rules in order, the first match wins; for each rule target, claims,
// `when`, scopes. Reads the call, the slots and the held scopes. An error never helps the caller: in an Allow rule it is no
// match, in a Deny rule it is one, and a requirement with one applies, or is not met.
import {
  Action,
  EntryField,
  Flag,
  Kind,
  NONE,
  Reason,
  RuleField,
  Section,
  Setting,
  SourceFlag,
  isPass,
} from "../program.ts";
import { hasFlag, sectionCount, setting } from "../sections.ts";
import { Outcomes } from "../cel/cell.ts";
import { evaluateOnce, forgetResults } from "../cel/results.ts";
import { forgetScopeReads } from "../cel/scope-list.ts";
import { isUriOpen } from "../cel/unknown.ts";
import { ambiguity, metAmbiguousKey } from "../cel/ambiguous-key.ts";
import { backendName, kind, lifecycle, methodName, setDecidedKind, targetName, toolName } from "../request/call.ts";
import { NO_SPAN } from "../text/span.ts";
import { isNobody } from "../token/nobody.ts";
import { clearBlockers, noteBlocker, reasonBehindBlockers, refusingRule } from "./blockers.ts";
import { sourceFlags, sourceHolds } from "./source.ts";
import { claimsHold } from "./claim-match.ts";
import { Decision } from "./decision.ts";
import { isEnforced, isTold } from "./modes.ts";
import { clearNotes, lackingRequirement, noteRequirement, noteRule } from "./notes.ts";
import { actionOf, ruleAt, Standing, standing } from "./rules.ts";
import { forgetTemplates } from "./templates.ts";
import { charge } from "../runtime/budget.ts";
import { isNextInDoubt, nextRule, rewindEntries, takeEntry } from "./entries.ts";
import { addBegun, addExact, addOpenEntries, addStarred, beginChoice, isChoiceComplete } from "./targets.ts";
import { Outcome, trace, tracePassed, tracing } from "./trace.ts";

/** Whether a requirement is not met, and no grant helps: it is the rule that decides. */
export let requirementFailed: bool = false;

/**
 * Decides the call as one of the Kind `target` and notes the rule. Returns a Reason: with `no_rule` and `rule_denied`
 * findChallenge may still find a grant that helps, and with `insufficient_scope`, when the rules allow the call but
 * requirements lack scopes, it must be asked.
 */
export function decide(target: u32, decision: Decision): i32 {
  decision.rule = NONE;
  setDecidedKind(target);
  forgetTemplates();
  forgetScopeReads();
  if (!chooseEntries(target)) return Reason.lifecycle;
  if (!isGoverned() && !isNobody) return Reason.not_governed;
  if (!isChoiceComplete()) return Reason.invalid_params;
  return isNobody ? decideForNobody(decision) : decideByRules(decision);
}

/** The Reason by the entries that were chosen. */
function decideByRules(decision: Decision): i32 {
  decision.rule = firstMatch(true);
  if (metAmbiguousKey()) return ambiguity();
  if (requirementFailed) return Reason.requirement_unmet;
  const reason = reasonOf(decision.rule);
  return isPass(reason) && lackingRequirement() != NONE ? Reason.insufficient_scope : reason;
}

/** Decides the same call as if its caller came back with a token, one without scopes and with any claims. */
export function decideForReturning(decision: Decision): i32 {
  if (!isGoverned()) return Reason.not_governed;
  forgetTemplates();
  forgetResults();
  rewindEntries();
  return decideByRules(decision);
}

/** The Reason for a caller without a token: by the first anonymous rule that matches, unless others stand in its way. */
function decideForNobody(decision: Decision): i32 {
  clearBlockers();
  clearNotes();
  decision.rule = NONE;
  const opened = firstOpen();
  if (metAmbiguousKey()) return ambiguity();
  if (opened == NONE) return Reason.no_token;
  const reason = reasonBehindBlockers();
  decision.rule = isPass(reason) ? opened : refusingRule();
  return reason;
}

/** The first anonymous rule that matches the call, NONE when none does; notes what stands in its way. */
function firstOpen(): u32 {
  let passed: u32 = 0;
  let next = nextEnforced();
  for (; next != NONE; next = nextEnforced()) {
    charge(2);
    const record = ruleAt(next);
    const action = load<u32>(record, RuleField.Action);
    const flags = sourceFlags(load<u32>(record, RuleField.Source));
    let outcome = meetConditions(next, record, action);
    const isClosed = action == Action.Allow && !(flags & SourceFlag.Anonymous);
    if (isClosed && outcome == Outcome.Matched) outcome = Outcome.Source;
    traceNext(passed, next, outcome);
    passed = next + 1;
    if (action == Action.Allow && outcome == Outcome.Matched) return next;
    if (action != Action.Allow && isBlocking(record, action, outcome)) {
      noteBlocker(next, action, (flags & SourceFlag.Free) != 0);
    }
  }
  if (tracing && !isTold) tracePassed(passed, sectionCount(Section.Rules));
  return NONE;
}

/** Traces a rule, and those from `passed` on before it, whose targets did not match. */
function traceNext(passed: u32, rule: u32, outcome: i32): void {
  if (!tracing || isTold) return;
  tracePassed(passed, rule);
  trace(rule, outcome);
}

/** Whether a Deny rule matches a call without a token, or a requirement is not met by it. */
function isBlocking(record: usize, action: u32, outcome: i32): bool {
  if (action == Action.Deny) return outcome == Outcome.Matched && standing(record, action) == Standing.Held;
  return requirementFailed || (outcome == Outcome.Matched && standing(record, action) != Standing.Held);
}

/**
 * The rule that decides the same call with the scopes that are held now: for a grant that is being tried. Without `strict`
 * it is the one that would if all requirements were met.
 */
export function matchAgain(strict: bool): u32 {
  forgetResults();
  rewindEntries();
  return firstMatch(strict);
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
  } else if (isUriOpen) {
    addBegun(target, targetName);
  } else if (target == Kind.Resource || target == Kind.Prompt) {
    addExact(target, NO_SPAN, targetName);
    addStarred(target, NO_SPAN, targetName);
  }
  addOpenEntries();
  return true;
}

/** The first rule that matches the call or, with `strict`, a requirement that fails; NONE when none does. Takes the chosen entries. */
function firstMatch(strict: bool): u32 {
  clearNotes();
  requirementFailed = false;
  let passed: u32 = 0;
  while (true) {
    const next = nextEnforced();
    if (next == NONE) break;
    charge(2); // where many rules are tried, a batch, a subscription and the search for a challenge come to an end by this
    const outcome = tryRule(next);
    traceNext(passed, next, outcome);
    passed = next + 1;
    if (outcome == Outcome.Matched || (strict && requirementFailed)) return next;
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
  const action = load<u32>(record, RuleField.Action);
  const met = meetConditions(index, record, action);
  if (met != Outcome.Matched) return met;
  const scopes = standing(record, action);
  if (action == Action.Require) return require(index, scopes);
  if (scopes == Standing.Held) return Outcome.Matched;
  if (scopes == Standing.Missing) noteRule(index);
  return Outcome.Scopes;
}

/** The Outcome of a rule but for its scopes; takes its entries. */
// @ts-ignore: decorator
@inline
function meetConditions(index: u32, record: usize, action: u32): i32 {
  const strict = action == Action.Deny;
  requirementFailed = false;
  const target = tryEntries(index, action != Action.Allow);
  if (target != Outcome.Matched) return target;
  if (!claimsHold(record + RuleField.Claims, strict)) return failing(action, Outcome.Claims);
  if (!sourceHolds(load<u32>(record, RuleField.Source), strict)) return failing(action, Outcome.Source);
  const when = testPredicate(load<u32>(record, RuleField.Predicate), strict);
  return when == Outcome.Matched ? when : failing(action, when);
}

/** The Outcome of a requirement that holds but for its scopes. */
function require(index: u32, scopes: i32): i32 {
  if (scopes == Standing.Impossible) return failing(Action.Require, Outcome.Scopes);
  noteRequirement(index, scopes == Standing.Held);
  return scopes == Standing.Held ? Outcome.Met : Outcome.Scopes;
}

/** The Outcome of a rule that does not hold, whatever scopes are granted. */
function failing(action: u32, outcome: i32): i32 {
  if (action == Action.Require) requirementFailed = true;
  return outcome;
}

/**
 * One entry must match; otherwise the last Outcome is returned. Where it is not known whether an entry is about the call (a
 * template in a list), it is one that may match, and with `strict` none.
 */
function tryEntries(index: u32, strict: bool): i32 {
  let outcome: i32 = Outcome.Target;
  let matched = false;
  while (true) {
    const isDoubtful = strict && isNextInDoubt();
    const entry = takeEntry(index);
    if (!entry) return outcome;
    if (matched || isDoubtful) continue;
    outcome = testPredicate(load<u32>(entry, EntryField.Predicate), strict);
    matched = outcome == Outcome.Matched;
  }
}

/**
 * Tries a `when`. An error is no match or, with `strict`, one. Where something is unknown (the items of a list), it matches
 * if it may be true or, with `strict`, only if it cannot be false.
 */
function testPredicate(predicate: u32, strict: bool): i32 {
  if (predicate == NONE) return Outcome.Matched;
  const outcomes = evaluateOnce(predicate);
  const matches = strict ? !(outcomes & Outcomes.False) : (outcomes & Outcomes.True) != 0;
  if (matches) return Outcome.Matched;
  return outcomes & Outcomes.False ? Outcome.WhenFalse : Outcome.WhenError;
}
