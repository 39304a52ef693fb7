// One request: headers → body → trailers → decided. It starts as denied, and only `pass` lets it through.
// Everything is judged at the end of the stream, wherever that comes: in the headers, the body or the trailers
// (HTTP/2 trailers, tests/envoy/calls.test.ts: a body callback with the end of the stream then never comes).
import { Action, Flag, NONE, NO_REASON, Reason, RecordFlag, Setting, isPass } from "./program.ts";
import { hasFlag, isTextAt, runCount, setting, settingAt, textOf } from "./sections.ts";
import { allocate, ranOut, release } from "./runtime/memory.ts";
import { configNumber, holdsHeaders, isGuarded, openConfig } from "./config/config.ts";
import { candidate, choosePolicy, countForPolicy, reopenPolicy } from "./config/policies.ts";
import { Context, State } from "./runtime/contexts.ts";
import { Buffer, getBuffer, getProperty, setProperty, Status, value, valueLength } from "./runtime/host.ts";
import {
  arePresent,
  findHeader,
  findSingleHeader,
  headersSize,
  KnownHeader,
  openHeaders,
  readHeaders,
  saveHeaders,
} from "./request/headers.ts";
import { checkContent, checkHeaders, declaresMoreThan } from "./request/header-checks.ts";
import { isBindingMet } from "./token/binding.ts";
import { findToken, isTokenKnown } from "./token/claims.ts";
import { bytesOf, copyBytes, sizeOf } from "./text/ascii.ts";
import { QUESTION_MARK } from "./text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanEnds, spanIs, spanLength, spanOf, spanStart } from "./text/span.ts";
import { findId, judge, requestId } from "./judge.ts";
import { beginAnswer, refuseEncodings } from "./lists/answer.ts";
import { filtersLists } from "./lists/errors.ts";
import { AnswerState, Asked, dropAnswer, keepRecord, newAnswer } from "./lists/state.ts";
import { Decision, decisionOf } from "./decide/decision.ts";
import { tellDecision } from "./decide/trace.ts";
import { count } from "./answer/metrics.ts";
import { recordOf, setRecord } from "./record/record.ts";
import { addWould, passShadowed } from "./shadow/would.ts";
import { refuse, sendDocument } from "./answer/reply.ts";
import { endRepeats } from "./answer/repeats.ts";

export const CONTINUE: i32 = 0;
export const STOP: i32 = 1; // for a body: stop and buffer
const ID_WITHIN: u32 = 16384; // bytes of a refused body that are looked through for its id
/** The filter state that the guard after the filter checks for, wasm.scopegate.runs in CEL. It says nothing about the decision. */
const MARK = "scopegate.runs";
const MARKED = "1";
const CODE_DETAILS = "response\x00code_details";

/** The request headers: replies when they already decide, otherwise waits for the body. */
export function onHeaders(stream: Context, end: bool): i32 {
  stream.candidate = NO_REASON;
  // Where it fails, the guard lets nothing pass.
  if (isGuarded()) setProperty(bytesOf(MARK), sizeOf(MARK), bytesOf(MARKED), sizeOf(MARKED));
  if (!readHeaders()) return reject(stream, Reason.host_error);
  const policy = choosePolicy(findSingleHeader(KnownHeader.Authority), requestPath());
  if (policy == NONE) return reject(stream, Reason.no_policy);
  stream.policy = policy;
  if (serveDocument()) return finishDocument(stream);
  stream.credentials = arePresent(1 << KnownHeader.Authorization);
  askCandidate(stream, end);
  const refused = checkHeaders();
  if (refused != NO_REASON) return reject(stream, refused);
  const method = findSingleHeader(KnownHeader.Method);
  if (!method) return reject(stream, Reason.host_error);
  return spanIs(method, "POST") ? onPost(stream, end) : onBodyless(stream, method, end);
}

/** What the candidate policy, if there is one, decides by the headers. */
function askCandidate(stream: Context, end: bool): void {
  const block = candidate();
  if (!block) return;
  openConfig(block);
  const method = findSingleHeader(KnownHeader.Method);
  stream.candidate = checkHeaders();
  if (stream.candidate == NO_REASON) {
    stream.candidate = spanIs(method, "POST") ? judgePost(stream, end) : judgeBodyless(stream, method);
  }
  reopenPolicy();
}

let found: Span = NO_SPAN; // the token that judgePost or judgeBodyless found

/** Why the headers of a POST refuse it; NO_REASON when its body decides. */
function judgePost(stream: Context, end: bool): i32 {
  const content = checkContent();
  if (content != NO_REASON) return content;
  if (end) return Reason.empty_body;
  found = findToken();
  if (!found && !mayBeNobody(stream)) return missingToken(stream);
  if (!isBindingMet(found)) return Reason.sender_constrained;
  return declaresMoreThan(setting(Setting.MaxBody)) ? Reason.body_too_large : NO_REASON;
}

/** A POST: whatever its headers say against it, then its body. */
function onPost(stream: Context, end: bool): i32 {
  const refused = judgePost(stream, end);
  if (refused != NO_REASON) return rejectPost(stream, refused, end);
  if (!saveForLater(stream, found)) return reject(stream, Reason.host_error);
  // The body may still ask for a list, but then the headers are gone.
  if (!holdsHeaders() && mayAskForList()) refuseEncodings();
  return awaitBody(stream, State.Reading);
}

/**
 * Refuses a POST whose headers say enough. Where they are held, nothing is sent on meanwhile, and the reply comes with the
 * first bytes of the body, so that it has the caller's id: the Go SDK closes its session when an error has none.
 */
function rejectPost(stream: Context, reason: i32, end: bool): i32 {
  if (end || !holdsHeaders()) return reject(stream, reason);
  stream.reason = reason;
  return awaitBody(stream, State.Refusing);
}

function awaitBody(stream: Context, state: State): i32 {
  stream.config = configNumber();
  stream.state = state;
  return holdsHeaders() ? STOP : CONTINUE;
}

/** The Reason for GET, DELETE and OPTIONS as the policy says; everything else is not MCP. */
function judgeBodyless(stream: Context, method: Span): i32 {
  const preflight = spanIs(method, "OPTIONS");
  if (actionOnMethod(method) != Action.Allow) return Reason.method_not_allowed;
  if (declaresMoreThan(0)) return Reason.unexpected_body;
  found = preflight ? NO_SPAN : findToken();
  const isStream = spanIs(method, "GET");
  if (!preflight && !found && !(isStream && mayBeNobody(stream))) return missingToken(stream);
  if (!isBindingMet(found)) return Reason.sender_constrained;
  return preflight ? Reason.preflight : isStream ? Reason.stream : Reason.session_end;
}

function onBodyless(stream: Context, method: Span, end: bool): i32 {
  const reason = judgeBodyless(stream, method);
  if (!isPass(reason)) return reject(stream, reason);
  const isStream = reason == Reason.stream;
  if (isStream && filtersLists() && !expectStream(stream, found)) return reject(stream, Reason.host_error);
  if (end) return pass(stream, decisionOf(reason));
  // An empty DATA frame or an empty chunked body may follow, which is no body (RFC 9113 section 8.1). OkHttp sends such.
  stream.reason = reason;
  return awaitBody(stream, State.Ending);
}

/** The Action for an HTTP method other than POST. */
function actionOnMethod(method: Span): u32 {
  if (spanIs(method, "GET")) return setting(Setting.StreamAction);
  if (spanIs(method, "OPTIONS")) return setting(Setting.PreflightAction);
  return spanIs(method, "DELETE") ? setting(Setting.SessionAction) : Action.Deny;
}

/** The answer will be an event stream, which may replay lists. */
function expectStream(stream: Context, token: Span): bool {
  if (!saveForLater(stream, token)) return false;
  if (arePresent(1 << KnownHeader.AcceptEncoding)) refuseEncodings();
  stream.answer = newAnswer(Asked.Stream, NO_SPAN);
  return true;
}

/** Whether the headers leave it open that the request is for a list, and the server may encode its answer. */
function mayAskForList(): bool {
  if (!filtersLists() || !arePresent(1 << KnownHeader.AcceptEncoding)) return false;
  const method = findHeader(KnownHeader.McpMethod);
  return !method || spanEnds(method, "/list");
}

/** Whether the request may pass without a token; one that came and did not verify, or may have come, is refused in any case. */
function mayBeNobody(stream: Context): bool {
  return hasFlag(Flag.Anonymous) && isTokenKnown && !stream.credentials;
}

function missingToken(stream: Context): i32 {
  return stream.credentials ? Reason.invalid_token : Reason.no_token;
}

/** A piece of the body; `size` is what the host has buffered so far. */
export function onBody(stream: Context, size: u32, end: bool): i32 {
  const state = stream.state;
  if (state == State.Passed) return CONTINUE;
  if (state == State.Refusing && (size || end)) return rejectWithId(stream, stream.reason, size);
  if (state == State.Ending) return onEnding(stream, size, end);
  if (state != State.Reading) return STOP;
  stream.body = size;
  if (size > setting(Setting.MaxBody)) return rejectWithId(stream, Reason.body_too_large, size);
  return end ? onEnd(stream) : STOP;
}

/** A piece where there must be none: zero bytes before the end of the stream are no body, one is. */
function onEnding(stream: Context, size: u32, end: bool): i32 {
  if (size) return reject(stream, Reason.unexpected_body);
  if (!end) return STOP;
  return stream.config == configNumber() ? pass(stream, decisionOf(stream.reason)) : reject(stream, Reason.host_error);
}

export function onTrailers(stream: Context): i32 {
  const state = stream.state;
  if (state == State.Passed) return CONTINUE;
  if (state == State.Refusing) return reject(stream, stream.reason);
  if (state == State.Ending) return reject(stream, Reason.unexpected_body);
  return state == State.Reading ? onEnd(stream) : STOP;
}

function onEnd(stream: Context): i32 {
  // What was checked and saved under another configuration says nothing under this one. (Envoy has a context for each.)
  if (stream.config != configNumber()) return reject(stream, Reason.host_error);
  const token = openSaved(stream);
  const size = stream.body;
  if (!size) return reject(stream, Reason.empty_body);
  if (getBuffer(Buffer.RequestBody, size) != Status.Ok || valueLength() != size)
    return reject(stream, Reason.host_error);
  const decision = judge(value(), size, token);
  passShadowed(decision);
  if (isPass(decision.reason)) {
    if (decision.asksList && filtersLists()) expectList(stream);
    return pass(stream, decision);
  }
  if (decision.reason == Reason.no_token) decision.reason = missingToken(stream);
  endRepeats(decision, token);
  return reply(stream, decision);
}

/**
 * The headers of the answer. Where the request's headers are not held, a server may answer before the request was judged:
 * that answer is refused, whatever it is. What Envoy says itself goes on, such as that the upstream cannot be reached.
 */
export function onResponseHeaders(stream: Context, end: bool): i32 {
  const state = stream.state;
  // In Ending the request was judged, but for a body that must not come and would not be sent on.
  const isJudged = state == State.Passed || state == State.Answered || state == State.Ending;
  if (!isJudged && !isHostsOwn()) return reject(stream, Reason.early_answer);
  if (stream.answer) beginAnswer(changetype<AnswerState>(stream.answer), end);
  return CONTINUE;
}

/** Whether the answer is one that the host made, and not by its configuration (tests/envoy/early-answers.test.ts). */
function isHostsOwn(): bool {
  if (getProperty(bytesOf(CODE_DETAILS), sizeOf(CODE_DETAILS)) != Status.Ok) return false;
  const details = spanOf(value(), valueLength());
  return details != NO_SPAN && !spanIs(details, "via_upstream") && !spanIs(details, "direct_response");
}

/** The answer to a request that passes has a list. Without memory for what that needs, the request does not pass. */
function expectList(stream: Context): void {
  if (holdsHeaders()) refuseEncodings();
  stream.answer = newAnswer(Asked.List, requestId());
}

/** The one exit that lets a request through. If memory ran out, the decision cannot be trusted. */
function pass(stream: Context, decision: Decision): i32 {
  if (ranOut()) {
    decision.reason = Reason.host_error;
    return reply(stream, decision);
  }
  finishStream(stream, decision, State.Passed);
  return CONTINUE;
}

/** Refuses a request before its body is judged. */
function reject(stream: Context, reason: i32): i32 {
  return reply(stream, decisionOf(reason));
}

/** Refuses a request before its body is judged; of `size` bytes that have come, the first may have the id. */
function rejectWithId(stream: Context, reason: i32, size: u32): i32 {
  const decision = decisionOf(reason);
  const part = min(size, ID_WITHIN);
  if (part && getBuffer(Buffer.RequestBody, part) == Status.Ok) {
    decision.hasId = valueLength() == part && findId(value(), part);
  }
  return reply(stream, decision);
}

/** Refuses a request with a local reply. */
function reply(stream: Context, decision: Decision): i32 {
  refuse(decision);
  finishStream(stream, decision, State.Answered);
  return STOP;
}

/** What was saved for the decision is released with it, as a response may stream for hours. */
function finishStream(stream: Context, decision: Decision, state: State): void {
  tellDecision(decision.reason, decision.rule);
  count(decision.reason);
  countForPolicy(decision.reason);
  stream.state = state;
  const record = addWould(stream, decision, recordOf(decision));
  setRecord(record);
  if (state == State.Passed && stream.answer) keepRecord(changetype<AnswerState>(stream.answer), record);
  if (state != State.Passed || !stream.answer) closeStream(stream);
}

/** Replies with the metadata document, when that is asked for; before any token is looked for. */
function serveDocument(): bool {
  const paths = settingAt(Setting.DocumentPaths);
  const total = runCount(paths);
  const path = total ? requestPath() : NO_SPAN;
  if (!path) return false;
  for (let i: u32 = 0; i < total; i++) {
    if (isTextAt(textOf(paths, i), path)) return serveByMethod(findSingleHeader(KnownHeader.Method));
  }
  return false;
}

/** The path without its query. */
function requestPath(): Span {
  const path = findSingleHeader(KnownHeader.Path);
  const start = spanStart(path);
  let end = start;
  while (end < spanEnd(path) && load<u8>(end) != QUESTION_MARK) end++;
  return spanBetween(start, end);
}

function serveByMethod(method: Span): bool {
  const head = spanIs(method, "HEAD");
  const preflight = spanIs(method, "OPTIONS");
  return (head || preflight || spanIs(method, "GET")) && sendDocument(head, preflight);
}

function finishDocument(stream: Context): i32 {
  finishStream(stream, decisionOf(Reason.metadata_document), State.Answered);
  return STOP;
}

/** Saves what the decision and the answer need: after Continue the host no longer gives headers, and a token is read once. */
function saveForLater(stream: Context, token: Span): bool {
  const size = needsHeaders() ? headersSize() : 0;
  const saved = allocate(size + spanLength(token));
  if (!saved) return false;
  if (size) saveHeaders(saved);
  copyBytes(saved + <usize>size, spanStart(token), spanLength(token));
  stream.block = saved;
  stream.size = size;
  stream.token = token ? spanLength(token) : NONE;
  stream.config = configNumber();
  return true;
}

function needsHeaders(): bool {
  const session = arePresent(1 << KnownHeader.McpSession);
  const mirrors = (1 << KnownHeader.McpMethod) | (1 << KnownHeader.McpName) | (1 << KnownHeader.McpVersion);
  if (session && (setting(Setting.LoopLimit) || setting(Setting.Record) & RecordFlag.Session)) return true;
  return candidate() != 0 || arePresent(mirrors) || hasFlag(Flag.NeedsHeaders) || hasFlag(Flag.NeedsRequest);
}

/** The payload that was saved with a stream; NO_SPAN for a caller without one. */
export function savedToken(stream: Context): Span {
  return stream.token == NONE ? NO_SPAN : spanOf(stream.block + <usize>stream.size, stream.token);
}

/** Uses the headers that were saved, so that the body is not judged by those of another request; returns the payload. */
function openSaved(stream: Context): Span {
  const saved = stream.block;
  const size = stream.size;
  openHeaders(saved, size);
  return savedToken(stream);
}

/** Releases what was saved with a stream. */
export function closeStream(stream: Context): void {
  release(stream.block);
  stream.block = 0;
  dropAnswer(stream.answer);
  stream.answer = 0;
}
