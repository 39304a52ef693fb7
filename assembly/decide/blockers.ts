// What stands in the way of a call without a token that an anonymous rule would allow: requirements that are not met, and
// Deny rules before it. One that has to do with the token may come out otherwise with one, any other will not.
import { Action, NONE, Reason } from "../program.ts";

let any: bool = false;
let requirement: bool = false;
let freeRequirement: u32 = NONE; // the first that has nothing to do with the token
let freeDenial: u32 = NONE; //      likewise of the Deny rules

export function clearBlockers(): void {
  any = requirement = false;
  freeRequirement = freeDenial = NONE;
}

/** Notes a rule. `isFree`: it has nothing to do with the token. */
export function noteBlocker(rule: u32, action: u32, isFree: bool): void {
  any = true;
  if (action == Action.Require) {
    requirement = true;
    if (isFree && freeRequirement == NONE) freeRequirement = rule;
  } else if (isFree && freeDenial == NONE) freeDenial = rule;
}

/** The rule that refuses the call, with whatever token; NONE when none does. */
export function refusingRule(): u32 {
  return freeRequirement != NONE || requirement ? freeRequirement : freeDenial;
}

/** The Reason where an anonymous rule would allow the call. */
export function reasonBehindBlockers(): i32 {
  if (freeRequirement != NONE) return Reason.requirement_unmet;
  if (refusingRule() != NONE) return Reason.rule_denied;
  return any ? Reason.no_token : Reason.allowed;
}
