// The decision on a request: the judgement writes it, and whoever replies, counts or logs is handed it.
import { NONE, Reason } from "../program.ts";
import { NO_SPAN, Span } from "../text/span.ts";


@unmanaged
export class Decision {
  reason: i32; //    Reason
  rule: u32; //      that decided; with insufficient_scope the one that the challenge is for; NONE for none
  scopeCount: u32; // scopes of the challenge, which are in listed.ts
  isOpen: bool; //   what is missing of them depends on arguments that are not known
  method: Span; //   of the call; NO_SPAN when it was not read
  target: Span; //   what the call names: a tool, a prompt, a URI or a task
  time: u64; //      of the reply, nanoseconds since 1970; 0 until it is known
  hasId: bool; //    the id of the message is in its slot, for the reply
  asksList: bool; // it, or a message of a batch, asks for a list
}

const record: usize = memory.data(<i32>offsetof<Decision>(), 8);

/** A new decision; there is one at a time. It starts as a refusal. */
export function newDecision(): Decision {
  const decision = changetype<Decision>(record);
  decision.reason = Reason.host_error;
  decision.rule = NONE;
  decision.scopeCount = 0;
  decision.isOpen = false;
  decision.method = NO_SPAN;
  decision.target = NO_SPAN;
  decision.time = 0;
  decision.hasId = false;
  decision.asksList = false;
  return decision;
}

/** The decision on a request whose headers alone say enough. */
export function decisionOf(reason: i32): Decision {
  const decision = newDecision();
  decision.reason = reason;
  return decision;
}
