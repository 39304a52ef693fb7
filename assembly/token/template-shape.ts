// Which texts a template can make: its literal texts, and between them values of 1 to MAX_VALUE characters. A text that parts
// two values has a character that no value has (the compiler sees to it), so there is only one way to read a scope.
import { MAX_VALUE, PART_SIZE, PartField, Section, TEMPLATE_SIZE, TemplateField } from "../program.ts";
import { runCount, runStart, section, textSpan } from "../sections.ts";
import { sameBytes } from "../text/ascii.ts";
import { DOT, LOWER_A, MINUS, TILDE, UNDERSCORE, UPPER_A, ZERO } from "../text/chars.ts";
import { Span, spanEnd, spanLength, spanStart } from "../text/span.ts";

const LETTERS: u32 = 26;

/** The TemplateRecord of a template. */
export function templateAt(template: u32): usize {
  return section(Section.Templates) + <usize>template * TEMPLATE_SIZE;
}

/** The first PartRecord of a template; the others follow. */
export function firstPart(record: usize): usize {
  return runStart(record + TemplateField.Parts, Section.Parts, PART_SIZE);
}

/** Whether a character may be in a value. */
export function isValueCharacter(c: u32): bool {
  if (c - LOWER_A < LETTERS || c - UPPER_A < LETTERS || c - ZERO < 10) return true;
  return c == DOT || c == UNDERSCORE || c == TILDE || c == MINUS;
}

/** Whether a text is one that the template can make. */
export function fitsTemplate(template: u32, text: Span): bool {
  const record = templateAt(template);
  const end = spanEnd(text);
  let part = firstPart(record);
  let p = after(textSpan(part + PartField.Before), spanStart(text), end);
  for (let left = runCount(record + TemplateField.Parts); left && p; left--, part += PART_SIZE) {
    const isLast = left == 1;
    const next = isLast ? textSpan(record + TemplateField.Tail) : textSpan(part + PART_SIZE + PartField.Before);
    p = valueEnd(p, end, next, isLast);
    if (p) p = after(next, p, end);
  }
  return p == end;
}

/** The address after a literal text at `at`; 0 when there is another one. */
function after(literal: Span, at: usize, end: usize): usize {
  const length = spanLength(literal);
  if (<usize>length > end - at || !sameBytes(at, spanStart(literal), length)) return 0;
  return at + <usize>length;
}

/** The end of the value at `at`, which the text `next` follows; 0 when there is none. */
function valueEnd(at: usize, end: usize, next: Span, isLast: bool): usize {
  const common = valueRun(spanStart(next), spanEnd(next));
  const run = valueRun(at, end);
  if (isLast && common == spanLength(next) && <usize>run != end - at) return 0;
  const length = run - common;
  return run > common && length <= <u32>MAX_VALUE ? at + <usize>length : 0;
}

/** How many characters from `at` on may be in a value. */
function valueRun(at: usize, end: usize): u32 {
  let p = at;
  while (p < end && isValueCharacter(load<u8>(p))) p++;
  return <u32>(p - at);
}
