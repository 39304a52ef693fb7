// Answers: decision → status, headers, JSON-RPC error body. The host checks no header value (CR LF splits a
// response), so every value is bounded and cleaned here; nothing a caller chose stands in a header.
//
// WWW-Authenticate (RFC 6750 section 3, RFC 9728 section 5.1): every value quoted, none empty, and because two SDKs
// take the first `scope=` they find, nothing free-form stands before it.
import { Flag, NONE, Reason, RuleField, Section, Setting, Slot } from "./program.ts";
import { hasFlag, isTextAt, sectionCount, settingAt, text, textLength, textOf } from "./sections.ts";
import {
  begin,
  finish,
  overflowed,
  put,
  putByte,
  putBytes,
  putHex64,
  putJson,
  putNumber,
  putSpace,
  putText,
  putWord,
  written,
} from "./writer.ts";
import { slotEnd, envelopeStart } from "./slots.ts";
import { scopeName, tokenScope, tokenScopeLength, tokenScopes } from "./scopes.ts";
import { scopeCount, scopeIds } from "./challenge.ts";
import { challengeExtra, challengeExtras, challengeRule } from "./solve.ts";
import { ruleAt } from "./decide.ts";
import { judgedRule } from "./judge.ts";
import { reasonName } from "./metrics.ts";
import { bytesOf, endsText, sizeOf } from "./ascii.ts";
import { answerTime } from "./repeats.ts";
import { sendResponse } from "./host.ts";

const MAX_CHALLENGE: u32 = 6144;
const MAX_ID: u32 = 256;
const DETAILS = "scopegate{";

let decisions: u64 = 0;

/** HTTP status of a reason (semantics: "The answers"). */
export function statusOf(reason: i32): u32 {
  if (reason == Reason.no_token || reason == Reason.invalid_token) return 401;
  if (isDenial(reason)) return 403;
  if (reason == Reason.method_not_allowed) return 405;
  if (reason == Reason.body_too_large) return 413;
  if (reason == Reason.content_type || reason == Reason.content_encoding) return 415;
  if (reason == Reason.host_error) return 500;
  return 400;
}

export function isDenial(reason: i32): bool {
  return reason >= Reason.insufficient_scope && reason <= Reason.challenge_loop;
}

/** JSON-RPC error code of a reason. */
function codeOf(reason: i32): i32 {
  if (reason == Reason.header_mismatch) return -32020;
  if (reason == Reason.invalid_params) return -32602;
  if (reason >= Reason.not_json && reason <= Reason.number_range) return -32700;
  const status = statusOf(reason);
  return status == 401 || status == 403 || status == 500 ? <i32>status : -32600;
}

/** Answers the request with a refusal. False when the host would not take it. */
export function refuse(reason: i32, withId: bool): bool {
  const inBand = isDenial(reason) && hasFlag(Flag.InBand) && withId;
  const status = inBand ? 200 : statusOf(reason);
  const challenge: usize = inBand ? 0 : makeChallenge(reason);
  const challengeLength: u32 = challenge ? written() : 0;
  const body = makeBody(reason, withId);
  const bodyLength = written();
  const notAllowed = reason == Reason.method_not_allowed;
  beginHeaders(challenge || notAllowed ? 3 : 2);
  addHeader("content-type", "application/json");
  addHeader("cache-control", "no-store");
  if (challenge) addHeaderBytes("www-authenticate", challenge, challengeLength);
  else if (notAllowed) addHeader("allow", "POST");
  return send(status, reason, body, bodyLength);
}

let sizes: usize = 0; // where the sizes of the next header go: all of them stand before the names and values

function beginHeaders(total: u32): void {
  begin(MAX_CHALLENGE + 256);
  putWord(total);
  sizes = putSpace(total << 3);
}

function addHeader(name: string, constant: string): void {
  addHeaderBytes(name, bytesOf(constant), sizeOf(constant));
}

function addHeaderBytes(name: string, value: usize, length: u32): void {
  if (overflowed()) return;
  store<u32>(sizes, sizeOf(name));
  store<u32>(sizes, length, 4);
  sizes += 8;
  put(name);
  putByte(0);
  putBytes(value, length);
  putByte(0);
}

/** Sends what was just written as headers, with a body. */
function send(status: u32, reason: i32, body: usize, bodyLength: u32): bool {
  const headers = finish();
  const headersLength = written();
  const spoiled = overflowed();
  begin(64);
  put(DETAILS);
  putText(reasonName(reason));
  putByte(0x7d);
  const details = finish();
  if (!headers || spoiled || !details) return sendResponse(500, 0, 0, 0, 0, 0, 0) == 0;
  return sendResponse(status, details, written(), body, body ? bodyLength : 0, headers, headersLength) == 0;
}

/** The value of WWW-Authenticate; 0 for none. */
function makeChallenge(reason: i32): usize {
  const denied = reason == Reason.insufficient_scope;
  if (!denied && statusOf(reason) != 401) return 0;
  begin(MAX_CHALLENGE);
  put("Bearer ");
  if (denied) putDenied();
  else putUnauthenticated(reason);
  const at = finish();
  return overflowed() ? 0 : at;
}

function putDenied(): void {
  put('error="insufficient_scope", scope="');
  putScopes(false);
  putByte(0x22);
  putParameter(", ", 'resource_metadata="', Setting.ResourceMetadata);
  put(', error_description="This call needs more scopes than the token has"');
}

/** RFC 6750 section 3.1: no error code where no credentials came. */
function putUnauthenticated(reason: i32): void {
  let separator = "";
  if (reason == Reason.invalid_token) {
    put('error="invalid_token"');
    separator = ", ";
  }
  if (putParameter(separator, 'resource_metadata="', Setting.ResourceMetadata)) separator = ", ";
  if (putParameter(separator, 'scope="', Setting.BaselineScopes)) separator = ", ";
  if (!separator.length) put('realm="mcp"');
}

/** Puts a setting between quotes, `before` with the first of them; false when the policy does not have it. */
function putParameter(separator: string, before: string, index: u32): bool {
  const pair = settingAt(index);
  if (load<u32>(pair) == NONE) return false;
  put(separator);
  put(before);
  putText(pair);
  putByte(0x22);
  return true;
}

/** The scopes of the challenge, between blanks or as JSON strings. */
function putScopes(json: bool): void {
  const rule = challengeRule();
  let first = true;
  const total: u32 = rule == NONE ? 0 : scopeCount(rule);
  for (let i: u32 = 0; i < total; i++) {
    putScope(scopeName(load<u32>(scopeIds(rule) + ((<usize>i) << 2))), first, json);
    first = false;
  }
  for (let i: u32 = 0; i < challengeExtras(); i++) {
    const extra = challengeExtra(i);
    if (rule != NONE && isRequired(rule, extra)) continue;
    putScope(scopeName(extra), first, json);
    first = false;
  }
  if (hasFlag(Flag.IncludeGranted)) putGranted(rule, first, json);
}

function putScope(pair: usize, first: bool, json: bool): void {
  putSeparated(text(pair), textLength(pair), first, json);
}

function putSeparated(at: usize, length: u32, first: bool, json: bool): void {
  if (!first) putByte(json ? 0x2c : 0x20);
  if (json) putByte(0x22);
  putBytes(at, length);
  if (json) putByte(0x22);
}

function isRequired(rule: u32, scope: u32): bool {
  for (let i: u32 = 0; i < scopeCount(rule); i++) {
    if (load<u32>(scopeIds(rule) + ((<usize>i) << 2)) == scope) return true;
  }
  return false;
}

/** What the token holds, as far as it may stand in a header and is not named yet. */
function putGranted(rule: u32, none: bool, json: bool): void {
  let first = none;
  for (let i: u32 = 0; i < tokenScopes(); i++) {
    const at = tokenScope(i);
    const length = tokenScopeLength(i);
    if (!isScopeToken(at, length) || (rule != NONE && isNamed(rule, at, length))) continue;
    putSeparated(at, length, first, json);
    first = false;
  }
}

function isNamed(rule: u32, at: usize, length: u32): bool {
  for (let i: u32 = 0; i < scopeCount(rule); i++) {
    if (isTextAt(scopeName(load<u32>(scopeIds(rule) + ((<usize>i) << 2))), at, length)) return true;
  }
  return false;
}

/** RFC 6749 appendix A.4: %x21 / %x23-5B / %x5D-7E. */
function isScopeToken(at: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c < 0x21 || c > 0x7e || c == 0x22 || c == 0x5c) return false;
    // Clients search the whole header for `scope=` and the like: nothing that ends so may come from the token.
    if (c == 0x3d && endsAsParameter(at, i)) return false;
  }
  return length != 0;
}

function endsAsParameter(at: usize, length: u32): bool {
  return (
    endsText(at, length, "scope") ||
    endsText(at, length, "error") ||
    endsText(at, length, "error_description") ||
    endsText(at, length, "resource_metadata")
  );
}

/** One JSON-RPC error with the caller's id, so that clients can tell which call it answers. */
function makeBody(reason: i32, withId: bool): usize {
  begin(MAX_CHALLENGE * 2 + 4096);
  put('{"jsonrpc":"2.0","id":');
  putId(withId);
  put(',"error":{"code":');
  const code = codeOf(reason);
  if (code < 0) putByte(0x2d);
  putNumber(<u32>abs(code));
  put(',"message":"');
  const message = textOf(settingAt(Setting.ReasonMessages), reason);
  putJson(text(message), textLength(message));
  put('","data":{"reason":"');
  putText(reasonName(reason));
  putByte(0x22);
  if (isDenial(reason)) putDenial(reason);
  put(',"decisionId":"');
  putHex64(decisionId());
  put('"}}}');
  const at = finish();
  return overflowed() ? 0 : at;
}

function putId(withId: bool): void {
  const id = withId ? envelopeStart(Slot.Id) : 0;
  const length = id ? <u32>(slotEnd(Slot.Id) - id) : 0;
  if (id && length && length <= MAX_ID && (load<u8>(id) == 0x22 || load<u8>(id) == 0x2d || load<u8>(id) - 0x30 < 10)) {
    putBytes(id, length);
  } else put("null");
}

function putDenial(reason: i32): void {
  const rule = judgedRule();
  if (rule != NONE) {
    put(',"rule":"');
    putRule(rule);
    putByte(0x22);
  }
  if (reason != Reason.insufficient_scope) return;
  put(',"scopes":[');
  putScopes(true);
  putByte(0x5d);
  putParameter(",", '"resourceMetadata":"', Setting.ResourceMetadata);
}

/** A rule's name, or rule[3] for the fourth when it has none. */
export function putRule(rule: u32): void {
  if (rule >= sectionCount(Section.Rules)) return;
  const name = ruleAt(rule) + RuleField.Name;
  if (textLength(name)) return putJson(text(name), textLength(name));
  put("rule[");
  putNumber(rule);
  putByte(0x5d);
}

function decisionId(): u64 {
  const seed = (answerTime() + ++decisions) * 0x9e3779b97f4a7c15;
  return (seed ^ (seed >> 29)) * 0xbf58476d1ce4e5b9;
}

/** Serves the metadata document (RFC 9728 section 3.2), or its preflight, to any origin. */
export function sendDocument(head: bool, preflight: bool): bool {
  const document = settingAt(Setting.Document);
  beginHeaders(5);
  addHeader("content-type", "application/json");
  addHeader("cache-control", "public, max-age=3600");
  addHeader("access-control-allow-origin", "*");
  addHeader("access-control-allow-methods", "GET, HEAD, OPTIONS");
  addHeader("access-control-allow-headers", "*");
  const empty = head || preflight;
  return send(preflight ? 204 : 200, Reason.metadata_document, empty ? 0 : text(document), textLength(document));
}
