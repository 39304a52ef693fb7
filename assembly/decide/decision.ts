// The decision on a request: the judgement writes it, and whoever replies, counts or logs is handed it.
import { NONE, Reason, ReasonField, isDenial, isPass } from "../program.ts";
import { reasonAt } from "../sections.ts";
import { now } from "../runtime/host.ts";
import { NO_SPAN, Span } from "../text/span.ts";

/** What a 401 asks for: what most calls need; nothing, as any token would do; the scopes of the decision. */
// prettier-ignore
export enum Need { Baseline = 0, Nothing = 1, Scopes = 2 }


@unmanaged
export class Decision {
  reason: i32; //    Reason
  rule: u32; //      that decided; with insufficient_scope the one that the challenge is for; NONE for none
  scopeCount: u32; // scopes of the challenge, which are in listed.ts
  need: u32; //      Need: what a 401 asks for
  isOpen: bool; //   what is missing of them depends on arguments that are not known
  method: Span; //   of the call; NO_SPAN when it was not read
  target: Span; //   what the call names: a tool, a prompt, a URI or a task
  when: Span; //     outcomes of the predicates, a letter each (record/outcomes.ts); NO_SPAN when none are recorded
  tests: Span; //    outcomes of the tests of scopes and claims, likewise
  id: u64; //        that refused clients and records have; 0 until it is known
  time: u64; //      of the reply, nanoseconds since 1970; 0 until it is known
  isJudged: bool; // it is about a body, and the headers are those of its request
  isCall: bool; //   the message was understood and its token read
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
  decision.need = Need.Baseline;
  decision.isOpen = false;
  decision.method = NO_SPAN;
  decision.target = NO_SPAN;
  decision.when = NO_SPAN;
  decision.tests = NO_SPAN;
  decision.id = 0;
  decision.time = 0;
  decision.isJudged = false;
  decision.isCall = false;
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

let decisions: u64 = 0;

/** A number that tells decisions apart: the time and how many came before, mixed as in splitmix64. */
export function decisionId(decision: Decision): u64 {
  if (decision.id) return decision.id;
  const time = decision.time ? decision.time : now();
  const seed = (time + ++decisions) * 0x9e3779b97f4a7c15;
  return (decision.id = (seed ^ (seed >> 29)) * 0xbf58476d1ce4e5b9);
}

/** What becomes of a request: the words of `scopegate eval`. */
// prettier-ignore
export enum Effect { Allow = 0, Deny = 1, Reject = 2, Unauthenticated = 3, Answer = 4, Count = 5 }

export function effectOf(reason: i32): u32 {
  if (isPass(reason)) return Effect.Allow;
  if (isDenial(reason) || reason == Reason.host_error || reason == Reason.no_policy) return Effect.Deny;
  if (reason == Reason.metadata_document) return Effect.Answer;
  return load<u32>(reasonAt(reason), ReasonField.Status) == 401 ? Effect.Unauthenticated : Effect.Reject;
}

export function effectWord(effect: u32): Ascii {
  if (effect == Effect.Allow) return "allow";
  if (effect == Effect.Deny) return "deny";
  if (effect == Effect.Reject) return "reject";
  return effect == Effect.Answer ? "answer" : "unauthenticated";
}
