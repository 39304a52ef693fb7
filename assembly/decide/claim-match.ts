// Whether the claims that a rule lists hold. A name is looked up as it is written, then as a dotted path.
import { CLAIM_SIZE, ClaimField, ClaimType, Section } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { isTextAt, section, textOf } from "../sections.ts";
import { MARK_ESCAPED, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { decodeText } from "../json/decode.ts";
import { readingMarks } from "../json/reading.ts";
import { firstItem, nextItem, skipString, skipValue } from "../json/walk.ts";
import { spanLength, spanStart } from "../text/span.ts";

/** Whether every claim of the run (first, count) at `run` holds. */
export function claimsHold(run: usize): bool {
  let record = section(Section.Claims) + <usize>load<u32>(run) * CLAIM_SIZE;
  for (let left = load<u32>(run, 4); left; left--, record += CLAIM_SIZE) {
    if (!claimHolds(record)) return false;
  }
  return true;
}

function claimHolds(record: usize): bool {
  let slot = load<u32>(record, ClaimField.Literal);
  if (!slotStart(slot)) slot = load<u32>(record, ClaimField.Path);
  const at = slotStart(slot);
  if (!at) return false;
  const values = record + ClaimField.Values;
  const first = load<u8>(at);
  if (first == 0x22) return isListed(at, slotEnd(slot), slotMarks(slot) & MARK_ESCAPED, values);
  if (first != 0x5b || load<u32>(record, ClaimField.Type) != ClaimType.StringArray) return false;
  let p = firstItem(at);
  while (p) {
    const end = skipValue(p);
    charge(((<u32>(end - p)) >> 3) + 1); // every grant that is tried goes through it again
    if (load<u8>(p) == 0x22 && isListed(p, end, readingMarks(skipString(p)), values)) return true;
    p = nextItem(end);
  }
  return false;
}

function isListed(at: usize, end: usize, hasEscapes: u32, values: usize): bool {
  const string = decodeText(at, end, hasEscapes);
  if (!string) return false;
  const count = load<u32>(values, 4);
  for (let i: u32 = 0; i < count; i++) {
    if (isTextAt(textOf(values, i), spanStart(string), spanLength(string))) return true;
  }
  return false;
}
