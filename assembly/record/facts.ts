// The arguments that the policy lets records have, by their paths: strings, numbers, true, false and null as such, lists and
// objects as JSON text.
import { FACT_SIZE, FactField, Section } from "../program.ts";
import { decodeText } from "../json/decode.ts";
import { filledSlot, SlotRecord } from "../json/slots.ts";
import { parseNumber } from "../number/parse.ts";
import { section, sectionCount, textSpan } from "../sections.ts";
import { LOWER_F, LOWER_N, LOWER_T, MINUS, QUOTE, ZERO } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanStart } from "../text/span.ts";
import { ValueTag, addDouble, addScalar, closeEntry, openEntry, openNamed, putCut } from "../text/struct.ts";
import { addHash } from "./hash.ts";

const MOST: u32 = 256; // bytes of one

/** Adds those that the call has. */
export function addFacts(): void {
  const total = sectionCount(Section.Facts);
  if (!total) return;
  const facts = openNamed("facts", ValueTag.Struct);
  let record = section(Section.Facts);
  for (let left = total; left; left--, record += FACT_SIZE) {
    const slot = filledSlot(load<u32>(record, FactField.Slot));
    if (!slot) continue;
    const name = textSpan(record + FactField.Name);
    if (load<u32>(record, FactField.Hashed)) addHash(name, plainOf(slot));
    else addFact(name, slot);
  }
  closeEntry(facts);
}

/** The text of a string, the JSON of any other value. */
function plainOf(slot: SlotRecord): Span {
  if (load<u8>(slot.start) != QUOTE) return spanBetween(slot.start, slot.end);
  return decodeText(slot.start, slot.end, 1);
}

function addFact(name: Span, slot: SlotRecord): void {
  const value = plainOf(slot);
  if (value == NO_SPAN) return;
  const first = <u32>load<u8>(slot.start);
  if (first == MINUS || first - ZERO < 10) return addDouble(name, parseNumber(spanStart(value), spanEnd(value)));
  if (first == LOWER_T || first == LOWER_F) return addScalar(name, ValueTag.Bool, first == LOWER_T ? 1 : 0, 1);
  if (first == LOWER_N) return addScalar(name, ValueTag.Null, 0, 1);
  const entry = openEntry(name, ValueTag.String);
  putCut(value, MOST);
  closeEntry(entry);
}
