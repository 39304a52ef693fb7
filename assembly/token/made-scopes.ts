// Scopes that templates made of a call. One that the policy names has that scope's number; the others are numbered after
// the scopes of the policy, so that they are held and granted alike. In a list, where the arguments are unknown, a scope may
// be open: its text is then the template, and it may be held when something that it could become is.
import { MAX_TEMPLATES, NONE, PartField, Section, TemplateField } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { runCount, sectionCount, textOf, textSpan } from "../sections.ts";
import { copyBytes, sameBytes } from "../text/ascii.ts";
import { Span, sameSpan, spanLength, spanOf, spanStart } from "../text/span.ts";
import { firstPart, fitsTemplate, templateAt } from "./template-shape.ts";
import { isNamed, tokenScope, tokenScopes } from "./named-scopes.ts";
import {
  closureOf,
  currentStamp,
  drop,
  familiesOf,
  findScope,
  holdOne,
  isCurrent,
  isHeld,
  scopeIdAt,
  scopeName,
} from "./scopes.ts";

/** A scope that a template made. */
@unmanaged
class MadeScope {
  text: Span;
  template: u32; // of an open one; NONE otherwise
  fixed: u32; //    bytes at its beginning that are sure: all of them, unless it is open
  possible: u32; // the stamp (scopes.ts) with which an open one may be held
  granted: u32; //  the stamp with which it was granted by itself
}

const ROOM: u32 = 16384; // bytes of all their texts in a call

const table: usize = memory.data(<i32>(MAX_TEMPLATES * offsetof<MadeScope>()), 8);
const texts: usize = memory.data(<i32>ROOM, 8);
let count: u32 = 0;
let used: u32 = 0;

/** Forgets the scopes of the call before. */
export function clearMade(): void {
  count = used = 0;
}

/** Scopes of the policy and made ones: their numbers are below that. */
export function scopeCount(): u32 {
  return sectionCount(Section.Scopes) + count;
}

function madeAt(index: u32): MadeScope {
  return changetype<MadeScope>(table + <usize>index * offsetof<MadeScope>());
}

/** The text of a scope. */
export function scopeText(scope: u32): Span {
  const known = sectionCount(Section.Scopes);
  return scope < known ? textSpan(scopeName(scope)) : madeAt(scope - known).text;
}

/** The number of the scope with this text; NONE when there is no room for it. */
export function makeScope(text: Span): u32 {
  const known = findScope(text);
  if (known != NONE) return known;
  for (let i: u32 = 0; i < count; i++) {
    if (sameSpan(madeAt(i).text, text)) return sectionCount(Section.Scopes) + i;
  }
  const length = spanLength(text);
  if (length > ROOM - used) return NONE;
  const kept = texts + <usize>used;
  copyBytes(kept, spanStart(text), length);
  used += length;
  return add(spanOf(kept, length), NONE, length);
}

/** The number of the scope that a template will make of a call whose arguments are not known. */
export function openScope(template: u32): u32 {
  const text = textSpan(templateAt(template) + TemplateField.Source);
  return add(text, template, spanLength(textSpan(firstPart(templateAt(template)) + PartField.Before)));
}

function add(text: Span, template: u32, fixed: u32): u32 {
  if (count >= <u32>MAX_TEMPLATES) return NONE;
  const known = sectionCount(Section.Scopes);
  const made = madeAt(count);
  made.text = text;
  made.template = template;
  made.fixed = fixed;
  made.possible = made.granted = 0;
  const scope = known + count++;
  drop(scope);
  if (isNamed(text)) holdOne(scope);
  charge(known);
  for (let i: u32 = 0; i < known; i++) if (isHeld(i)) extend(i, scope, made);
  if (template == NONE) return scope;
  charge(tokenScopes());
  for (let i: u32 = 0; i < tokenScopes(); i++)
    if (fitsTemplate(template, tokenScope(i))) made.possible = currentStamp();
  return scope;
}

/** What a held scope of the policy means for a made one. */
function extend(holder: u32, scope: u32, made: MadeScope): void {
  const families = familiesOf(holder);
  charge(runCount(families));
  for (let i: u32 = 0; i < runCount(families); i++) {
    const family = textSpan(textOf(families, i));
    const shared = min(spanLength(family), made.fixed);
    if (!sameBytes(spanStart(family), spanStart(made.text), shared)) continue;
    if (shared == spanLength(family)) holdOne(scope);
    else if (made.template != NONE) made.possible = currentStamp();
  }
  if (made.template != NONE && fitsTemplate(made.template, textSpan(scopeName(holder)))) made.possible = currentStamp();
}

/** Whether a scope is held, or may be: it is open. */
export function mayBeHeld(scope: u32): bool {
  if (isHeld(scope)) return true;
  const known = sectionCount(Section.Scopes);
  return scope >= known && isCurrent(madeAt(scope - known).possible);
}

/** Whether a scope depends on what is not known. */
export function isOpen(scope: u32): bool {
  const known = sectionCount(Section.Scopes);
  return scope >= known && madeAt(scope - known).template != NONE;
}

/** Whether the trial that has begun grants a made scope by itself. */
export function isGranted(scope: u32): bool {
  return isCurrent(madeAt(scope - sectionCount(Section.Scopes)).granted);
}

/** Grants a scope and all that it implies, for the trial that has begun; with `itself` false only what it implies. */
export function grant(scope: u32, itself: bool): void {
  const known = sectionCount(Section.Scopes);
  if (scope >= known) {
    if (!itself) return;
    holdOne(scope);
    madeAt(scope - known).granted = currentStamp();
    return;
  }
  const closure = closureOf(scope);
  charge(1 + runCount(closure) + count);
  for (let i: u32 = 0; i < runCount(closure); i++) {
    const implied = scopeIdAt(closure, i);
    if (implied == scope && !itself) continue;
    holdOne(implied);
    for (let j: u32 = 0; j < count; j++) if (madeAt(j).template != NONE) extend(implied, known + j, madeAt(j));
  }
  for (let j: u32 = 0; j < count; j++) extend(scope, known + j, madeAt(j));
}
