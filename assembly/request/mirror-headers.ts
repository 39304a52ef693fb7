// Headers that mirror the body (MCP 2026-07-28, streamable HTTP, "Server Validation"; SEP-2243). The body decides;
// the headers are compared with it, and only in revisions that have them.
import { Kind, Reason, Slot } from "../program.ts";
import { countKnown, foundAt, foundLength, Known } from "./headers.ts";
import { decodeSlot } from "../json/decode.ts";
import { spanLength, spanStart } from "../text/span.ts";
import { decodeBase64 } from "../text/base64.ts";
import { Form, form, kind, methodAt, methodLength, nameAt, nameLength } from "./call.ts";
import { bytesOf, isText, sameBytes, startsText } from "../text/ascii.ts";
import { reserve } from "../runtime/memory.ts";
import { envelopeStart } from "../json/slots.ts";

const BATCHES = "2025-03-26"; //      the one revision with batches
const MIRRORS = "2026-07-28"; //      the first with mirror headers and without client responses
const OK: i32 = -1;

/** Whether the request declares the revision that has batches. */
export function declaresBatches(): bool {
  return countKnown(Known.McpVersion) != 0 && isText(foundAt(), foundLength(), BATCHES);
}

/** Whether the declared revision is one with mirror headers. */
export function declaresMirrors(): bool {
  return countKnown(Known.McpVersion) != 0 && isModern(foundAt(), foundLength());
}

function isModern(at: usize, length: u32): bool {
  if (length != 10) return false;
  const first = bytesOf(MIRRORS);
  for (let i: usize = 0; i < 10; i++) {
    const c = load<u8>(at + i);
    if (c != load<u8>(first + i)) return c > load<u8>(first + i);
  }
  return true;
}

/** A revision is a date; anything else is refused, as SDKs choose their parser by it. */
export function checkVersion(): i32 {
  if (!countKnown(Known.McpVersion)) return OK;
  if (foundLength() != 10) return Reason.unsupported_version;
  // Less "0000-00-00", digits are at most 9 and dashes 0: one more than that, and a byte has its highest bit.
  const first = load<u64>(foundAt()) ^ 0x2d30302d30303030;
  const last = (<u32>load<u16>(foundAt(), 8)) ^ 0x3030;
  const beyond = (first + 0x7f76767f76767676) | first | (<u64>((last + 0x7676) | last));
  return beyond & 0x8080808080808080 ? Reason.unsupported_version : OK;
}

/** Compares the mirror headers with the message in the slots; -1 or header_mismatch. */
export function checkMirrors(): i32 {
  const declared = countKnown(Known.McpVersion) != 0;
  const versionAt = foundAt();
  const versionLength = foundLength();
  const version = decodeSlot(Slot.MetaVersion);
  const body = spanStart(version);
  const bodyLength = spanLength(version);
  if (body && declared && !same(versionAt, versionLength, body, bodyLength)) return Reason.header_mismatch;
  if (!declared) return body && isModern(body, bodyLength) ? Reason.header_mismatch : OK;
  if (!isModern(versionAt, versionLength)) return OK;
  // How a notification is mirrored is left open by the revision.
  if (form == Form.Request && !body) return Reason.header_mismatch;
  const methods = countKnown(Known.McpMethod);
  if (!methods) return form == Form.Request ? Reason.header_mismatch : OK;
  if (!same(foundAt(), foundLength(), methodAt, methodLength)) return Reason.header_mismatch;
  return checkName();
}

function checkName(): i32 {
  let name = nameAt;
  let length = nameLength;
  if (kind == Kind.Task) {
    const task = decodeSlot(Slot.TaskId);
    name = spanStart(task);
    length = spanLength(task);
  } else if (kind != Kind.Tool && kind != Kind.Prompt && kind != Kind.Resource) return OK;
  if (!name) return OK;
  if (!countKnown(Known.McpName)) return form == Form.Request ? Reason.header_mismatch : OK;
  return isNamed(name, length) ? OK : Reason.header_mismatch;
}

/** Whether the header found last is this name: trimmed, and decoded where it has the form =?base64?…?=. */
function isNamed(name: usize, length: u32): bool {
  let at = foundAt();
  let end = at + <usize>foundLength();
  while (at < end && load<u8>(at) == 0x20) at++;
  while (at < end && load<u8>(end - 1) == 0x20) end--;
  const size = <u32>(end - at);
  if (size < 11 || !startsText(at, size, "=?base64?") || load<u16>(end - 2) != 0x3d3f)
    return same(at, size, name, length);
  const room = reserve(size);
  const decoded = room ? decodeBase64(at + 9, size - 11, room) : 0;
  return decoded != 0 && same(room, decoded, name, length);
}

function same(a: usize, aLength: u32, b: usize, bLength: u32): bool {
  return aLength == bLength && sameBytes(a, b, aLength);
}

/** Client responses left MCP with the revision that brought mirror headers. */
export function mayRespond(): bool {
  return !declaresMirrors() && envelopeStart(Slot.MetaVersion) == 0;
}
