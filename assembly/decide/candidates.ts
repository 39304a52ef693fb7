// The smallest grant: the smallest set of scopes after which this very call is allowed by the whole rule list.
// docs/challenges.md proves it.
//
// Granting more scopes only makes more of the noted rules hold, so the call is allowed by granting R exactly when all noted
// requirements then hold and the first other noted rule whose scopes are then held is an Allow rule. For a given Allow rule
// the least that helps is what it and the requirements miss, by one choice of alternatives; anything they need less of,
// another rule needs too. So it is enough to try each noted Allow rule with each choice, and to keep the smallest that meets no
// other rule first. Exact within bounds; beyond them a challenge can be lost or be larger, but it is never wrong.
//
// That holds while no predicate reads jwt.scopes; sets.ts handles policies where one does.
import { Action, NONE } from "../program.ts";
import { charge, isExhausted } from "../runtime/budget.ts";
import { runCount } from "../sections.ts";
import { grant, isOpen } from "../token/made-scopes.ts";
import { beginTrial, endTrial, isHeld } from "../token/scopes.ts";
import {
  askedCount,
  askedScope,
  askRule,
  choicesOf,
  choose,
  clearAsked,
  cutAsked,
  isAskedMissing,
  openCount,
} from "./asked.ts";
import { addListed, beginListed } from "./listed.ts";
import { hasLost, noteAt, noteCount, requirementCount } from "./notes.ts";
import { actionOf, ruleAt, Standing, standing, termsOf } from "./rules.ts";

/** Choices of alternatives that are tried for a call. */
const MAX_CHOICES: u32 = 4096;

let least: u32 = 0; //       scopes of the smallest grant so far
let granting: u32 = NONE; // the rule that it reaches; NONE: the default
let hasOpen: bool = false; // a part of it depends on what is not known
let asksOpen: bool = false; // a part of the grant that is tried does
let choices: u32 = 0; //     tried so far
let place: u32 = 0; //       the note of the rule that is tried

/** The rule that the smallest grant reaches; NONE: the default. */
export function grantingRule(): u32 {
  return granting;
}

/** Whether a part of the smallest grant depends on what is not known. */
export function isGrantOpen(): bool {
  return hasOpen;
}

/**
 * Lists the scopes of the smallest grant (listed.ts); false when no grant helps. With `passes`, the rule list allows the
 * call by `decided` (NONE: by default), and only requirements lack scopes.
 */
export function findSmallestGrant(decided: u32, passes: bool): bool {
  least = u32.MAX_VALUE;
  choices = 0;
  clearAsked();
  const required = requirementCount();
  if (hasLost() && required == noteCount()) return false; // requirements are among those left out
  for (let i: u32 = 0; i < required; i++) if (!askRule(noteAt(i))) return false;
  const terms = askedCount();
  const open = openCount();
  for (let i = required; i < noteCount(); i++) {
    if (actionOf(noteAt(i)) == Action.Allow) tryRule(noteAt(i), i, terms, open);
  }
  if (passes && !hasLost()) tryRule(decided, noteCount(), terms, open);
  return least != u32.MAX_VALUE;
}

/** Tries all choices for a rule, the note at `index`, beside the first terms, which are those of the requirements. */
function tryRule(rule: u32, index: u32, terms: u32, open: u32): void {
  cutAsked(terms, open);
  if (rule != NONE && !askRule(rule)) return;
  place = index;
  tryChoices(0, rule);
}

/** Tries the alternatives of the open terms from `open` on. */
function tryChoices(open: u32, rule: u32): void {
  if (open == openCount()) {
    choices = isExhausted() ? MAX_CHOICES : choices + 1;
    weigh(rule);
    return;
  }
  for (let i: u32 = 0; i < choicesOf(open) && choices < MAX_CHOICES; i++) {
    choose(open, i);
    tryChoices(open + 1, rule);
  }
}

/** Begins a trial with all that is missing; how many scopes that is, without those that others of them imply. */
function grantMissing(): u32 {
  beginTrial();
  charge(2 * askedCount());
  for (let i: u32 = 0; i < askedCount(); i++) if (isMissing(i)) grant(askedScope(i), false);
  let size: u32 = 0;
  asksOpen = false;
  for (let i: u32 = 0; i < askedCount(); i++) {
    if (!isMissing(i)) continue;
    size++;
    if (isOpen(askedScope(i))) asksOpen = true;
    grant(askedScope(i), true);
  }
  return size;
}

/** Whether the scope of a term is missing still. */
function isMissing(index: u32): bool {
  return isAskedMissing(index) && !isHeld(askedScope(index));
}

/** Keeps the grant that is chosen if it is smaller than those before, and reaches the rule. */
function weigh(rule: u32): void {
  const size = grantMissing();
  const isReached = size < least && firstHeld(place) == place;
  endTrial();
  if (!isReached) return;
  least = listAsked() ? size : u32.MAX_VALUE;
  granting = rule;
  hasOpen = asksOpen;
}

/** The first note before `end`, requirements aside, whose scopes are held; `end` when there is none. */
export function firstHeld(end: u32): u32 {
  for (let i = requirementCount(); i < end; i++) {
    const rule = noteAt(i);
    charge(1 + runCount(termsOf(rule)));
    if (standing(ruleAt(rule), actionOf(rule)) == Standing.Held) return i;
  }
  return end;
}

/** Lists what is asked; false, and nothing else is tried, when the steps run out. */
export function listAsked(): bool {
  beginListed();
  for (let i: u32 = 0; i < askedCount(); i++) if (!addListed(askedScope(i))) return false;
  return true;
}
