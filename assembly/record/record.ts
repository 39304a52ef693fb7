// The record of a decision, which the access log prints: a google.protobuf.Struct, or one line of text. What it has is the
// policy's to say (`record`): never a token, no argument that is not named, and names only escaped and cut.
import { Kind, NONE, Reason, ReasonField, RecordFlag, Setting, Slot, isPass } from "../program.ts";
import { ScopeForm, putRule, putScopes } from "../answer/reply.ts";
import { reasonName } from "../answer/metrics.ts";
import { DIGEST_SIZE, programDigest } from "../config/config.ts";
import { Decision, decisionId, effectOf, effectWord } from "../decide/decision.ts";
import { slotEnd, envelopeStart } from "../json/slots.ts";
import { backendName, decidedKind, kind } from "../request/call.ts";
import { findHeader, KnownHeader } from "../request/headers.ts";
import { setProperty } from "../runtime/host.ts";
import { putText, reasonAt, setting, settingAt, textSpan } from "../sections.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { QUOTE, SEMICOLON } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanLength, spanOf, spanStart } from "../text/span.ts";
import { ValueTag, addConstant, addItem, addNumber, addText, closeEntry, openNamed } from "../text/struct.ts";
import { begin, finish, put, putByte, putHex64, putNumber, putVisible } from "../text/writer.ts";
import { tokenScope, tokenScopes } from "../token/named-scopes.ts";
import { addCaller } from "./caller.ts";
import { addFacts } from "./facts.ts";
import { addHash } from "./hash.ts";

/** The filter state that the record is, wasm.scopegate in access logs. */
export const STATE = "scopegate";
const ROOM: u32 = 16000; // bytes: lengths of two bytes do for any part of it
const MOST_NAME: u32 = 512; // bytes of what a call names
const MOST_WORD: u32 = 128; // of other texts that callers choose
const MOST_TEXT: u32 = 64; // of each in a line of text

let canDeclare: bool = true;

/** The host has no objects in filter state: the records are lines of text. */
export function giveUpObjects(): void {
  canDeclare = false;
}

/** The record of a decision; NO_SPAN when the policy wants none of it. */
export function recordOf(decision: Decision): Span {
  const flags = setting(Setting.Record);
  if (!(flags & (isPass(decision.reason) ? RecordFlag.Passes : RecordFlag.Refusals))) return NO_SPAN;
  begin(ROOM);
  if (flags & RecordFlag.Text || !canDeclare) putLine(decision, flags);
  else addFields(decision, flags);
  return finish();
}

/** Leaves a record for the access log. */
export function setRecord(record: Span): void {
  if (spanLength(record)) setProperty(bytesOf(STATE), sizeOf(STATE), spanStart(record), spanLength(record));
}

/** reason;rule index;rule name;method;target, and with `token` the subject. */
function putLine(decision: Decision, flags: u32): void {
  putText(reasonName(decision.reason));
  putByte(SEMICOLON);
  if (decision.rule == NONE) put("-;");
  else {
    putNumber(decision.rule);
    putByte(SEMICOLON);
    putRule(decision.rule);
  }
  putPart(decision.method);
  putPart(decision.target);
  if (flags & RecordFlag.Token) addCaller(true);
}

/** The beginning of a text, after a semicolon. */
function putPart(part: Span): void {
  putByte(SEMICOLON);
  putVisible(part, MOST_TEXT);
}

function addFields(decision: Decision, flags: u32): void {
  const reason = decision.reason;
  addOutcome(decision, "scopes.asked");
  if (!isPass(reason)) addNumber("status", load<u32>(reasonAt(reason), ReasonField.Status));
  addText("policy", textSpan(settingAt(Setting.PolicyName)), MOST_WORD);
  addText("digest", spanOf(programDigest(), DIGEST_SIZE), DIGEST_SIZE);
  const id = openNamed("id", ValueTag.String);
  putHex64(decisionId(decision));
  closeEntry(id);
  if (decision.isJudged) addMessage(decision);
  if (flags & RecordFlag.Token) addCaller(false);
  if (!decision.isCall) return;
  addText("backend", backendName, MOST_WORD);
  if (flags & RecordFlag.Scopes) addHeld();
  addText("when", decision.when, ROOM);
  addText("tests", decision.tests, ROOM);
  addFacts();
}

/** What the message asks for, by the names of OpenTelemetry's conventions for MCP. */
function addMessage(decision: Decision): void {
  addText("mcp.method.name", decision.method, MOST_WORD);
  const named = decidedKind ? decidedKind : kind;
  if (named == Kind.Tool) addText("gen_ai.tool.name", decision.target, MOST_NAME);
  else if (named == Kind.Prompt) addText("gen_ai.prompt.name", decision.target, MOST_NAME);
  else if (named == Kind.Resource || named == Kind.Subscription) {
    addText("mcp.resource.uri", decision.target, MOST_NAME);
  }
  if (decision.hasId) addText("jsonrpc.request.id", idOfMessage(), MOST_WORD);
  addText("mcp.protocol.version", findHeader(KnownHeader.McpVersion), MOST_WORD);
  const session = findHeader(KnownHeader.McpSession);
  if (setting(Setting.Record) & RecordFlag.Session && session) {
    addHash(spanOf(bytesOf(SESSION), sizeOf(SESSION)), session);
  }
}

const SESSION = "mcp.session.id";

/** The id as the caller wrote it, without its quotes; NO_SPAN without one. */
function idOfMessage(): Span {
  const at = envelopeStart(Slot.Id);
  if (!at) return NO_SPAN;
  const isText = load<u8>(at) == QUOTE;
  return isText ? spanBetween(at + 1, slotEnd(Slot.Id) - 1) : spanBetween(at, slotEnd(Slot.Id));
}

/** What was decided, and under `scopes` those of the challenge. */
export function addOutcome(decision: Decision, scopes: Ascii): void {
  const reason = decision.reason;
  addConstant("decision", effectWord(effectOf(reason)));
  addText("reason", textSpan(reasonName(reason)), MOST_WORD);
  if (decision.rule != NONE) {
    const rule = openNamed("rule", ValueTag.String);
    putRule(decision.rule);
    closeEntry(rule);
  }
  if (reason != Reason.insufficient_scope) return;
  const asked = openNamed(scopes, ValueTag.List);
  putScopes(decision, ScopeForm.Items);
  closeEntry(asked);
}

/** The scopes of the token, as they are written there. */
function addHeld(): void {
  const held = openNamed("scopes.held", ValueTag.List);
  for (let i: u32 = 0; i < tokenScopes(); i++) addItem(tokenScope(i));
  closeEntry(held);
}
