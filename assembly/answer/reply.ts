// Replies: a decision as status, headers and JSON-RPC error body. What does not depend on the request is ready in the
// program (scripts/compiler/program/answers.ts). The host checks no header value (CR LF splits a response), so every
// scope is bounded and cleaned here; nothing that a caller chose gets into a header.
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
  isDenial,
} from "../program.ts";
import { hasFlag, putText, reasonAt, sectionCount, setting, settingAt, textLength, textSpan } from "../sections.ts";
import {
  begin,
  finish,
  overflowed,
  position,
  put,
  putByte,
  putBytes,
  putHex64,
  putNumber,
  putVisible,
} from "../text/writer.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  EQUALS,
  MINUS,
  QUOTE,
  SPACE,
  TILDE,
  ZERO,
} from "../text/chars.ts";
import { addItem } from "../text/struct.ts";
import { NO_SPAN, Span, sameSpan, spanBetween, spanEnds, spanLength, spanStart } from "../text/span.ts";
import { findHeader, KnownHeader } from "../request/headers.ts";
import { knownRevision, knownRevisions } from "../request/mirror-headers.ts";
import { slotEnd, envelopeStart } from "../json/slots.ts";
import { scopeText } from "../token/made-scopes.ts";
import { tokenScope, tokenScopes } from "../token/named-scopes.ts";
import { Decision, decisionId, Need } from "../decide/decision.ts";
import { listedAt } from "../decide/listed.ts";
import { ruleAt } from "../decide/rules.ts";
import { reasonName } from "./metrics.ts";
import { sendResponse } from "../runtime/host.ts";

const MAX_HEADERS: u32 = MAX_CHALLENGE + 99; // with the other two headers
const MAX_ID: u32 = 256;
const MAX_VERSION: u32 = 64; // bytes of a revision that nobody knows
const MAX_GRANTED: i32 = 2048; // bytes of scopes that the token holds
const DETAILS = "scopegate{";

/** Refuses the request: the local reply of a decision. False when the host does not take it. */
export function refuse(decision: Decision): bool {
  const status = load<u32>(reasonAt(decision.reason), ReasonField.Status);
  return send(status, decision.reason, makeBody(decision), headersOf(decision));
}

/** Serves the metadata document (RFC 9728 section 3.2), or its preflight, to any origin. */
export function sendDocument(head: bool, preflight: bool): bool {
  const document = textSpan(settingAt(Setting.Document));
  const headers = textSpan(reasonAt(Reason.metadata_document) + ReasonField.Headers);
  return send(preflight ? 204 : 200, Reason.metadata_document, head || preflight ? NO_SPAN : document, headers);
}

/** Sends a local reply; the response code details, which the access log can print, name the reason. */
function send(status: u32, reason: i32, body: Span, headers: Span): bool {
  begin(64);
  put(DETAILS);
  putText(reasonName(reason));
  putByte(CLOSE_BRACE);
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

/** The header list of a decision, with the challenge if it has one that fits. */
function headersOf(decision: Decision): Span {
  const need = decision.reason == Reason.no_token ? decision.need : <u32>Need.Baseline;
  if (need == Need.Nothing) return textSpan(settingAt(Setting.Bare));
  const isDenied = decision.reason == Reason.insufficient_scope && setting(Setting.AfterScopes) != 0;
  if (isDenied || (need == Need.Scopes && !decision.isOpen)) {
    const challenge = isDenied
      ? makeChallenge(decision, Setting.Challenge, Setting.AfterScopes)
      : makeChallenge(decision, Setting.Asking, Setting.AfterAsked);
    if (!overflowed()) return challenge;
  }
  return textSpan(reasonAt(decision.reason) + ReasonField.Headers);
}

/** The header list with the challenge, which is the third header. */
function makeChallenge(decision: Decision, template: u32, afterScopes: u32): Span {
  const list = textSpan(settingAt(template));
  const after = setting(afterScopes);
  const place = spanLength(list) - after;
  begin(MAX_HEADERS);
  putBytes(spanStart(list), place);
  putScopes(decision, ScopeForm.Header);
  putBytes(spanStart(list) + <usize>place, after);
  const headers = finish();
  const at = spanStart(headers);
  if (at) store<u32>(at, load<u32>(at, THIRD_VALUE) + spanLength(headers) - spanLength(list), THIRD_VALUE);
  return headers;
}

/** How a list of scopes is written. */
export enum ScopeForm {
  Header = 0, // separated by spaces
  Json = 1, //   as strings, separated by commas
  Items = 2, //  of a list in protobuf
}

/** The scopes of the challenge. */
export function putScopes(decision: Decision, form: u32): void {
  const start = position();
  for (let i: u32 = 0; i < decision.scopeCount; i++) putScope(scopeText(listedAt(i)), form, start);
  if (hasFlag(Flag.IncludeGranted)) putGranted(decision, form, start);
}

/** Adds a scope to the list that began at `start`. */
function putScope(scope: Span, form: u32, start: usize): void {
  if (form == ScopeForm.Items) return addItem(scope);
  if (position() != start) putByte(form == ScopeForm.Json ? COMMA : SPACE);
  if (form == ScopeForm.Json) putByte(QUOTE);
  putBytes(spanStart(scope), spanLength(scope));
  if (form == ScopeForm.Json) putByte(QUOTE);
}

/** What the token holds, as far as a header may contain it, it is not named yet, and there is room. */
function putGranted(decision: Decision, form: u32, start: usize): void {
  let left: i32 = MAX_GRANTED;
  for (let i: u32 = 0; i < tokenScopes(); i++) {
    const scope = tokenScope(i);
    left -= spanLength(scope) + 1;
    if (left < 0) return;
    if (isScopeToken(scope) && !isRequired(decision, scope) && !isRepeated(i)) putScope(scope, form, start);
  }
}

/** Whether the token lists a scope before, perhaps in another claim. */
function isRepeated(index: u32): bool {
  for (let i: u32 = 0; i < index; i++) if (sameSpan(tokenScope(i), tokenScope(index))) return true;
  return false;
}

function isRequired(decision: Decision, scope: Span): bool {
  for (let i: u32 = 0; i < decision.scopeCount; i++) if (sameSpan(scopeText(listedAt(i)), scope)) return true;
  return false;
}

/** RFC 6749 appendix A.4: %x21 / %x23-5B / %x5D-7E. */
function isScopeToken(scope: Span): bool {
  const start = spanStart(scope);
  const end = start + <usize>spanLength(scope);
  for (let p = start; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c <= SPACE || c > TILDE || c == QUOTE || c == BACKSLASH) return false;
    // Clients search the whole header for `scope=` and the like: nothing that ends so may come from the token.
    if (c == EQUALS && endsAsParameter(spanBetween(start, p))) return false;
  }
  return start != end;
}

function endsAsParameter(part: Span): bool {
  return (
    spanEnds(part, "scope") ||
    spanEnds(part, "error") ||
    spanEnds(part, "error_description") ||
    spanEnds(part, "resource_metadata")
  );
}

/** One JSON-RPC error with the caller's id, so that clients can tell which call it answers; NO_SPAN when it does not fit. */
function makeBody(decision: Decision): Span {
  begin(MAX_CHALLENGE * 2 + 4096);
  put('{"jsonrpc":"2.0",');
  if (decision.hasId) putId();
  put('"error":{"code":');
  putText(reasonAt(decision.reason) + ReasonField.Error);
  put('","data":{"reason":"');
  putText(reasonName(decision.reason));
  putByte(QUOTE);
  if (isDenial(decision.reason)) putDenial(decision);
  if (decision.reason == Reason.unsupported_version) putVersions();
  put(',"decisionId":"');
  putHex64(decisionId(decision));
  put('"}}}');
  const body = finish();
  return overflowed() ? NO_SPAN : body;
}

/** The id as the caller wrote it. Without one the member is left out: MCP allows no null. */
function putId(): void {
  const id = envelopeStart(Slot.Id);
  const length = id ? <u32>(slotEnd(Slot.Id) - id) : 0;
  if (!length || length > MAX_ID || !isId(load<u8>(id))) return;
  put('"id":');
  putBytes(id, length);
  putByte(COMMA);
}

/** What a client chooses another revision by (MCP 2026-07-28, UnsupportedProtocolVersionError). */
function putVersions(): void {
  put(',"supported":[');
  for (let i: u32 = 0; i < knownRevisions(); i++) {
    if (i) putByte(COMMA);
    putByte(QUOTE);
    const revision = knownRevision(i);
    putBytes(spanStart(revision), spanLength(revision));
    putByte(QUOTE);
  }
  put('],"requested":"');
  putVisible(findHeader(KnownHeader.McpVersion), MAX_VERSION);
  putByte(QUOTE);
}

/** Whether a value that begins so is a string or a number. */
function isId(first: u32): bool {
  return first == QUOTE || first == MINUS || first - ZERO < 10;
}

function putDenial(decision: Decision): void {
  if (decision.rule != NONE) {
    put(',"rule":"');
    putRule(decision.rule);
    putByte(QUOTE);
  }
  if (decision.reason != Reason.insufficient_scope) return;
  put(',"scopes":[');
  putScopes(decision, ScopeForm.Json);
  putText(settingAt(Setting.ScopesEnd));
}

/** A rule's name, or rule[3] for the fourth when it has none. */
export function putRule(rule: u32): void {
  if (rule >= sectionCount(Section.Rules)) return;
  const name = ruleAt(rule) + RuleField.Name;
  if (textLength(name)) return putVisible(textSpan(name), textLength(name));
  put("rule[");
  putNumber(rule);
  putByte(CLOSE_BRACKET);
}
