// One body: strict reading, then each message in it: envelope, mirror headers, decision. A batch (2025-03-26 only)
// passes when each of its messages does; the first that does not is the answer.
import { Flag, Kind, NONE, Reason, Setting, Slot } from "./program.ts";
import { hasFlag, setting } from "./sections.ts";
import { openBody, openCall } from "./config/config.ts";
import { onlyWhitespace, openReader, readValue } from "./json/reader.ts";
import { readFailure } from "./json/failure.ts";
import { isResponse, readRequest, refersToPrompt } from "./request/message.ts";
import { decodeText } from "./json/decode.ts";
import { spanLength, spanStart } from "./text/span.ts";
import { checkMirrors, declaresBatches, mayRespond } from "./request/mirror-headers.ts";
import { readToken, tokenLength } from "./token/claims.ts";
import { resolveBackend } from "./request/backend.ts";
import { clearDecision, decide, decidingRule, isGoverned } from "./decide/decide.ts";
import { challengeRule, findChallenge } from "./decide/challenge.ts";
import { isNormalUri } from "./request/uri.ts";
import { clearCall, kind, lifecycle, nameAt, nameLength, setName } from "./request/call.ts";
import { firstItem, nextItem } from "./json/walk.ts";
import { envelopeStart } from "./json/slots.ts";
import { clear64, regionEnd } from "./runtime/memory.ts";
import { charge, rewind } from "./runtime/budget.ts";
import { forgetResults } from "./cel/results.ts";
import { count, LENIENT } from "./answer/metrics.ts";

const NO_SLOT: u32 = 0xffffffff;
/** Steps for each URI of a subscription: it is looked up under every length of prefix that the policy has. */
const URI_COST: u32 = 64;

let rule: u32 = NONE;
let withId: bool = false;

/** The rule that decided the last request; NONE when none did. */
export function judgedRule(): u32 {
  return rule;
}

/** Whether the answer may carry the id in the slots. */
export function judgedWithId(): bool {
  return withId;
}

/** Forgets the request before. */
export function openJudge(): void {
  rule = NONE;
  withId = false;
  clearCall();
}

/** Whether a Reason lets the call through. */
export function isPass(reason: i32): bool {
  return reason >= Reason.allowed && reason <= Reason.response;
}

/** Judges the body of `size` bytes at `at`, padded as the reader wants. Returns a Reason. */
export function judge(at: usize, size: u32): i32 {
  openBody();
  clear64(at + <usize>size);
  const end = at + <usize>size;
  openReader(end, setting(Setting.MaxDepth));
  if (load<u32>(at) << 8 == 0xbfbbef00) return Reason.not_json; // a byte order mark
  const behind = readValue(at, Slot.Body);
  withId = true;
  if (!behind) return readFailure();
  if (!onlyWhitespace(behind)) return Reason.not_json;
  return load<u8>(envelopeStart(Slot.Body)) == 0x5b ? judgeBatch(envelopeStart(Slot.Body)) : judgeMessage();
}

function judgeBatch(list: usize): i32 {
  if (!declaresBatches()) return Reason.batch;
  let result: i32 = Reason.batch; // an empty one
  let p = firstItem(list);
  const before = regionEnd();
  while (p) {
    rewind(before); // of a hundred thousand messages only one is kept at a time
    openJudge();
    openCall();
    if (!charge(tokenLength >> 4)) return Reason.batch; // each reads the token again
    const end = readValue(p, Slot.Body);
    if (!end) return readFailure();
    if (load<u8>(p) != 0x7b) return Reason.batch;
    withId = true;
    result = judgeMessage();
    if (!isPass(result)) return result;
    p = nextItem(end);
  }
  return result;
}

function judgeMessage(): i32 {
  clearDecision();
  const refused = readRequest();
  if (refused >= 0) return refused;
  if (!readToken()) return Reason.no_token;
  if (isResponse()) return mayRespond() ? Reason.response : Reason.not_jsonrpc;
  const mismatch = checkMirrors();
  if (mismatch >= 0) {
    if (!hasFlag(Flag.LenientHeaders)) return mismatch;
    count(LENIENT);
  }
  const reason = judgeKind();
  rule = decidingRule();
  if ((reason != Reason.rule_denied && reason != Reason.no_rule) || !findChallenge()) return reason;
  rule = challengeRule();
  return Reason.insufficient_scope;
}

function judgeKind(): i32 {
  if (kind == Kind.Tool && !resolveBackend()) return Reason.host_error;
  let target = kind;
  if (isGoverned()) {
    if (kind == Kind.Subscription) return judgeSubscriptions();
    if (kind == Kind.Completion) target = refersToPrompt() ? Kind.Prompt : Kind.Resource;
    if (target == Kind.Resource) return judgeResource();
  }
  return decide(target, nameAt, nameLength);
}

function judgeResource(): i32 {
  if (hasFlag(Flag.NormalUris) && !isNormalUri(nameAt, nameLength)) return Reason.invalid_params;
  return decide(Kind.Resource, nameAt, nameLength);
}

/** Every URI must be allowed; the first that is not is the answer. */
function judgeSubscriptions(): i32 {
  if (lifecycle) return decide(Kind.Subscription, 0, 0);
  let p = firstItem(envelopeStart(Slot.ResourceSubscriptions));
  while (true) {
    if (load<u8>(p) != 0x22 || !charge(URI_COST)) return Reason.invalid_params;
    const end = readValue(p, NO_SLOT);
    const uri = decodeText(p, end, 1);
    if (!spanLength(uri)) return Reason.invalid_params;
    setName(spanStart(uri), spanLength(uri));
    forgetResults();
    const reason = judgeResource();
    p = nextItem(end);
    if (!p || !isPass(reason)) return reason;
  }
}
