// The rules of the program: their records, and whether the scopes that one requires are held.
import { RULE_SIZE, RuleField, Section } from "../program.ts";
import { runCount, section } from "../sections.ts";
import { firstScopeId, isHeld } from "../token/scopes.ts";

/** The RuleRecord of a rule. */
export function ruleAt(index: u32): usize {
  return section(Section.Rules) + <usize>index * RULE_SIZE;
}

export function actionOf(index: u32): u32 {
  return load<u32>(ruleAt(index), RuleField.Action);
}

/** The run of ScopeIds that a rule requires. */
export function scopesOf(index: u32): usize {
  return ruleAt(index) + RuleField.Scopes;
}

/** Whether all scopes of the run at `run` are held. */
export function holdsAll(run: usize): bool {
  let id = firstScopeId(run);
  for (let left = runCount(run); left; left--, id += 4) {
    if (!isHeld(load<u32>(id))) return false;
  }
  return true;
}
