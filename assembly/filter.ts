// One request: headers → body → trailers → decided. It starts as denied, and `pass` is the one exit that turns it.
// Everything is judged at the end of the stream, wherever that comes: in the headers, the body or the trailers
// (HTTP/2 trailers, tests/envoy/calls.test.ts: a body callback with the end of the stream then never comes).
import { Action, Flag, NONE, Reason, Setting } from "./program.ts";
import { hasFlag, isTextAt, setting, settingAt, textOf, putText } from "./sections.ts";
import { allocate, ranOut, release } from "./runtime/memory.ts";
import { configNumber, hasQuietPasses, holdsHeaders } from "./config/config.ts";
import { ContextField, State } from "./runtime/contexts.ts";
import { Buffer, getBuffer, setProperty, Status, value, valueLength } from "./runtime/host.ts";
import {
  areThere,
  countKnown,
  foundAt,
  foundLength,
  headersSize,
  keepHeaders,
  Known,
  openHeaders,
  readHeaders,
} from "./request/headers.ts";
import { checkContent, checkHeaders } from "./request/header-checks.ts";
import { findToken, openToken, tokenAt, tokenLength } from "./token/claims.ts";
import { bytesOf, copyBytes, isText, sizeOf } from "./text/ascii.ts";
import { checkVersion } from "./request/mirror-headers.ts";
import { isPass, judge, judgedRule, judgedWithId, openJudge } from "./judge.ts";
import { count, reasonName } from "./answer/metrics.ts";
import { putRule, refuse, sendDocument } from "./answer/reply.ts";
import { begin, finish, put, putByte, putJson, putNumber } from "./text/writer.ts";
import { spanLength, spanStart } from "./text/span.ts";
import { methodAt, methodLength, nameAt, nameLength } from "./request/call.ts";
import { endRepeats } from "./answer/repeats.ts";

export const CONTINUE: i32 = 0;
export const STOP: i32 = 1; // for a body: stop and buffer
const STATE = "scopegate";

/** The request headers: answers what they already decide, otherwise waits for the body. */
export function onHeaders(stream: usize, end: bool): i32 {
  openJudge();
  if (!readHeaders()) return answer(stream, Reason.host_error);
  if (serveDocument()) {
    tell(Reason.metadata_document);
    return answered(stream, Reason.metadata_document);
  }
  store<u32>(stream, areThere(1 << Known.Authorization) ? 1 : 0, ContextField.Credentials);
  const refused = checkHeaders();
  if (refused >= 0) return answer(stream, refused);
  if (countKnown(Known.Method) != 1) return answer(stream, Reason.host_error);
  if (!isText(foundAt(), foundLength(), "POST")) return onBodyless(stream, end);
  const content = checkContent();
  if (content >= 0) return answer(stream, content);
  const version = checkVersion();
  if (version >= 0) return answer(stream, version);
  if (end) return answer(stream, Reason.empty_body);
  if (!findToken()) return answer(stream, missingToken(stream));
  if (!keep(stream)) return answer(stream, Reason.host_error);
  store<u32>(stream, configNumber(), ContextField.Config);
  store<u32>(stream, State.Reading, ContextField.State);
  return holdsHeaders() ? STOP : CONTINUE;
}

/** GET, DELETE and OPTIONS as the policy says; everything else is not MCP. */
function onBodyless(stream: usize, end: bool): i32 {
  const at = foundAt();
  const length = foundLength();
  const get = isText(at, length, "GET");
  const remove = isText(at, length, "DELETE");
  const preflight = isText(at, length, "OPTIONS");
  const action = get
    ? setting(Setting.StreamAction)
    : remove
      ? setting(Setting.SessionAction)
      : preflight
        ? setting(Setting.PreflightAction)
        : Action.Deny;
  if (action != Action.Allow) return answer(stream, Reason.method_not_allowed);
  if (!end) return answer(stream, Reason.unexpected_body);
  if (preflight) return pass(stream, Reason.preflight);
  if (!findToken()) return answer(stream, missingToken(stream));
  return pass(stream, get ? Reason.stream : Reason.session_end);
}

function missingToken(stream: usize): i32 {
  return load<u32>(stream, ContextField.Credentials) ? Reason.invalid_token : Reason.no_token;
}

/** A piece of the body; `size` is what the host has buffered so far. */
export function onBody(stream: usize, size: u32, end: bool): i32 {
  const state = load<u32>(stream, ContextField.State);
  if (state == State.Passed) return CONTINUE;
  if (state != State.Reading) return STOP;
  store<u32>(stream, size, ContextField.Body);
  if (size > setting(Setting.MaxBody)) {
    openJudge();
    return answer(stream, Reason.body_too_large);
  }
  return end ? onEnd(stream) : STOP;
}

export function onTrailers(stream: usize): i32 {
  const state = load<u32>(stream, ContextField.State);
  if (state == State.Passed) return CONTINUE;
  return state == State.Reading ? onEnd(stream) : STOP;
}

function onEnd(stream: usize): i32 {
  openJudge();
  // What was checked and kept under another configuration says nothing under this one. (Envoy has a context for each.)
  if (load<u32>(stream, ContextField.Config) != configNumber()) return answer(stream, Reason.host_error);
  openKept(stream);
  const size = load<u32>(stream, ContextField.Body);
  if (!size) return answer(stream, Reason.empty_body);
  if (getBuffer(Buffer.RequestBody, size) != Status.Ok || valueLength() != size)
    return answer(stream, Reason.host_error);
  const reason = judge(value(), size);
  if (reason == Reason.no_token) return answer(stream, missingToken(stream));
  return isPass(reason) ? pass(stream, reason) : answer(stream, endRepeats(reason));
}

/** The one exit that lets a request through. What was judged without the memory for it may have missed something. */
function pass(stream: usize, reason: i32): i32 {
  if (ranOut()) return answer(stream, Reason.host_error);
  if (!hasQuietPasses()) tell(reason);
  settle(stream, reason, State.Passed);
  return CONTINUE;
}

function answer(stream: usize, reason: i32): i32 {
  tell(reason);
  refuse(reason, judgedRule(), judgedWithId());
  return answered(stream, reason);
}

function answered(stream: usize, reason: i32): i32 {
  settle(stream, reason, State.Answered);
  return STOP;
}

/** What was kept for the decision is given back with it, as an answer may stream for hours. */
function settle(stream: usize, reason: i32, state: u32): void {
  count(reason);
  store<u32>(stream, state, ContextField.State);
  closeStream(stream);
}

/** Leaves what was decided for the access log: reason;rule index;rule name;method;what it names. */
function tell(reason: i32): void {
  begin(1024);
  putText(reasonName(reason));
  putByte(0x3b);
  const rule = judgedRule();
  if (rule == NONE) put("-;");
  else {
    putNumber(rule);
    putByte(0x3b);
    putRule(rule);
  }
  putPart(methodAt, methodLength);
  putPart(nameAt, nameLength);
  const state = finish();
  if (state) setProperty(bytesOf(STATE), sizeOf(STATE), spanStart(state), spanLength(state));
}

/** The beginning of a text, behind a semicolon. */
function putPart(from: usize, length: u32): void {
  putByte(0x3b);
  putJson(from, min(length, 64));
}

/** Answers for the metadata document before any token is asked for. */
function serveDocument(): bool {
  const paths = settingAt(Setting.DocumentPaths);
  const total = load<u32>(paths, 4);
  if (!total || countKnown(Known.Path) != 1) return false;
  const at = foundAt();
  const whole = foundLength();
  let length: u32 = 0;
  while (length < whole && load<u8>(at + <usize>length) != 0x3f) length++;
  for (let i: u32 = 0; i < total; i++) {
    if (isTextAt(textOf(paths, i), at, length)) return sendByMethod();
  }
  return false;
}

function sendByMethod(): bool {
  if (countKnown(Known.Method) != 1) return false;
  const at = foundAt();
  const length = foundLength();
  const head = isText(at, length, "HEAD");
  const preflight = isText(at, length, "OPTIONS");
  if (!head && !preflight && !isText(at, length, "GET")) return false;
  return sendDocument(head, preflight);
}

/** Keeps what the decision needs: after Continue the host does not give headers any more, and a token is read once. */
function keep(stream: usize): bool {
  const size = needsHeaders() ? headersSize() : 0;
  const kept = allocate(size + tokenLength);
  if (!kept) return false;
  if (size) keepHeaders(kept);
  copyBytes(kept + <usize>size, tokenAt, tokenLength);
  store<u32>(stream, <u32>kept, ContextField.Block);
  store<u32>(stream, size, ContextField.Size);
  store<u32>(stream, tokenLength, ContextField.Token);
  return true;
}

function needsHeaders(): bool {
  const mirrors = (1 << Known.McpMethod) | (1 << Known.McpName) | (1 << Known.McpVersion);
  return areThere(mirrors) || hasFlag(Flag.NeedsHeaders) || hasFlag(Flag.NeedsRequest);
}

function openKept(stream: usize): void {
  const kept = <usize>load<u32>(stream, ContextField.Block);
  const size = load<u32>(stream, ContextField.Size);
  openHeaders(kept, size);
  openToken(kept + <usize>size, load<u32>(stream, ContextField.Token));
}

/** Gives back what a stream keeps. */
export function closeStream(stream: usize): void {
  release(<usize>load<u32>(stream, ContextField.Block));
  store<u32>(stream, 0, ContextField.Block);
}
