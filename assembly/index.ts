// The filter's exports (proxy-wasm ABI 0.2.1): find the context, call the filter, return its action. No decisions.
import { Buffer, getBuffer, log, LogLevel, now, sendResponse, Status, value, valueLength } from "./runtime/host.ts";
import { addContext, Context, findContext, takeContext } from "./runtime/contexts.ts";
import { chosenPolicy, dropPolicies, loadPolicies, openPolicy, putRefusal } from "./config/policies.ts";
import { closeStream, CONTINUE, onBody, onHeaders, onResponseHeaders, onTrailers, STOP } from "./filter.ts";
import { onResponseBody, onResponseTrailers } from "./response.ts";
import { begin, finish, put } from "./text/writer.ts";
import { spanLength, spanStart } from "./text/span.ts";
import { clear64, release, reserve, resetRegion } from "./runtime/memory.ts";
import { READ_PADDING } from "./json/reader.ts";
import { seedKeys } from "./json/keys.ts";
import { seedRepeats } from "./answer/repeats.ts";
import { declareRecord } from "./record/declare.ts";
import { Setting } from "./program.ts";
import { setting } from "./sections.ts";
import { startTrace, toldDecision, traceCount } from "./decide/trace.ts";
import { itemsSize, itemsText, startItems } from "./lists/trace.ts";

export function proxy_abi_version_0_2_1(): void {}

/** Memory for what a host call returns; the zero bytes after it let the JSON reader run without bounds checks. */
export function proxy_on_memory_allocate(size: u32): usize {
  const at = reserve(size + READ_PADDING);
  if (at) clear64(at + <usize>size);
  return at;
}

/** A root (parent 0) or a stream of one. Root ids are ignored: "" and "scopegate" do the same. */
export function proxy_on_context_create(id: u32, parent: u32): void {
  addContext(id, parent);
}

export function proxy_on_vm_start(_root: u32, _size: u32): u32 {
  const time = now();
  seedKeys(time);
  seedRepeats(time);
  return 1;
}

/** Takes a configuration; a bad one is refused with one log line, and the previous one stays. */
export function proxy_on_configure(root: u32, size: u32): u32 {
  const context = findContext(root);
  const accepted = context != null && configure(context, size);
  if (!accepted) {
    begin(512);
    put("scopegate: configuration refused: ");
    if (!context || !putRefusal()) put("there is not enough memory");
    const line = finish();
    log(LogLevel.Error, spanStart(line), spanLength(line));
  }
  resetRegion();
  return accepted ? 1 : 0;
}

function configure(context: Context, size: u32): bool {
  const found = size != 0 && getBuffer(Buffer.PluginConfiguration, size) == Status.Ok;
  const block = loadPolicies(found ? value() : 0, found ? valueLength() : 0);
  if (!block) return false;
  dropPolicies(context.block);
  context.block = block;
  openPolicy(block, 0);
  declareRecord(setting(Setting.Record));
  return true;
}

/** The stream of a context id, with its policy made the one in use; null when there is none. */
function openStream(id: u32): Context | null {
  const stream = findContext(id);
  if (!stream) return null;
  const root = findContext(stream.root);
  if (!root || !root.block) return null;
  openPolicy(root.block, stream.policy);
  return stream;
}

export function proxy_on_request_headers(id: u32, _count: u32, end: u32): i32 {
  const stream = openStream(id);
  const action = stream ? onHeaders(stream, end != 0) : refuseAll();
  resetRegion();
  return action;
}

/** Without memory or a configuration nothing can be judged. */
function refuseAll(): i32 {
  sendResponse(500, 0, 0, 0, 0, 0, 0);
  return STOP;
}

export function proxy_on_request_body(id: u32, size: u32, end: u32): i32 {
  const stream = openStream(id);
  const action = stream ? onBody(stream, size, end != 0) : STOP;
  resetRegion();
  return action;
}

export function proxy_on_request_trailers(id: u32, _count: u32): i32 {
  const stream = openStream(id);
  const action = stream ? onTrailers(stream) : STOP;
  resetRegion();
  return action;
}

/** Without a configuration the request was refused, and this is the refusal. */
export function proxy_on_response_headers(id: u32, _count: u32, end: u32): i32 {
  const stream = openStream(id);
  const action = stream ? onResponseHeaders(stream, end != 0) : CONTINUE;
  resetRegion();
  return action;
}

export function proxy_on_response_body(id: u32, size: u32, end: u32): i32 {
  const context = findContext(id);
  if (!context || !context.answer) return CONTINUE; // it goes on as it comes
  const stream = openStream(id);
  const action = stream ? onResponseBody(stream, size, end != 0) : CONTINUE;
  resetRegion();
  return action;
}

export function proxy_on_response_trailers(id: u32, _count: u32): i32 {
  const stream = findContext(id);
  return stream ? onResponseTrailers(stream) : CONTINUE;
}

// There is no proxy_on_done: the host treats a missing callback as done, and a call into the VM costs half a microsecond.
export function proxy_on_delete(id: u32): void {
  const context = takeContext(id);
  if (!context) return;
  if (context.root) closeStream(context);
  else dropPolicies(context.block);
  release(changetype<usize>(context));
}

/** For the command line's host: traces the rules of the next request; returns the address of the steps. */
export function scopegate_trace(on: u32): usize {
  return startTrace(on != 0);
}

/** For the command line's host: traces the items of lists from now on, and forgets those before. */
export function scopegate_items(on: u32): void {
  startItems(on != 0);
}

/** Where the trace of the items is, JSON text. */
export function scopegate_items_text(): usize {
  return itemsText();
}

export function scopegate_items_size(): u32 {
  return itemsSize();
}

/** How many steps were traced: (rule u32, Outcome u32) each. */
export function scopegate_trace_count(): u32 {
  return traceCount();
}

/** For the command line's host: the index of the policy that the last request was judged by. */
export function scopegate_policy(): u32 {
  return chosenPolicy();
}

/** For the command line's host: where the rule of the last decision and its Reason are, a u32 each. */
export function scopegate_decision(): usize {
  return toldDecision();
}
