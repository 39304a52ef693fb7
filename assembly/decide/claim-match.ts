// Whether the claims that a rule lists hold. A name is looked up as it is written, then as a dotted path.
import { CLAIM_SIZE, ClaimField, ClaimType, Section } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { isTextAt, runCount, runStart, textOf } from "../sections.ts";
import { MARK_ESCAPED, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { decodeText } from "../json/decode.ts";
import { readingMarks } from "../json/reading.ts";
import { firstItem, nextItem, skipString, skipValue } from "../json/walk.ts";
import { OPEN_BRACKET, QUOTE } from "../text/chars.ts";

/** Whether every claim of the run at `run` holds. */
export function claimsHold(run: usize): bool {
  let record = runStart(run, Section.Claims, CLAIM_SIZE);
  for (let left = runCount(run); left; left--, record += CLAIM_SIZE) {
    if (!claimHolds(record)) return false;
  }
  return true;
}

/** Whether the ClaimRecord at `record` holds. */
export function claimHolds(record: usize): bool {
  let slot = load<u32>(record, ClaimField.Literal);
  if (!slotStart(slot)) slot = load<u32>(record, ClaimField.Path);
  const at = slotStart(slot);
  if (!at) return false;
  const values = record + ClaimField.Values;
  const first = load<u8>(at);
  charge(1);
  if (first == QUOTE) return isListed(at, slotEnd(slot), slotMarks(slot) & MARK_ESCAPED, values);
  if (first != OPEN_BRACKET || load<u32>(record, ClaimField.Type) != ClaimType.StringArray) return false;
  let p = firstItem(at);
  while (p) {
    const end = skipValue(p);
    charge(((<u32>(end - p)) >> 3) + 1); // every grant that is tried reads it again
    if (load<u8>(p) == QUOTE && isListed(p, end, readingMarks(skipString(p)), values)) return true;
    p = nextItem(end);
  }
  return false;
}

/** Whether the string with the text [at, end) is one of the run of Texts at `values`. */
function isListed(at: usize, end: usize, hasEscapes: u32, values: usize): bool {
  charge((<u32>(end - at)) >> 2);
  const string = decodeText(at, end, hasEscapes);
  if (!string) return false;
  const count = runCount(values);
  for (let i: u32 = 0; i < count; i++) {
    if (isTextAt(textOf(values, i), string)) return true;
  }
  return false;
}
