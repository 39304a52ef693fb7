// Which rules are enforced. A rule in shadow is as if it were not there, and one that is rolled out is there for a part of the
// subjects, the same ones for every such rule; what would be decided if all were there is told (shadow/would.ts).
import { ENFORCED, RuleField } from "../program.ts";
import { hashBytes } from "../text/hash.ts";
import { NO_SPAN, Span, spanLength, spanStart } from "../text/span.ts";
import { readIdentity } from "../token/identity.ts";
import { ruleAt } from "./rules.ts";

const UNKNOWN: u32 = 0xffffffff;

/** Whether the decision is only told: nothing may be counted, recorded or traced for it. */
export let isTold: bool = false;
let enforcesAll: bool = false;
let token: Span = NO_SPAN;
let share: u32 = UNKNOWN; // of 100, in which the subject is

/** Begins a decision about a caller with this payload. */
export function openModes(payload: Span): void {
  token = payload;
  share = UNKNOWN;
}

/** The next decisions are only told, by all rules or by those that are enforced; or they count again. */
export function setTold(told: bool, all: bool): void {
  isTold = told;
  enforcesAll = all;
}

/** Whether a rule counts. */
export function isEnforced(rule: u32): bool {
  const mode = load<u32>(ruleAt(rule), RuleField.Mode);
  return mode >= <u32>ENFORCED || enforcesAll || (mode != 0 && shareOf() < mode);
}

/** From 0 to 99, by a hash of the subject; 0 without one. */
function shareOf(): u32 {
  if (share == UNKNOWN) {
    const subject = readIdentity(token).subject;
    share = subject ? <u32>(hashBytes(0, spanStart(subject), spanLength(subject)) % <u64>ENFORCED) : 0;
  }
  return share;
}
