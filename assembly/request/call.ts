// What one message asks for, as rules and predicates see it. Texts are decoded UTF-8 (address, length); address 0
// is "absent". Filled by request.ts, read by decide.ts and attributes.ts.

export enum Form {
  Request = 0,
  Notification = 1,
  Response = 2,
}

export let form: i32 = Form.Request;
export let kind: u32 = 0; //     Kind of what the method touches
export let decidedKind: u32 = 0; // Kind that its name is looked up as: a completion is one of a prompt or of a resource
export let lifecycle: bool = false; // passes unless a rule names the method
export let methodAt: usize = 0;
export let methodLength: u32 = 0;
export let nameAt: usize = 0; // the tool's name as sent, prompt name, URI or task id
export let nameLength: u32 = 0;
export let toolAt: usize = 0; // the tool's name without the backend
export let toolLength: u32 = 0;
export let backendAt: usize = 0;
export let backendLength: u32 = 0;

export function clearCall(): void {
  form = Form.Request;
  kind = decidedKind = 0;
  lifecycle = false;
  methodAt = nameAt = toolAt = backendAt = 0;
  methodLength = nameLength = toolLength = backendLength = 0;
}

export function setForm(value: i32): void {
  form = value;
}

export function setKind(value: u32): void {
  kind = value;
}

export function setLifecycle(): void {
  lifecycle = true;
}

export function setMethod(at: usize, length: u32): void {
  methodAt = at;
  methodLength = length;
}

export function setName(at: usize, length: u32): void {
  nameAt = at;
  nameLength = length;
}

export function setTool(at: usize, length: u32): void {
  toolAt = at;
  toolLength = length;
}

export function setBackend(at: usize, length: u32): void {
  backendAt = at;
  backendLength = length;
}

export function setDecidedKind(value: u32): void {
  decidedKind = value;
}
