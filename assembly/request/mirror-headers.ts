// Headers that mirror the body (MCP 2026-07-28, streamable HTTP, "Server Validation"; SEP-2243). The body decides;
// the headers are compared with it, and only in revisions that have them.
import { Kind, NO_REASON, Reason, Slot } from "../program.ts";
import { findHeader, KnownHeader } from "./headers.ts";
import { decodeSlot } from "../json/decode.ts";
import { decodeBase64 } from "../text/base64.ts";
import { Form, form, kind, methodName, targetName } from "./call.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { SPACE } from "../text/chars.ts";
import {
  NO_SPAN,
  Span,
  sameSpan,
  spanBetween,
  spanEnd,
  spanEnds,
  spanIs,
  spanLength,
  spanOf,
  spanStart,
  spanStarts,
} from "../text/span.ts";
import { reserve } from "../runtime/memory.ts";
import { envelopeStart } from "../json/slots.ts";

const BATCHES = "2025-03-26"; // the one revision with batches
const MIRRORS = "2026-07-28"; // the first with mirror headers and without client responses
const OPTIONAL_IDS = "2025-11-25"; // the one with client responses whose id is optional
const REVISION_LENGTH: u32 = 10;
/** Every revision, the latest first. SDKs still offer the one from before the first release. */
const REVISIONS = "2026-07-282025-11-252025-06-182025-03-262024-11-052024-10-07";

/** Whether the request declares the revision that has batches. */
export function declaresBatches(): bool {
  return spanIs(findHeader(KnownHeader.McpVersion), BATCHES);
}

/** Whether a revision is one with mirror headers: not before MIRRORS in the order of dates. */
function hasMirrors(revision: Span): bool {
  if (spanLength(revision) != REVISION_LENGTH) return false;
  const at = spanStart(revision);
  const first = bytesOf(MIRRORS);
  for (let i: usize = 0; i < REVISION_LENGTH; i++) {
    const c = load<u8>(at + i);
    if (c != load<u8>(first + i)) return c > load<u8>(first + i);
  }
  return true;
}

/** How many revisions are known. */
export function knownRevisions(): u32 {
  return sizeOf(REVISIONS) / REVISION_LENGTH;
}

export function knownRevision(index: u32): Span {
  return spanOf(bytesOf(REVISIONS) + <usize>(index * REVISION_LENGTH), REVISION_LENGTH);
}

/** Whether the declared revision, if there is one, is known: SDKs choose their parser by it. */
export function isVersionKnown(): bool {
  const declared = findHeader(KnownHeader.McpVersion);
  if (!declared) return true;
  for (let i: u32 = 0; i < knownRevisions(); i++) {
    if (sameSpan(declared, knownRevision(i))) return true;
  }
  return false;
}

/** Whether a client's error response may lack an id: its schema has been optional since 2025-11-25, the last with them. */
export function mayOmitId(): bool {
  return spanIs(findHeader(KnownHeader.McpVersion), OPTIONAL_IDS);
}

/** Compares the mirror headers with the message in the slots; header_mismatch or NO_REASON. */
export function checkMirrors(): i32 {
  const declared = findHeader(KnownHeader.McpVersion);
  const inBody = decodeSlot(Slot.MetaVersion);
  if (inBody && declared && !sameSpan(declared, inBody)) return Reason.header_mismatch;
  if (!declared) return hasMirrors(inBody) ? Reason.header_mismatch : NO_REASON;
  if (!hasMirrors(declared)) return NO_REASON;
  // The revision leaves open how a notification is mirrored.
  const required = form == Form.Request;
  if (required && !inBody) return Reason.header_mismatch;
  const method = findHeader(KnownHeader.McpMethod);
  if (!method) return required ? Reason.header_mismatch : NO_REASON;
  return sameSpan(method, methodName) ? checkName(required) : Reason.header_mismatch;
}

function checkName(required: bool): i32 {
  const name = mirroredName();
  if (!name) return NO_REASON;
  const header = findHeader(KnownHeader.McpName);
  if (!header) return required ? Reason.header_mismatch : NO_REASON;
  return isNamed(header, name) ? NO_REASON : Reason.header_mismatch;
}

/** What Mcp-Name repeats; NO_SPAN when the call has nothing of the kind. */
function mirroredName(): Span {
  if (kind == Kind.Task) return decodeSlot(Slot.TaskId);
  return kind == Kind.Tool || kind == Kind.Prompt || kind == Kind.Resource ? targetName : NO_SPAN;
}

/** Whether a header is this name: trimmed, and decoded where it has the form =?base64?…?=. */
function isNamed(header: Span, name: Span): bool {
  const trimmed = trim(header);
  const length = spanLength(trimmed);
  const prefix: u32 = "=?base64?".length;
  const suffix: u32 = "?=".length;
  if (length < prefix + suffix || !spanStarts(trimmed, "=?base64?") || !spanEnds(trimmed, "?="))
    return sameSpan(trimmed, name);
  const room = reserve(length);
  const decoded = room ? decodeBase64(spanStart(trimmed) + prefix, length - prefix - suffix, room) : 0;
  return decoded != 0 && sameSpan(spanOf(room, decoded), name);
}

function trim(text: Span): Span {
  let at = spanStart(text);
  let end = spanEnd(text);
  while (at < end && load<u8>(at) == SPACE) at++;
  while (at < end && load<u8>(end - 1) == SPACE) end--;
  return spanBetween(at, end);
}

/** Client responses left MCP with the revision that brought mirror headers. */
export function mayRespond(): bool {
  return !hasMirrors(findHeader(KnownHeader.McpVersion)) && envelopeStart(Slot.MetaVersion) == 0;
}
