// Scopes in claims that the policy names for them. They are read of the claims' text, by the slots of their paths.
import { CLAIM_SIZE, ClaimField, Section, Setting } from "../program.ts";
import { decodeText } from "../json/decode.ts";
import { readingMarks } from "../json/reading.ts";
import { MARK_ESCAPED, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { firstItem, nextItem, skipString, skipValue } from "../json/walk.ts";
import { runCount, runStart, settingAt } from "../sections.ts";
import { OPEN_BRACKET, QUOTE } from "../text/chars.ts";
import { addScope, addScopes } from "./scopes.ts";

/** Takes the scopes of all such claims. */
export function takeScopeClaims(): void {
  const run = settingAt(Setting.ScopeClaims);
  let record = runStart(run, Section.Claims, CLAIM_SIZE);
  for (let left = runCount(run); left; left--, record += CLAIM_SIZE) takeClaim(claimSlot(record));
}

/** The slot of a claim's value: of its name as it is written, else of the dotted path. */
export function claimSlot(record: usize): u32 {
  const literal = load<u32>(record, ClaimField.Literal);
  return slotStart(literal) ? literal : load<u32>(record, ClaimField.Path);
}

/** A string of scopes separated by spaces, or a list with one scope per string item; anything else has none. */
function takeClaim(slot: u32): void {
  const at = slotStart(slot);
  if (!at) return;
  if (load<u8>(at) == QUOTE) addScopes(decodeText(at, slotEnd(slot), slotMarks(slot) & MARK_ESCAPED));
  if (load<u8>(at) != OPEN_BRACKET) return;
  for (let p = firstItem(at); p; p = nextItem(skipValue(p))) {
    if (load<u8>(p) == QUOTE) addScope(decodeText(p, skipValue(p), readingMarks(skipString(p))));
  }
}
