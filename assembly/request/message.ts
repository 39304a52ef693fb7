// One JSON-RPC message: checks the envelope and finds out what it asks for (MCP revisions 2024-11-05 to 2026-07-28).
import { Kind, METHOD_SIZE, MethodField, Reason, Section, Setting, Slot } from "../program.ts";
import { isTextAt, section, sectionCount, setting } from "../sections.ts";
import { envelopeStart, slotEnd } from "../json/slots.ts";
import { isEnvelopeAmbiguous } from "../json/ambiguous-keys.ts";
import { isText, startsText } from "../text/ascii.ts";
import { firstItem } from "../json/walk.ts";
import { Form, form, methodAt, methodLength, setForm, setKind, setLifecycle, setMethod, setName } from "./call.ts";
import { decodeSlot } from "../json/decode.ts";
import { NO_SPAN, spanLength, spanStart } from "../text/span.ts";
import { ranOut } from "../runtime/memory.ts";

export const REQUEST_OK: i32 = -1;

/** Reads the message in the slots into a call that is clear; -1, or the Reason why it is refused. */
// @ts-ignore: decorator
@inline
export function readRequest(): i32 {
  if (ranOut()) return Reason.host_error; // a key may not have been looked up
  if (isEnvelopeAmbiguous()) return Reason.ambiguous_key;
  if (!isVersion2()) return Reason.not_jsonrpc;
  const id = envelopeStart(Slot.Id);
  if (id && !isId(id, slotEnd(Slot.Id))) return Reason.invalid_id;
  if (!envelopeStart(Slot.Method)) return readResponse(id);
  if (envelopeStart(Slot.Result) || envelopeStart(Slot.Error)) return Reason.not_jsonrpc;
  const method = decodeSlot(Slot.Method);
  if (!spanLength(method)) return Reason.not_jsonrpc;
  setMethod(spanStart(method), spanLength(method));
  setForm(id ? Form.Request : Form.Notification);
  const params = envelopeStart(Slot.Params);
  if (params && load<u8>(params) != 0x7b && load<u8>(params) != 0x6e) return Reason.invalid_params;
  return readMethod();
}

function isVersion2(): bool {
  const at = envelopeStart(Slot.Jsonrpc);
  return at != 0 && isText(at, <u32>(slotEnd(Slot.Jsonrpc) - at), '"2.0"');
}

/** JSON-RPC 2.0 section 4: a string or an integer; null is for errors only, so not for us. */
function isId(at: usize, end: usize): bool {
  if (load<u8>(at) == 0x22) return true;
  let p = at;
  if (load<u8>(p) == 0x2d) p++;
  for (; p < end; p++) {
    if (<u32>load<u8>(p) - 0x30 > 9) return false;
  }
  return true;
}

function readResponse(id: usize): i32 {
  const result = envelopeStart(Slot.Result) != 0;
  const error = envelopeStart(Slot.Error) != 0;
  if (!id || result == error) return Reason.not_jsonrpc;
  setForm(Form.Response);
  return REQUEST_OK;
}

function startsMethod(name: Ascii): bool {
  return startsText(methodAt, methodLength, name);
}

/** The kind of the method and the name that its target is found by. */
function readMethod(): i32 {
  let record = section(Section.Methods);
  for (let left = sectionCount(Section.Methods); left; left--, record += METHOD_SIZE) {
    if (isTextAt(record + MethodField.Name, methodAt, methodLength)) return readKnown(record);
  }
  if (startsMethod("tasks/")) {
    setKind(Kind.Task);
    return isText(methodAt, methodLength, "tasks/list") || decodeSlot(Slot.TaskId) ? REQUEST_OK : Reason.invalid_params;
  }
  setKind(Kind.Method);
  if (startsMethod("notifications/")) setLifecycle();
  return REQUEST_OK;
}

// @ts-ignore: decorator
@inline
function readKnown(record: usize): i32 {
  const kind = load<u32>(record, MethodField.Kind);
  if (kind == Kind.Completion) return readReference();
  if (kind == Kind.Subscription) return readListen();
  if (kind != Kind.Method) return named(kind, load<u32>(record, MethodField.Slot));
  setKind(Kind.Method);
  setLifecycle();
  return REQUEST_OK;
}

function named(kind: u32, slot: u32): i32 {
  setKind(kind);
  const name = decodeSlot(slot);
  if (!spanLength(name)) return Reason.invalid_params;
  setName(spanStart(name), spanLength(name));
  return REQUEST_OK;
}

/** completion/complete is judged as what its ref names. */
function readReference(): i32 {
  const type = decodeSlot(Slot.RefType);
  if (!type) return Reason.invalid_params;
  if (isText(spanStart(type), spanLength(type), "ref/prompt")) return named(Kind.Completion, Slot.RefName);
  if (isText(spanStart(type), spanLength(type), "ref/resource")) return named(Kind.Completion, Slot.RefUri);
  setKind(Kind.Completion);
  // A kind of reference that nobody can judge; where completion is left open, the server's to refuse.
  return (setting(Setting.Govern) >> Kind.Completion) & 1 ? Reason.invalid_params : REQUEST_OK;
}

/** subscriptions/listen without resource URIs only asks for list changes. */
function readListen(): i32 {
  setKind(Kind.Subscription);
  const list = envelopeStart(Slot.ResourceSubscriptions);
  if (list && load<u8>(list) != 0x5b) return Reason.invalid_params;
  if (!list || !firstItem(list)) setLifecycle();
  return REQUEST_OK;
}

/** Whether completion/complete names a prompt; else it names a resource. */
export function refersToPrompt(): bool {
  const type = decodeSlot(Slot.RefType);
  return type != NO_SPAN && isText(spanStart(type), spanLength(type), "ref/prompt");
}

export function isResponse(): bool {
  return form == Form.Response;
}
