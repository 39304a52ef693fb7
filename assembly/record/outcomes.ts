// What replay needs in place of arguments and tokens: what each predicate came to, and each test of a scope and a claim that
// the policy names, as a letter by its number. The predicates of rules behind the one that decided are run for it too, with
// few steps: with other scopes the next policy may get there.
import { CLAIM_SIZE, EntryField, Flag, NONE, RecordFlag, RuleField, Section, Setting } from "../program.ts";
import { Outcomes } from "../cel/cell.ts";
import { evaluateOnce, forgetResult, resultOf } from "../cel/results.ts";
import { claimHolds } from "../decide/claim-match.ts";
import { Decision } from "../decide/decision.ts";
import { nextRule, takeEntry } from "../decide/entries.ts";
import { ruleAt } from "../decide/rules.ts";
import { isExhausted, limitSteps } from "../runtime/budget.ts";
import { hasFlag, section, sectionCount, setting } from "../sections.ts";
import { LOWER_E, LOWER_F, LOWER_N, LOWER_T, LOWER_Y, MINUS } from "../text/chars.ts";
import { begin, finish, putByte } from "../text/writer.ts";
import { isHeld } from "../token/scopes.ts";

const MOST: u32 = 1024; // letters
const STEPS: u32 = 65536; // for the predicates behind the decision

/** Whether records have outcomes: those of the object form. */
function areWanted(): bool {
  const flags = setting(Setting.Record);
  return (flags & (RecordFlag.Passes | RecordFlag.Refusals)) != 0 && !(flags & RecordFlag.Text);
}

/** Before grants are tried that change what predicates come to. */
export function noteBeforeTrials(decision: Decision): void {
  if (areWanted() && hasFlag(Flag.NeedsScopeList)) noteAll(decision);
}

/** Notes the outcomes for the call that was decided, unless they are noted. */
export function noteOutcomes(decision: Decision): void {
  if (!areWanted() || decision.tests) return;
  if (sectionCount(Section.Predicates)) runRest();
  noteAll(decision);
}

/** Runs the predicates of the rules that were not reached. */
function runRest(): void {
  limitSteps(STEPS);
  for (let rule = nextRule(); rule != NONE; rule = nextRule()) {
    for (let entry = takeEntry(rule); entry; entry = takeEntry(rule)) {
      if (!tryOut(load<u32>(entry, EntryField.Predicate))) return;
    }
    if (!tryOut(load<u32>(ruleAt(rule), RuleField.Predicate))) return;
  }
}

/** Runs a predicate; false when its steps ran out: then nobody knows what it comes to. */
function tryOut(predicate: u32): bool {
  if (predicate == NONE) return true;
  evaluateOnce(predicate);
  if (!isExhausted()) return true;
  forgetResult(predicate);
  return false;
}

function noteAll(decision: Decision): void {
  const predicates = min(sectionCount(Section.Predicates), MOST);
  if (predicates) {
    begin(predicates);
    for (let i: u32 = 0; i < predicates; i++) putByte(letterOf(resultOf(i)));
    decision.when = finish();
  }
  begin(MOST);
  const scopes = min(sectionCount(Section.Scopes), MOST);
  for (let i: u32 = 0; i < scopes; i++) putByte(isHeld(i) ? LOWER_Y : LOWER_N);
  const claims = min(sectionCount(Section.Claims), MOST - scopes);
  let claim = section(Section.Claims);
  for (let left = claims; left; left--, claim += CLAIM_SIZE) putByte(claimHolds(claim) ? LOWER_Y : LOWER_N);
  decision.tests = finish();
}

/** t, f or e; - for a predicate that was not run. */
function letterOf(outcomes: u32): u32 {
  if (outcomes == Outcomes.True) return LOWER_T;
  if (outcomes == Outcomes.False) return LOWER_F;
  return outcomes == Outcomes.Error ? LOWER_E : MINUS;
}
