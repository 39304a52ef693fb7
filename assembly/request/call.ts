// What one message asks for, as rules and predicates see it. Texts are decoded UTF-8; NO_SPAN is "absent". Written by
// message.ts and backend.ts, read by decide/ and cel/attributes.ts.
import { NO_SPAN, Span } from "../text/span.ts";

export enum Form {
  Request = 0,
  Notification = 1,
  Response = 2,
}

export let form: i32 = Form.Request;
export let kind: u32 = 0; //        Kind of what the method touches
export let decidedKind: u32 = 0; // Kind that its name is looked up as: a completion counts as a prompt or a resource
export let lifecycle: bool = false; // passes unless a rule names the method
export let methodName: Span = NO_SPAN;
export let targetName: Span = NO_SPAN; // the tool's name as sent, the prompt's name, the URI or the task id
export let toolName: Span = NO_SPAN; //   without the backend
export let backendName: Span = NO_SPAN;

/** Forgets the message before. */
export function clearCall(): void {
  form = Form.Request;
  kind = decidedKind = 0;
  lifecycle = false;
  methodName = targetName = toolName = backendName = NO_SPAN;
}

/** Begins the call that an item of a list stands for. */
export function beginItem(value: u32, method: Span, target: Span): void {
  clearCall();
  setKind(value);
  setMethod(method);
  setTarget(target);
}

export function setForm(value: i32): void {
  form = value;
}

export function setKind(value: u32): void {
  kind = value;
}

export function setDecidedKind(value: u32): void {
  decidedKind = value;
}

export function setLifecycle(): void {
  lifecycle = true;
}

export function setMethod(name: Span): void {
  methodName = name;
}

export function setTarget(name: Span): void {
  targetName = name;
}

export function setTool(name: Span): void {
  toolName = name;
}

export function setBackend(name: Span): void {
  backendName = name;
}
