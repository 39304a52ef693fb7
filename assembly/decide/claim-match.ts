// Whether the claims that a rule lists hold. A name is looked up as it is written, then as a dotted path. Every try of a
// grant reads them again, so it is charged for.
import { CLAIM_SIZE, ClaimField, ClaimType, Section } from "../program.ts";
import { charge } from "../runtime/budget.ts";
import { runCount, runStart } from "../sections.ts";
import { MARK_ESCAPED, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { decodeText } from "../json/decode.ts";
import { readingMarks } from "../json/reading.ts";
import { firstItem, nextItem, skipString, skipValue } from "../json/walk.ts";
import { OPEN_BRACKET, QUOTE } from "../text/chars.ts";
import { NO_SPAN } from "../text/span.ts";
import { areClaimsUnknown } from "../token/nobody.ts";
import { claimSlot } from "../token/scope-claims.ts";
import { isNamed } from "./pattern.ts";

/** Whether every claim of the run at `run` holds. Where claims are unknown they may, which with `sure` is not enough. */
export function claimsHold(run: usize, sure: bool): bool {
  if (areClaimsUnknown) return !sure || !runCount(run);
  let record = runStart(run, Section.Claims, CLAIM_SIZE);
  for (let left = runCount(run); left; left--, record += CLAIM_SIZE) {
    if (!claimHolds(record)) return false;
  }
  return true;
}

/** Whether the ClaimRecord at `record` holds. */
export function claimHolds(record: usize): bool {
  const slot = claimSlot(record);
  const at = slotStart(slot);
  if (!at) return false;
  const type = load<u32>(record, ClaimField.Type);
  if (type == ClaimType.Present) return true;
  const first = load<u8>(at);
  charge(1);
  if (first == QUOTE) return isListed(at, slotEnd(slot), slotMarks(slot) & MARK_ESCAPED, record);
  if (first != OPEN_BRACKET || type != ClaimType.StringArray) return false;
  let p = firstItem(at);
  while (p) {
    const end = skipValue(p);
    charge(((<u32>(end - p)) >> 3) + 1);
    if (load<u8>(p) == QUOTE && isListed(p, end, readingMarks(skipString(p)), record)) return true;
    p = nextItem(end);
  }
  return false;
}

/** Whether the string with the text [at, end) is a value of a claim, or fits a pattern. */
function isListed(at: usize, end: usize, hasEscapes: u32, record: usize): bool {
  charge((<u32>(end - at)) >> 2);
  const string = decodeText(at, end, hasEscapes);
  return string != NO_SPAN && isNamed(record + ClaimField.Values, record + ClaimField.Patterns, string);
}
