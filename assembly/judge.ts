// One body: strict reading, then each message in it: envelope, mirror headers, decision. A batch (2025-03-26 only)
// passes when each of its messages does; the first that does not decides the reply.
import { Flag, Kind, NO_REASON, NONE, Reason, Setting, Slot, isPass } from "./program.ts";
import { hasFlag, setting } from "./sections.ts";
import { openBody, openCall, openNextCall } from "./config/config.ts";
import { onlyWhitespace, openReader, readValue } from "./json/reader.ts";
import { readFailure } from "./json/failure.ts";
import { isResponse, readMessage, refersToPrompt } from "./request/message.ts";
import { decodeText } from "./json/decode.ts";
import { checkMirrors, declaresBatches, isVersionKnown, mayRespond } from "./request/mirror-headers.ts";
import { readToken } from "./token/claims.ts";
import { resolveBackend } from "./request/backend.ts";
import { forgetScopeLists } from "./token/scopes.ts";
import { headersSize } from "./request/headers.ts";
import { decide, isGoverned } from "./decide/decide.ts";
import { isNobody } from "./token/nobody.ts";
import { findChallenge, findNeed, mayGrantHelp } from "./decide/challenge.ts";
import { isTold, openModes } from "./decide/modes.ts";
import { Decision, newDecision } from "./decide/decision.ts";
import { isNormalUri } from "./request/uri.ts";
import { kind, lifecycle, methodName, setTarget, targetName } from "./request/call.ts";
import { firstItem, nextItem } from "./json/walk.ts";
import { envelopeStart, slotEnd } from "./json/slots.ts";
import { MAX_ID } from "./lists/faults.ts";
import { clear64, regionEnd } from "./runtime/memory.ts";
import { charge, openBudget, rewind } from "./runtime/budget.ts";
import { forgetResults } from "./cel/results.ts";
import { count, LENIENT } from "./answer/metrics.ts";
import { noteOutcomes } from "./record/outcomes.ts";
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./text/chars.ts";
import { NO_SPAN, Span, spanEnds, spanIs, spanLength, spanOf } from "./text/span.ts";

const BYTE_ORDER_MARK: u32 = 0xbfbbef; // its three bytes, the first one lowest
/** Steps for each URI of a subscription: it is looked up under every anchor that the policy has. */
const URI_COST: u32 = 64;
/** Steps for each message of a batch, besides those for the token where its claims are read again for each (readToken). */
const MESSAGE_COST: u32 = 64;

let isBatch: bool = false;
let judged: usize = 0; // first byte of the body's value
let body: usize = 0;
let bodyLength: u32 = 0;
let payload: Span = NO_SPAN;

/** Judges the body of `size` bytes at `at`, followed by READ_PADDING bytes that may be overwritten, with a payload. */
export function judge(at: usize, size: u32, token: Span): Decision {
  openBody(size + spanLength(token) + headersSize());
  body = at;
  bodyLength = size;
  payload = token;
  openModes(token);
  const decision = newDecision();
  decision.isJudged = true;
  decision.reason = judgeBody(at, at + <usize>size, token, decision);
  decision.method = methodName;
  decision.target = targetName;
  return decision;
}

/** Bytes of the body that was judged. */
export function bodySize(): u32 {
  return bodyLength;
}

/** Judges the same body by the policy that is open now; NO_SPAN is no payload. */
export function judgeBeside(token: Span): Decision {
  if (token || hasFlag(Flag.Anonymous)) return judge(body, bodyLength, token);
  const decision = newDecision();
  decision.reason = Reason.no_token;
  return decision;
}

/** Decides the call of that body again, with steps of its own; a batch is judged as a whole. */
export function judgeAgain(): Decision {
  if (load<u8>(judged) == OPEN_BRACKET) return judge(body, bodyLength, payload);
  openBudget(setting(Setting.StepBudget), bodyLength + spanLength(payload) + headersSize());
  const decision = newDecision();
  decision.reason = decideCall(decision);
  return decision;
}

/** Whether the id of a message is among the first `size` bytes of its body, at `at`; its slot then has it. */
export function findId(at: usize, size: u32): bool {
  const end = at + <usize>size;
  openCall();
  clear64(end);
  openReader(end, setting(Setting.MaxDepth));
  readValue(at, Slot.Body);
  return slotEnd(Slot.Id) < end; // a number that ends with the bytes may go on after them
}

function judgeBody(at: usize, end: usize, token: Span, decision: Decision): i32 {
  clear64(end);
  openReader(end, setting(Setting.MaxDepth));
  if ((load<u32>(at) & 0xffffff) == BYTE_ORDER_MARK) return Reason.not_json;
  const bodyEnd = readValue(at, Slot.Body);
  decision.hasId = true;
  if (!bodyEnd) return readFailure();
  if (!onlyWhitespace(bodyEnd)) return Reason.not_json;
  if (!isVersionKnown()) return Reason.unsupported_version;
  const value = envelopeStart(Slot.Body);
  judged = value;
  isBatch = load<u8>(value) == OPEN_BRACKET;
  return isBatch ? judgeBatch(value, token, decision) : judgeMessage(token, decision, false);
}

function judgeBatch(list: usize, token: Span, decision: Decision): i32 {
  if (!declaresBatches()) return Reason.batch;
  let reason: i32 = Reason.batch; // an empty one
  let p = firstItem(list);
  // Claims have slots, which each message empties; scopes are read once.
  const keepsScopes = !hasFlag(Flag.NeedsClaims);
  if (keepsScopes && !readToken(token)) return Reason.no_token;
  const before = regionEnd();
  while (p) {
    rewind(before); // of a hundred thousand messages only one is kept at a time
    if (keepsScopes) {
      openNextCall();
      forgetScopeLists();
    } else openCall();
    decision.rule = NONE;
    decision.hasId = false;
    decision.isCall = false;
    decision.when = NO_SPAN;
    decision.tests = NO_SPAN;
    if (!charge(keepsScopes ? MESSAGE_COST : MESSAGE_COST + (spanLength(token) >> 4))) return Reason.batch;
    const end = readValue(p, Slot.Body);
    if (!end) return readFailure();
    if (load<u8>(p) != OPEN_BRACE) return Reason.batch;
    decision.hasId = true;
    reason = judgeMessage(token, decision, keepsScopes);
    if (!isPass(reason)) return reason;
    p = nextItem(end);
  }
  if (decision.isCall) noteOutcomes(decision);
  return reason;
}

function judgeMessage(token: Span, decision: Decision, isTokenRead: bool): i32 {
  const refused = readMessage();
  if (refused != NO_REASON) return refused;
  if (!isTokenRead && !readToken(token)) return Reason.no_token;
  if (isResponse()) return isNobody ? Reason.no_token : mayRespond() ? Reason.response : Reason.not_jsonrpc;
  const mismatch = checkMirrors();
  if (mismatch != NO_REASON) {
    if (!hasFlag(Flag.LenientHeaders)) return mismatch;
    if (!isTold) count(LENIENT);
  }
  if (isListMethod(methodName)) decision.asksList = true;
  decision.isCall = true;
  return decideCall(decision);
}

function decideCall(decision: Decision): i32 {
  const reason = judgeCall(decision);
  // Of the messages of a batch only the one that decides the reply is told, or the last.
  if (!isBatch || !isPass(reason)) noteOutcomes(decision);
  if (isNobody) {
    if (reason == Reason.no_token) findNeed(decision);
    return reason;
  }
  return mayGrantHelp(reason) ? findChallenge(reason, decision) : reason;
}

/** The id of the one message of the body that was judged, as JSON; NO_SPAN for a batch, or one that cannot be repeated. */
export function requestId(): Span {
  if (load<u8>(judged) == OPEN_BRACKET) return NO_SPAN;
  const id = envelopeStart(Slot.Id);
  const length = id ? <u32>(slotEnd(Slot.Id) - id) : 0;
  return length && length <= MAX_ID ? spanOf(id, length) : NO_SPAN;
}

/** Whether the method asks for a list that the filter knows. */
function isListMethod(method: Span): bool {
  if (!spanEnds(method, "/list")) return false;
  const isTemplates = spanIs(method, "resources/templates/list");
  return (
    isTemplates || spanIs(method, "tools/list") || spanIs(method, "prompts/list") || spanIs(method, "resources/list")
  );
}

function judgeCall(decision: Decision): i32 {
  if (kind == Kind.Tool && !resolveBackend()) return Reason.host_error;
  if (!isGoverned()) return decide(kind, decision);
  if (kind == Kind.Subscription) return judgeSubscription(decision);
  if (kind == Kind.Resource) return judgeResource(decision);
  if (kind != Kind.Completion) return decide(kind, decision);
  return refersToPrompt() ? decide(Kind.Prompt, decision) : judgeResource(decision);
}

function judgeResource(decision: Decision): i32 {
  if (hasFlag(Flag.NormalUris) && !isNormalUri(targetName)) return Reason.invalid_params;
  return decide(Kind.Resource, decision);
}

/** Every URI must be allowed; the first that is not decides the reply. */
function judgeSubscription(decision: Decision): i32 {
  if (lifecycle) return decide(Kind.Subscription, decision);
  let p = firstItem(envelopeStart(Slot.ResourceSubscriptions));
  while (true) {
    if (load<u8>(p) != QUOTE || !charge(URI_COST)) return Reason.invalid_params;
    const end = readValue(p, NONE);
    const uri = decodeText(p, end, 1);
    if (!spanLength(uri)) return Reason.invalid_params;
    setTarget(uri);
    forgetResults();
    const reason = judgeResource(decision);
    p = nextItem(end);
    if (!p || !isPass(reason)) return reason;
  }
}
