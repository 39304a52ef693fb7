// Names with stars: whether a name that was found by an anchor satisfies the whole pattern. Linear in the name's bytes.
import { AUTOMATON_SIZE, AffixField, NONE, PATTERN_SIZE, PatternField, RunField, Section, Tag } from "../program.ts";
import { CELL, setSpan } from "../cel/cell.ts";
import { mayGoOn, runAutomaton } from "../cel/automaton.ts";
import { charge } from "../runtime/budget.ts";
import { hasText, isTextAt, runCount, section, textOf, textSpan } from "../sections.ts";
import { sameBytes } from "../text/ascii.ts";
import { NO_SPAN, Span, spanEnd, spanLength, spanStart } from "../text/span.ts";

const cell: usize = memory.data(<i32>CELL, 8);

// @ts-ignore: decorator
@inline
function recordAt(index: u32): usize {
  return section(Section.Patterns) + <usize>index * PATTERN_SIZE;
}

/** Whether a backend (NO_SPAN for none) and a name satisfy the PatternRecord `index`; false when the steps run out. */
export function fitsPattern(index: u32, backend: Span, name: Span): bool {
  const record = recordAt(index);
  return fits(record + PatternField.Name, name) && fits(record + PatternField.Backend, backend);
}

/** Whether a name is one of the texts of a run, or satisfies a pattern of another; false when the steps run out. */
export function isNamed(texts: usize, patterns: usize, name: Span): bool {
  const count = runCount(texts);
  charge(1 + (count >> 2));
  for (let i: u32 = 0; i < count; i++) {
    if (isTextAt(textOf(texts, i), name)) return true;
  }
  for (let i: u32 = 0; i < runCount(patterns); i++) {
    charge(1);
    if (fitsPattern(load<u32>(patterns, RunField.First) + i, NO_SPAN, name)) return true;
  }
  return false;
}

function fits(affixes: usize, name: Span): bool {
  if (!hasText(affixes + AffixField.Prefix)) return true;
  if (!name) return false;
  const prefix = textSpan(affixes + AffixField.Prefix);
  const suffix = textSpan(affixes + AffixField.Suffix);
  const length = spanLength(name);
  if (spanLength(prefix) + spanLength(suffix) > length) return false;
  if (!sameBytes(spanStart(name), spanStart(prefix), spanLength(prefix))) return false;
  if (!sameBytes(spanEnd(name) - spanLength(suffix), spanStart(suffix), spanLength(suffix))) return false;
  const automaton = load<u32>(affixes, AffixField.Automaton);
  return automaton == NONE || matches(automaton, name);
}

function matches(automaton: u32, name: Span): bool {
  if (!charge(2 + (spanLength(name) >> 3))) return false;
  setSpan(cell, Tag.String, 0, spanStart(name), spanLength(name));
  return runAutomaton(section(Section.Automata) + <usize>automaton * AUTOMATON_SIZE, cell);
}

/** How a target fits names of which only the beginning is known. */
export enum Fit {
  None = 0,
  Some = 1,
  All = 2,
}

/** How the names that begin so fit the PatternRecord `index`; Fit.Some when the steps run out. */
export function fitOfBeginning(index: u32, beginning: Span): i32 {
  const affixes = recordAt(index) + PatternField.Name;
  if (!hasText(affixes + AffixField.Prefix)) return Fit.All;
  const prefix = textSpan(affixes + AffixField.Prefix);
  if (!begins(prefix, beginning) && !begins(beginning, prefix)) return Fit.None;
  const automaton = load<u32>(affixes, AffixField.Automaton);
  if (automaton != NONE && !goesOn(automaton, beginning)) return Fit.None;
  // A star at its end takes whatever comes after a beginning that fits by itself.
  return !spanLength(textSpan(affixes + AffixField.Suffix)) && fits(affixes, beginning) ? Fit.All : Fit.Some;
}

function goesOn(automaton: u32, beginning: Span): bool {
  if (!charge(2 + (spanLength(beginning) >> 3))) return true;
  setSpan(cell, Tag.String, 0, spanStart(beginning), spanLength(beginning));
  return mayGoOn(section(Section.Automata) + <usize>automaton * AUTOMATON_SIZE, cell);
}

/** Whether a text begins with another. */
export function begins(text: Span, start: Span): bool {
  const length = spanLength(start);
  return spanLength(text) >= length && sameBytes(spanStart(text), spanStart(start), length);
}
