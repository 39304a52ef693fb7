// What would have been decided: by a candidate policy beside the enforced one, by the rules that are in shadow, or by a policy
// that is in shadow as a whole. It is worked out when the decision has been made, answered and counted, with steps of its own,
// and goes only into the record and the counters scopegate.would.<from>.<to>.
import { Flag, NONE, NO_REASON, Reason, Setting, isDenial } from "../program.ts";
import { candidate, reopenPolicy } from "../config/policies.ts";
import { openConfig } from "../config/config.ts";
import { Decision, Effect, decisionOf, effectOf, effectWord } from "../decide/decision.ts";
import { setTold } from "../decide/modes.ts";
import { bodySize, judgeAgain, judgeBeside } from "../judge.ts";
import { addOutcome } from "../record/record.ts";
import { Context } from "../runtime/contexts.ts";
import { defineCounter, increment } from "../runtime/host.ts";
import { hasFlag, setting } from "../sections.ts";
import { DOT } from "../text/chars.ts";
import { NO_SPAN, Span, sameSpan, spanLength, spanStart } from "../text/span.ts";
import { ValueTag, closeEntry, openNamed } from "../text/struct.ts";
import { begin, finish, put, putByte, putBytes } from "../text/writer.ts";
import { findToken } from "../token/claims.ts";

const ROOM: u32 = 16000; // bytes of what is told
const counters: usize = memory.data(4 * 25, 4); // by both Effects, the number of the counter + 1

/** Lets a denied call pass where the policy is in shadow. */
export function passShadowed(decision: Decision): void {
  told = NO_SPAN;
  if (!isDenial(decision.reason) || !hasFlag(Flag.Shadow)) return;
  told = tell(decision);
  effect = effectOf(decision.reason);
  decision.reason = Reason.shadowed;
  decision.rule = NONE;
}

let told: Span = NO_SPAN; // the entry of a record that says what would be decided; NO_SPAN when that is the same
let effect: u32 = 0; //      of it

/** A decision as an entry of a record. */
function tell(decision: Decision): Span {
  begin(ROOM);
  const entry = openNamed("would", ValueTag.Struct);
  addOutcome(decision, "scopes");
  closeEntry(entry);
  return finish();
}

/** Works out what would have been decided, counts it where it differs, and returns the record with it. */
export function addWould(stream: Context, decision: Decision, record: Span): Span {
  const from = effectOf(decision.reason);
  const block = candidate();
  const isShadowed = decision.reason == Reason.shadowed && !block;
  if (!isShadowed) {
    if (!block && !(hasFlag(Flag.HasShadow) && decision.isCall)) return record; // most policies: nothing to ask
    const own = tell(decision);
    const other = block ? askCandidate(stream, block, decision.isJudged) : askRules();
    if (!other) return record;
    told = tell(other);
    effect = effectOf(other.reason);
    if (block) reopenPolicy();
    if (sameSpan(own, told)) return record;
  }
  countWould(from);
  if (!spanLength(record)) return record;
  begin(spanLength(record) + ROOM);
  putBytes(spanStart(record), spanLength(record));
  putBytes(spanStart(told), spanLength(told));
  return finish();
}

/** What the rules would decide about the call if none were in shadow. */
function askRules(): Decision {
  setTold(true, true);
  const other = judgeAgain();
  setTold(false, false);
  return other;
}

/** What the candidate decides, which is the policy in use afterwards; null when it would have needed a body that was not judged. */
function askCandidate(stream: Context, block: usize, isJudged: bool): Decision | null {
  const byHeaders = stream.candidate;
  if (byHeaders == NO_REASON && !isJudged) return null;
  openConfig(block);
  setTold(true, false);
  let other: Decision;
  if (byHeaders != NO_REASON) other = decisionOf(byHeaders);
  else if (bodySize() > setting(Setting.MaxBody)) other = decisionOf(Reason.body_too_large);
  else other = judgeBeside(findToken());
  if (isDenial(other.reason) && hasFlag(Flag.Shadow)) other.reason = Reason.shadowed;
  setTold(false, false);
  return other;
}

/** Counts a difference: scopegate.would.<from>.<to>. */
function countWould(from: u32): void {
  const place = counters + ((<usize>(from * <u32>Effect.Count + effect)) << 2);
  if (!load<u32>(place)) {
    begin(64);
    put("scopegate.would.");
    put(effectWord(from));
    putByte(DOT);
    put(effectWord(effect));
    const name = finish();
    store<u32>(place, defineCounter(spanStart(name), spanLength(name)) + 1);
  }
  increment(load<u32>(place) - 1, 1);
}
