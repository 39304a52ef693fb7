// All that requirements and one rule ask of the token's scopes: a scope for each term. Of a term that has several
// alternatives and none held, it is open which one; those are chosen in turn.
import { NONE, TERM_SIZE, TermField } from "../program.ts";
import { isExhausted } from "../runtime/budget.ts";
import { runCount } from "../sections.ts";
import { isHeld } from "../token/scopes.ts";
import { alternativeAt, heldAlternative, MAX_OPTIONS, orderAlternatives, readAlternatives } from "./alternatives.ts";
import { MAX_LISTED } from "./listed.ts";
import { firstTerm, termsOf } from "./rules.ts";

/** One term. */
@unmanaged
class Asked {
  scope: u32;
  isMissing: u32; // 1: it is not held
}

/** A term whose alternative is open; its alternatives follow, a u32 each, in the order of preference. */
@unmanaged
class Open {
  place: u32; // of the term among all
  count: u32;
}

/** Of more open terms the preferred alternative is taken. */
const MAX_OPEN: u32 = 16;
const OPEN_SIZE: usize = 8 + 32 * 4;

const table: usize = memory.data(2048 * 8, 8);
const opens: usize = memory.data(16 * (8 + 32 * 4), 8);
let count: u32 = 0;
let openTerms: u32 = 0;

/** Forgets all terms. */
export function clearAsked(): void {
  count = openTerms = 0;
}

/** Forgets all but the first terms. */
export function cutAsked(terms: u32, open: u32): void {
  count = terms;
  openTerms = open;
}

export function askedCount(): u32 {
  return count;
}

export function openCount(): u32 {
  return openTerms;
}

function askedAt(index: u32): Asked {
  return changetype<Asked>(table + <usize>index * offsetof<Asked>());
}

function openAt(index: u32): Open {
  return changetype<Open>(opens + <usize>index * OPEN_SIZE);
}

/** The scope of a term. */
export function askedScope(index: u32): u32 {
  return askedAt(index).scope;
}

/** Whether the scope of a term is not held. */
export function isAskedMissing(index: u32): bool {
  return askedAt(index).isMissing != 0;
}

/** Adds the terms of a rule; false when there are too many, or one has no scope in this call. */
export function askRule(rule: u32): bool {
  let term = firstTerm(rule);
  for (let left = runCount(termsOf(rule)); left; left--, term += TERM_SIZE) {
    if (count >= MAX_LISTED || isExhausted() || !ask(term)) return false;
  }
  return true;
}

function ask(term: usize): bool {
  const plain = load<u32>(term, TermField.Scope);
  if (plain != NONE) return add(plain, !isHeld(plain));
  const alternatives = readAlternatives(term);
  if (!alternatives) return false;
  const held = heldAlternative();
  if (held != NONE) return add(held, false);
  orderAlternatives();
  if (alternatives > 1 && openTerms < MAX_OPEN) keepOpen(alternatives);
  return add(alternativeAt(0), true);
}

function add(scope: u32, isMissing: bool): bool {
  const asked = askedAt(count++);
  asked.scope = scope;
  asked.isMissing = u32(isMissing);
  return true;
}

function keepOpen(alternatives: u32): void {
  const open = openAt(openTerms++);
  open.place = count;
  open.count = min(alternatives, MAX_OPTIONS);
  for (let i: u32 = 0; i < open.count; i++) store<u32>(optionAt(open, i), alternativeAt(i));
}

function optionAt(open: Open, index: u32): usize {
  return changetype<usize>(open) + offsetof<Open>() + ((<usize>index) << 2);
}

/** How many alternatives an open term has. */
export function choicesOf(open: u32): u32 {
  return openAt(open).count;
}

/** An alternative of an open term. */
export function choiceAt(open: u32, index: u32): u32 {
  return load<u32>(optionAt(openAt(open), index));
}

/** Chooses an alternative of an open term. */
export function choose(open: u32, index: u32): void {
  askedAt(openAt(open).place).scope = choiceAt(open, index);
}
