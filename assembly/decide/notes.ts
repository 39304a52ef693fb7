// While the rules are tried, those that match the call whatever their scopes are noted, in the rules' order: requirements,
// held or not, then rules that lack scopes, up to the one that decides. The search for a grant works on these notes alone.
import { NONE } from "../program.ts";

const MAX_NOTES: u32 = 256;

const rules: usize = memory.data(<i32>MAX_NOTES * 4, 4);
let count: u32 = 0;
let required: u32 = 0; // the first of them are requirements, so many
let lost: bool = false; // there was no room for a rule
let lacking: u32 = NONE; // the first requirement that lacks scopes

/** Forgets what was noted. */
export function clearNotes(): void {
  count = required = 0;
  lost = false;
  lacking = NONE;
}

/** Notes a rule that matches but for its scopes. */
export function noteRule(rule: u32): void {
  if (count >= MAX_NOTES) {
    lost = true;
    return;
  }
  store<u32>(rules + ((<usize>count) << 2), rule);
  count++;
}

/** Notes a requirement whose conditions hold; `isHeld`: its scopes as well. */
export function noteRequirement(rule: u32, isHeld: bool): void {
  noteRule(rule);
  required = count;
  if (!isHeld && lacking == NONE) lacking = rule;
}

export function noteCount(): u32 {
  return count;
}

/** How many of the notes, the first ones, are requirements. */
export function requirementCount(): u32 {
  return required;
}

/** The rule of a note. */
export function noteAt(index: u32): u32 {
  return load<u32>(rules + ((<usize>index) << 2));
}

/** Whether rules had to be left out, the last ones. */
export function hasLost(): bool {
  return lost;
}

/** The first requirement that lacks scopes; NONE when none does. */
export function lackingRequirement(): u32 {
  return lacking;
}
