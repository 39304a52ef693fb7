// Answers: decision → status, headers, JSON-RPC error body. What does not depend on the request, the program has ready
// (scripts/compiler/program/answers.ts). The host checks no header value (CR LF splits a response), so every scope is bounded and
// cleaned here; nothing a caller chose stands in a header.
import {
  Flag,
  MAX_CHALLENGE,
  NONE,
  Reason,
  ReasonField,
  RuleField,
  Section,
  Setting,
  Slot,
  THIRD_VALUE,
} from "../program.ts";
import {
  hasFlag,
  isTextAt,
  reasonAt,
  sectionCount,
  setting,
  settingAt,
  text,
  textLength,
  putText,
} from "../sections.ts";
import {
  begin,
  finish,
  overflowed,
  position,
  put,
  putByte,
  putBytes,
  putHex64,
  putJson,
  putNumber,
} from "../text/writer.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";
import { slotEnd, envelopeStart } from "../json/slots.ts";
import { scopeName, tokenScope, tokenScopeLength, tokenScopes } from "../token/scopes.ts";
import { scopeCount, scopeIds } from "../decide/candidates.ts";
import { challengeExtra, challengeExtras, challengeRule } from "../decide/challenge.ts";
import { ruleAt } from "../decide/rules.ts";
import { reasonName } from "./metrics.ts";
import { endsText } from "../text/ascii.ts";
import { answerTime } from "./repeats.ts";
import { sendResponse } from "../runtime/host.ts";

const MAX_HEADERS: u32 = MAX_CHALLENGE + 99; // with the other two headers
const MAX_ID: u32 = 256;
const MAX_GRANTED: i32 = 2048; // bytes of scopes that the token holds
const DETAILS = "scopegate{";

let decisions: u64 = 0;

/** HTTP status of a reason. */
function statusOf(reason: i32): u32 {
  return load<u32>(reasonAt(reason), ReasonField.Status);
}

function isDenial(reason: i32): bool {
  return reason >= Reason.insufficient_scope && reason <= Reason.challenge_loop;
}

/** Answers the request with a refusal. False when the host would not take it. */
export function refuse(reason: i32, rule: u32, withId: bool): bool {
  return send(statusOf(reason), reason, makeBody(reason, rule, withId));
}

/** Sends the answer of a reason, with a body. */
function send(status: u32, reason: i32, body: Span): bool {
  const list = reasonAt(reason) + ReasonField.Headers;
  let headers = spanOf(text(list), textLength(list));
  if (reason == Reason.insufficient_scope && setting(Setting.BehindScopes)) {
    const challenging = putChallenge();
    if (!overflowed()) headers = challenging;
  }
  begin(64);
  put(DETAILS);
  putText(reasonName(reason));
  putByte(0x7d);
  const details = finish();
  if (!details) return sendResponse(500, 0, 0, 0, 0, 0, 0) == 0;
  return (
    sendResponse(
      status,
      spanStart(details),
      spanLength(details),
      spanStart(body),
      spanLength(body),
      spanStart(headers),
      spanLength(headers),
    ) == 0
  );
}

/** The header list with the challenge, which is the third header. */
function putChallenge(): Span {
  const list = settingAt(Setting.Challenge);
  const behind = setting(Setting.BehindScopes);
  const place = textLength(list) - behind;
  begin(MAX_HEADERS);
  putBytes(text(list), place);
  putScopes(false);
  putBytes(text(list) + <usize>place, behind);
  const headers = finish();
  const at = spanStart(headers);
  if (at) store<u32>(at, load<u32>(at, THIRD_VALUE) + spanLength(headers) - textLength(list), THIRD_VALUE);
  return headers;
}

let asJson: bool = false; // how the list of scopes is written
let listStart: usize = 0; // and where it begins

/** The scopes of the challenge, between blanks or as JSON strings. */
function putScopes(json: bool): void {
  asJson = json;
  listStart = position();
  const rule = challengeRule();
  for (let i: u32 = 0; i < scopeCount(rule); i++) putScope(requiredScope(rule, i));
  for (let i: u32 = 0; i < challengeExtras(); i++) {
    const extra = scopeName(challengeExtra(i));
    if (!isRequired(rule, text(extra), textLength(extra))) putScope(extra);
  }
  if (hasFlag(Flag.IncludeGranted)) putGranted(rule);
}

/** The (offset, length) pair of a scope that a rule requires. */
function requiredScope(rule: u32, index: u32): usize {
  return scopeName(load<u32>(scopeIds(rule) + ((<usize>index) << 2)));
}

function putScope(pair: usize): void {
  putListed(text(pair), textLength(pair));
}

function putListed(at: usize, length: u32): void {
  if (position() != listStart) putByte(asJson ? 0x2c : 0x20);
  if (asJson) putByte(0x22);
  putBytes(at, length);
  if (asJson) putByte(0x22);
}

/** What the token holds, as far as it may stand in a header and is not named yet, and has room there. */
function putGranted(rule: u32): void {
  let left: i32 = MAX_GRANTED;
  for (let i: u32 = 0; i < tokenScopes(); i++) {
    const at = tokenScope(i);
    const length = tokenScopeLength(i);
    left -= length + 1;
    if (left < 0) return;
    if (isScopeToken(at, length) && !isRequired(rule, at, length)) putListed(at, length);
  }
}

function isRequired(rule: u32, at: usize, length: u32): bool {
  for (let i: u32 = 0; i < scopeCount(rule); i++) {
    if (isTextAt(requiredScope(rule, i), at, length)) return true;
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
function makeBody(reason: i32, rule: u32, withId: bool): Span {
  begin(MAX_CHALLENGE * 2 + 4096);
  put('{"jsonrpc":"2.0","id":');
  putId(withId);
  put(',"error":{"code":');
  putText(reasonAt(reason) + ReasonField.Error);
  put('","data":{"reason":"');
  putText(reasonName(reason));
  putByte(0x22);
  if (isDenial(reason)) putDenial(reason, rule);
  put(',"decisionId":"');
  putHex64(decisionId());
  put('"}}}');
  const body = finish();
  return overflowed() ? NO_SPAN : body;
}

function putId(withId: bool): void {
  const id = withId ? envelopeStart(Slot.Id) : 0;
  const length = id ? <u32>(slotEnd(Slot.Id) - id) : 0;
  if (id && length && length <= MAX_ID && (load<u8>(id) == 0x22 || load<u8>(id) == 0x2d || load<u8>(id) - 0x30 < 10)) {
    putBytes(id, length);
  } else put("null");
}

function putDenial(reason: i32, rule: u32): void {
  if (rule != NONE) {
    put(',"rule":"');
    putRule(rule);
    putByte(0x22);
  }
  if (reason != Reason.insufficient_scope) return;
  put(',"scopes":[');
  putScopes(true);
  putText(settingAt(Setting.ScopesEnd));
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
  const empty = head || preflight;
  const status: u32 = preflight ? 204 : 200;
  return send(status, Reason.metadata_document, spanOf(text(document), empty ? 0 : textLength(document)));
}
