// The rules of the program: their records, and whether the scopes that one requires are held.
import { RULE_SIZE, RuleField, Section } from "../program.ts";
import { section } from "../sections.ts";
import { isHeld } from "../token/scopes.ts";

export function ruleAt(index: u32): usize {
  return section(Section.Rules) + <usize>index * RULE_SIZE;
}

export function actionOf(index: u32): u32 {
  return load<u32>(ruleAt(index), RuleField.Action);
}

/** Whether all scopes of the run (first, count) at `run` are held. */
export function holdsAll(run: usize): bool {
  let id = section(Section.ScopeIds) + ((<usize>load<u32>(run)) << 2);
  for (let left = load<u32>(run, 4); left; left--, id += 4) {
    if (!isHeld(load<u32>(id))) return false;
  }
  return true;
}
