// Scopes that depend on the call: the placeholders of a template stand for members of the arguments, `_meta` or the claims, or
// for the tool or backend. A value is a text of 1 to MAX_VALUE characters that mean nothing in a header or a scope, or an
// integer from 0 to 2^53 - 1; with any other there is no scope. Each is made once for a call.
import { MAX_TEMPLATES, MAX_VALUE, NONE, PART_SIZE, PartField, PartValue, Tag, TemplateField } from "../program.ts";
import { loadSlot } from "../cel/access.ts";
import { CELL, auxOf, doubleOf, isUnknown, lengthOf, startOf, tagOf } from "../cel/cell.ts";
import { decodeEscapes } from "../json/decode.ts";
import { printUint } from "../number/print.ts";
import { backendName, toolName } from "../request/call.ts";
import { runCount, textSpan } from "../sections.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { begin, finish, overflowed, putBytes } from "../text/writer.ts";
import { clearMade, makeScope, openScope } from "../token/made-scopes.ts";
import { firstPart, isValueCharacter, templateAt } from "../token/template-shape.ts";

const MOST_SCOPE: u32 = 1024; //   bytes; the compiler allows half of that
const LONGEST_ESCAPE: u32 = 6; //  bytes of JSON text for one character
const MOST_INTEGER: f64 = 9007199254740991;

/** What a template made of a call. */
@unmanaged
class Made {
  call: u64; //  which call it was
  scope: u32; // NONE: there is no such scope
}

const table: usize = memory.data(<i32>(MAX_TEMPLATES * offsetof<Made>()), 8);
const cell: usize = memory.data(<i32>CELL, 8);
const digits: usize = memory.data(32, 8);
let calls: u64 = 0;

/** Begins a call. */
export function forgetTemplates(): void {
  calls++;
  clearMade();
}

/** The scope that a template makes of this call; NONE when a value does not fit. */
export function scopeOfTemplate(template: u32): u32 {
  const made = changetype<Made>(table + <usize>template * offsetof<Made>());
  if (made.call != calls) {
    made.call = calls;
    made.scope = fill(template);
  }
  return made.scope;
}

function fill(template: u32): u32 {
  const record = templateAt(template);
  let part = firstPart(record);
  let isOpen = false;
  begin(MOST_SCOPE);
  for (let left = runCount(record + TemplateField.Parts); left; left--, part += PART_SIZE) {
    put(textSpan(part + PartField.Before));
    const value = valueOf(part);
    if (value) put(value);
    else if (isUnknown(cell)) isOpen = true;
    else return NONE;
  }
  put(textSpan(record + TemplateField.Tail));
  const scope = finish();
  if (isOpen) return openScope(template);
  return overflowed() ? NONE : makeScope(scope);
}

function put(text: Span): void {
  putBytes(spanStart(text), spanLength(text));
}

/** The text of a placeholder; NO_SPAN when its value does not fit, or is unknown: the cell tells. */
function valueOf(part: usize): Span {
  const source = load<u32>(part, PartField.Value);
  if (source == PartValue.Slot) {
    loadSlot(load<u32>(part, PartField.Slot), 0, cell);
    if (tagOf(cell) == Tag.String) return fitting(textOfCell());
    return tagOf(cell) == Tag.Double ? integerText(doubleOf(cell)) : NO_SPAN;
  }
  store<u64>(cell, <u64>Tag.Error);
  return fitting(source == PartValue.Tool ? toolName : backendName);
}

function textOfCell(): Span {
  const length = lengthOf(cell);
  if (!auxOf(cell)) return spanOf(startOf(cell), length);
  return length <= <u32>MAX_VALUE * LONGEST_ESCAPE ? decodeEscapes(startOf(cell), length, 0) : NO_SPAN;
}

/** The text itself if it may stand in a scope. */
function fitting(text: Span): Span {
  if (spanLength(text) - 1 >= <u32>MAX_VALUE) return NO_SPAN;
  for (let p = spanStart(text); p < spanEnd(text); p++) if (!isValueCharacter(load<u8>(p))) return NO_SPAN;
  return text;
}

function integerText(value: f64): Span {
  if (!(value >= 0 && value <= MOST_INTEGER) || value != floor(value)) return NO_SPAN;
  return spanBetween(digits, printUint(<u64>value, digits));
}
