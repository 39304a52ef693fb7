// The rules of the program: their records, and what they ask of the scopes that are held.
import {
  Action,
  NONE,
  OPTION_SIZE,
  OptionField,
  RULE_SIZE,
  RuleField,
  Section,
  TERM_SIZE,
  TermField,
} from "../program.ts";
import { runCount, runStart, section } from "../sections.ts";
import { mayBeHeld } from "../token/made-scopes.ts";
import { isHeld } from "../token/scopes.ts";
import { scopeOfTemplate } from "./templates.ts";

/** Whether scopes are held as a rule asks. */
export enum Standing {
  Held = 0,
  Missing = 1, //    some are not
  Impossible = 2, // a scope depends on the call, and there is none for this one: no grant helps
}

/** The RuleRecord of a rule. */
export function ruleAt(index: u32): usize {
  return section(Section.Rules) + <usize>index * RULE_SIZE;
}

export function actionOf(index: u32): u32 {
  return load<u32>(ruleAt(index), RuleField.Action);
}

/** The run of Terms of a rule. */
export function termsOf(index: u32): usize {
  return ruleAt(index) + RuleField.Scopes;
}

/** The first TermRecord of a rule; the others follow. */
export function firstTerm(rule: u32): usize {
  return runStart(termsOf(rule), Section.Terms, TERM_SIZE);
}

/** How scopes stand for a rule with this record and Action. Only for a Deny rule must those that may be held be sure. */
export function standing(record: usize, action: u32): i32 {
  let result: i32 = Standing.Held;
  let term = runStart(record + RuleField.Scopes, Section.Terms, TERM_SIZE);
  for (let left = runCount(record + RuleField.Scopes); left; left--, term += TERM_SIZE) {
    const scope = load<u32>(term, TermField.Scope);
    if (scope != NONE) {
      if (!isHeld(scope)) result = Standing.Missing;
      continue;
    }
    const any = standingOfAny(term, action == Action.Deny);
    if (any == Standing.Impossible) return any;
    if (any == Standing.Missing) result = any;
  }
  return result;
}

/** How the alternatives of a term stand. */
function standingOfAny(term: usize, sure: bool): i32 {
  let result: i32 = Standing.Impossible;
  let option = firstOption(term);
  for (let left = optionCount(term); left; left--, option += OPTION_SIZE) {
    const scope = scopeOfOption(option);
    if (scope == NONE) continue;
    if (sure ? isHeld(scope) : mayBeHeld(scope)) return Standing.Held;
    result = Standing.Missing;
  }
  return result;
}

/** The first OptionRecord of a term; the others follow. */
export function firstOption(term: usize): usize {
  return runStart(term + TermField.Options, Section.Options, OPTION_SIZE);
}

/** How many alternatives a term has. */
export function optionCount(term: usize): u32 {
  return runCount(term + TermField.Options);
}

/** The scope of an alternative in this call; NONE when there is none. */
export function scopeOfOption(option: usize): u32 {
  const scope = load<u32>(option, OptionField.Scope);
  return scope != NONE ? scope : scopeOfTemplate(load<u32>(option, OptionField.Template));
}
