// The decision: rules in order, first match wins; for each rule target, claims, `when`, scopes. Pure: reads the call,
// the slots and the held scopes, leaves the result in this module. An error never helps the caller: in an Allow rule
// it is no match, in a Deny rule it is one.
import { Action, Flag, Kind, NONE, Reason, RuleField, Section, Setting } from "../program.ts";
import { hasFlag, sectionCount, setting } from "../sections.ts";
import { Truth } from "../cel/cell.ts";
import { evaluateOnce } from "../cel/results.ts";
import { claimsHold } from "./claim-match.ts";
import { addCandidate, clearCandidates } from "./candidates.ts";
import {
  backendAt,
  backendLength,
  kind,
  lifecycle,
  methodAt,
  methodLength,
  toolAt,
  toolLength,
  decidedKind,
  setDecidedKind,
} from "../request/call.ts";
import {
  addEntries,
  addOpenEntries,
  addPrefixEntries,
  clearEntries,
  entryPredicate,
  nextRule,
  takeEntry,
} from "./targets.ts";
import { Outcome, trace, tracePassed, tracing } from "./trace.ts";
import { metAmbiguousKey } from "../cel/ambiguous-key.ts";
import { actionOf, holdsAll, ruleAt } from "./rules.ts";

let rule: u32 = NONE;
let grantingRule: u32 = NONE;
let targetName: usize = 0;
let targetLength: u32 = 0;

/** The rule that decided; NONE when none did. */
export function decidingRule(): u32 {
  return rule;
}

/** Forgets the decision before. */
export function clearDecision(): void {
  rule = NONE;
}

/** Decides the call as one of `kind`, named `name`. Returns a Reason; `no_rule` and `rule_denied` may still get a challenge. */
export function decide(target: u32, name: usize, length: u32): i32 {
  rule = NONE;
  setDecidedKind(target);
  targetName = name;
  targetLength = length;
  clearCandidates();
  if (!chooseEntries(target, name, length)) return Reason.lifecycle;
  if (!isGoverned()) return Reason.not_governed;
  const reason = tryRules();
  return metAmbiguousKey() ? Reason.ambiguous_key : reason;
}

/** Whether the same call would be allowed with what is held now: for a grant that is being tried. */
export function allowedNow(): bool {
  chooseEntries(decidedKind, targetName, targetLength);
  const before = rule;
  const reason = tryRules();
  const by = rule;
  rule = before;
  grantingRule = by;
  return !metAmbiguousKey() && (reason == Reason.allowed || reason == Reason.default_allow);
}

/** The rule that `allowedNow` was allowed by; NONE for the default action. */
export function allowingRule(): u32 {
  return grantingRule;
}

/** Whether the policy governs calls of this kind, or a rule names the lifecycle method. */
export function isGoverned(): bool {
  return lifecycle || ((setting(Setting.Govern) >> kind) & 1) != 0;
}

/** Finds the rules that may apply; false for a lifecycle method that no rule names. */
function chooseEntries(target: u32, name: usize, length: u32): bool {
  clearEntries();
  let byMethod = addEntries(Kind.Method, 0, 0, methodAt, methodLength);
  if (kind == Kind.Method && addPrefixEntries(Kind.MethodPrefix, methodAt, methodLength)) byMethod = true;
  if (lifecycle && !byMethod) return false;
  if (target == Kind.Tool) {
    addEntries(Kind.Tool, 0, 0, toolAt, toolLength);
    if (backendAt) addEntries(Kind.Tool, backendAt, backendLength, toolAt, toolLength);
  } else if (target == Kind.Resource) {
    addEntries(Kind.Resource, 0, 0, name, length);
    addPrefixEntries(Kind.ResourcePrefix, name, length);
  } else if (target == Kind.Prompt) addEntries(Kind.Prompt, 0, 0, name, length);
  addOpenEntries();
  return true;
}

function tryRules(): i32 {
  let passed: u32 = 0;
  while (true) {
    const next = nextRule();
    if (next == NONE) break;
    const outcome = tryRule(next);
    if (tracing) {
      tracePassed(passed, next);
      trace(next, outcome);
      passed = next + 1;
    }
    if (outcome == Outcome.Matched) {
      rule = next;
      return actionOf(next) == Action.Allow ? Reason.allowed : Reason.rule_denied;
    }
  }
  if (tracing) tracePassed(passed, sectionCount(Section.Rules));
  return hasFlag(Flag.DefaultAllow) ? Reason.default_allow : Reason.no_rule;
}

/** The Outcome of one rule; takes its entries. */
// @ts-ignore: decorator
@inline
function tryRule(index: u32): i32 {
  const record = ruleAt(index);
  const target = tryEntries(index);
  if (target != Outcome.Matched) return target;
  if (!claimsHold(record + RuleField.Claims)) return Outcome.Claims;
  const when = testPredicate(load<u32>(record, RuleField.Predicate), index);
  if (when != Outcome.Matched) return when;
  if (holdsAll(record + RuleField.Scopes)) return Outcome.Matched;
  addCandidate(index);
  return Outcome.Scopes;
}

/** One entry must match; the last reason why not is told. */
function tryEntries(index: u32): i32 {
  let outcome: i32 = Outcome.Target;
  let matched = false;
  while (takeEntry(index)) {
    if (matched) continue;
    outcome = testPredicate(entryPredicate(), index);
    matched = outcome == Outcome.Matched;
  }
  return outcome;
}

function testPredicate(predicate: u32, index: u32): i32 {
  if (predicate == NONE) return Outcome.Matched;
  const result = evaluateOnce(predicate);
  if (result == Truth.True) return Outcome.Matched;
  if (result == Truth.False) return Outcome.WhenFalse;
  return actionOf(index) == Action.Deny ? Outcome.Matched : Outcome.WhenError;
}
