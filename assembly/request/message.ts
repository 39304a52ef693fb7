// One JSON-RPC message: checks the envelope and finds out what it asks for (MCP revisions 2024-11-05 to 2026-07-28).
import { Kind, METHOD_SIZE, MethodField, NO_REASON, Reason, Section, Setting, Slot } from "../program.ts";
import { isTextAt, section, sectionCount, setting } from "../sections.ts";
import { envelopeStart, slotEnd } from "../json/slots.ts";
import { isEnvelopeAmbiguous } from "../json/ambiguous-keys.ts";
import { ranOut } from "../runtime/memory.ts";
import { firstItem } from "../json/walk.ts";
import { decodeSlot, escapesNul } from "../json/decode.ts";
import { mayOmitId } from "./mirror-headers.ts";
import { LOWER_N, MINUS, OPEN_BRACE, OPEN_BRACKET, QUOTE, ZERO } from "../text/chars.ts";
import { spanBetween, spanIs, spanLength, spanStarts } from "../text/span.ts";
import { Form, form, methodName, setForm, setKind, setLifecycle, setMethod, setTarget } from "./call.ts";

/** Reads the message in the slots into the call, which openCall has cleared; a Reason why it is refused, or NO_REASON. */
// @ts-ignore: decorator
@inline
export function readMessage(): i32 {
  if (ranOut()) return Reason.host_error; // a key may not have been looked up
  if (isEnvelopeAmbiguous()) return Reason.ambiguous_key;
  if (!isVersion2()) return Reason.not_jsonrpc;
  const id = envelopeStart(Slot.Id);
  if (id && !isId(id, slotEnd(Slot.Id))) return Reason.invalid_id;
  if (!envelopeStart(Slot.Method)) return readResponse(id);
  if (envelopeStart(Slot.Result) || envelopeStart(Slot.Error)) return Reason.not_jsonrpc;
  const method = decodeSlot(Slot.Method);
  if (!spanLength(method) || escapesNul(Slot.Method)) return Reason.not_jsonrpc;
  setMethod(method);
  setForm(id ? Form.Request : Form.Notification);
  return areParamsFit() ? readMethod() : Reason.invalid_params;
}

/** Whether the params are an object, null or absent, and name nothing with a NUL. */
function areParamsFit(): bool {
  const params = envelopeStart(Slot.Params);
  return !params || ((load<u8>(params) == OPEN_BRACE || load<u8>(params) == LOWER_N) && !namesNul());
}

/** Whether a name, URI, task id or reference has a NUL, at which readers in C stop; whichever of them the method reads. */
function namesNul(): bool {
  return (
    escapesNul(Slot.Name) ||
    escapesNul(Slot.Uri) ||
    escapesNul(Slot.TaskId) ||
    escapesNul(Slot.Ref) ||
    escapesNul(Slot.ResourceSubscriptions)
  );
}

function isVersion2(): bool {
  const at = envelopeStart(Slot.Jsonrpc);
  return at != 0 && spanIs(spanBetween(at, slotEnd(Slot.Jsonrpc)), '"2.0"');
}

/** JSON-RPC 2.0 section 4: a string or an integer; null is for errors only, so not for us. */
function isId(at: usize, end: usize): bool {
  if (load<u8>(at) == QUOTE) return true;
  let p = at;
  if (load<u8>(p) == MINUS) p++;
  for (; p < end; p++) {
    if (<u32>load<u8>(p) - ZERO > 9) return false;
  }
  return true;
}

function readResponse(id: usize): i32 {
  const result = envelopeStart(Slot.Result) != 0;
  const error = envelopeStart(Slot.Error) != 0;
  if (result == error || (!id && (result || !mayOmitId()))) return Reason.not_jsonrpc;
  setForm(Form.Response);
  return NO_REASON;
}

/** The kind of the method and the name that its target is found by. */
function readMethod(): i32 {
  let record = section(Section.Methods);
  for (let left = sectionCount(Section.Methods); left; left--, record += METHOD_SIZE) {
    if (isTextAt(record + MethodField.Name, methodName)) return readKnown(record);
  }
  if (spanStarts(methodName, "tasks/")) {
    setKind(Kind.Task);
    return spanIs(methodName, "tasks/list") || decodeSlot(Slot.TaskId) ? NO_REASON : Reason.invalid_params;
  }
  setKind(Kind.Method);
  if (spanStarts(methodName, "notifications/")) setLifecycle();
  return NO_REASON;
}

// @ts-ignore: decorator
@inline
function readKnown(record: usize): i32 {
  const kind = load<u32>(record, MethodField.Kind);
  if (kind == Kind.Completion) return readReference();
  if (kind == Kind.Subscription) return readListen();
  if (kind != Kind.Method) return readTarget(kind, load<u32>(record, MethodField.Slot));
  setKind(Kind.Method);
  setLifecycle();
  return NO_REASON;
}

/** Takes the name in a slot as the call's target. */
function readTarget(kind: u32, slot: u32): i32 {
  setKind(kind);
  const name = decodeSlot(slot);
  if (!spanLength(name)) return Reason.invalid_params;
  setTarget(name);
  return NO_REASON;
}

/** completion/complete is judged as what its ref names. */
function readReference(): i32 {
  const type = decodeSlot(Slot.RefType);
  if (!type) return Reason.invalid_params;
  if (spanIs(type, "ref/prompt")) return readTarget(Kind.Completion, Slot.RefName);
  if (spanIs(type, "ref/resource")) return readTarget(Kind.Completion, Slot.RefUri);
  setKind(Kind.Completion);
  // An unknown kind of reference cannot be judged; where completion is not governed, refusing it is up to the server.
  return (setting(Setting.Govern) >> Kind.Completion) & 1 ? Reason.invalid_params : NO_REASON;
}

/** subscriptions/listen without resource URIs only asks for list changes. */
function readListen(): i32 {
  setKind(Kind.Subscription);
  const list = envelopeStart(Slot.ResourceSubscriptions);
  if (list && load<u8>(list) != OPEN_BRACKET) return Reason.invalid_params;
  if (!list || !firstItem(list)) setLifecycle();
  return NO_REASON;
}

/** Whether completion/complete names a prompt; otherwise it names a resource. */
export function refersToPrompt(): bool {
  return spanIs(decodeSlot(Slot.RefType), "ref/prompt");
}

export function isResponse(): bool {
  return form == Form.Response;
}
