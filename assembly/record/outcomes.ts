// What replay needs in place of arguments and tokens: what each predicate came to, and each test of a scope and a claim that
// the policy names, as a letter by its number. The predicates of rules after the one that decided are run for it too, with
// few steps: with other scopes the next policy may get there.
import { CLAIM_SIZE, EntryField, NONE, RecordFlag, RuleField, Section, Setting } from "../program.ts";
import { forgetAmbiguousKeys, metAmbiguousKey } from "../cel/ambiguous-key.ts";
import { Outcomes } from "../cel/cell.ts";
import { evaluateOnce, forgetResult, resultOf } from "../cel/results.ts";
import { claimHolds } from "../decide/claim-match.ts";
import { Decision } from "../decide/decision.ts";
import { nextRule, rewindEntries, takeEntry } from "../decide/entries.ts";
import { isTold } from "../decide/modes.ts";
import { ruleAt } from "../decide/rules.ts";
import { isExhausted, setSteps, stepsLeft } from "../runtime/budget.ts";
import { section, sectionCount, setting } from "../sections.ts";
import { LOWER_E, LOWER_F, LOWER_N, LOWER_T, LOWER_Y, MINUS } from "../text/chars.ts";
import { begin, finish, overflowed, putByte } from "../text/writer.ts";
import { isHeld } from "../token/scopes.ts";

const MOST: u32 = 1024; // letters
const STEPS: u32 = 65536; // for the predicates after the decision

/** Whether records have outcomes: those of the object form. */
function areWanted(): bool {
  if (isTold) return false;
  const flags = setting(Setting.Record);
  return (flags & (RecordFlag.Passes | RecordFlag.Refusals)) != 0 && !(flags & RecordFlag.Text);
}

/**
 * Notes the outcomes for the call that was decided. Before grants are tried, which may change them; what it runs for that
 * leaves no trace.
 */
export function noteOutcomes(decision: Decision): void {
  if (!areWanted()) return;
  if (sectionCount(Section.Predicates) && !isExhausted()) runRest();
  noteAll(decision);
}

/** Runs the predicates of the rules that were not reached, or do not count. */
function runRest(): void {
  const left = stepsLeft();
  const met = metAmbiguousKey();
  setSteps(min(left, STEPS));
  rewindEntries(); // those of rules in shadow were passed over
  for (let rule = nextRule(); rule != NONE; rule = nextRule()) {
    for (let entry = takeEntry(rule); entry; entry = takeEntry(rule)) tryOut(load<u32>(entry, EntryField.Predicate));
    tryOut(load<u32>(ruleAt(rule), RuleField.Predicate));
  }
  setSteps(left);
  if (!met) forgetAmbiguousKeys();
}

/** Runs a predicate. Once the steps have run out nobody knows what it comes to. */
function tryOut(predicate: u32): void {
  if (predicate == NONE) return;
  if (resultOf(predicate)) return;
  if (!isExhausted()) evaluateOnce(predicate);
  if (isExhausted()) forgetResult(predicate);
}

function noteAll(decision: Decision): void {
  begin(MOST);
  const predicates = sectionCount(Section.Predicates);
  for (let i: u32 = 0; i < predicates; i++) putByte(letterOf(resultOf(i)));
  if (predicates) decision.when = finish();
  begin(MOST);
  const scopes = sectionCount(Section.Scopes);
  for (let i: u32 = 0; i < scopes; i++) putTest(isHeld(i));
  let claim = section(Section.Claims);
  const end = claim + <usize>sectionCount(Section.Claims) * CLAIM_SIZE;
  // Lists of claims are read again for this: no longer than there are steps.
  for (; claim < end && !overflowed() && !isExhausted(); claim += CLAIM_SIZE) putTest(claimHolds(claim));
  const tests = finish();
  if (!isExhausted()) decision.tests = tests;
}

function putTest(holds: bool): void {
  putByte(holds ? LOWER_Y : LOWER_N);
}

/** t, f or e; - for a predicate that was not run. */
function letterOf(outcomes: u32): u32 {
  if (outcomes == Outcomes.True) return LOWER_T;
  if (outcomes == Outcomes.False) return LOWER_F;
  return outcomes == Outcomes.Error ? LOWER_E : MINUS;
}
