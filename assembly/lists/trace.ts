// What became of each item of the lists in an answer, for `eval` and `explain`. Off in Envoy: only the command line's host
// turns it on. The trace is JSON text: a list of [ListKind, ListOutcome, name, shown, rule or null, scopes, drifted].
import { ListOutcome, MAX_CHALLENGE, NONE } from "../program.ts";
import { ScopeForm, putScopes } from "../answer/reply.ts";
import { Decision } from "../decide/decision.ts";
import { allocate, release } from "../runtime/memory.ts";
import { begin, finish, put, putByte, putBytes, putNumber } from "../text/writer.ts";
import { COMMA, OPEN_BRACKET } from "../text/chars.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";

const FIRST_ROOM: u32 = 4096;

export let tracing: bool = false;
let text: usize = 0;
let room: u32 = 0;
let size: u32 = 0;

/** Turns tracing on or off and forgets what was traced. */
export function startItems(wanted: bool): void {
  tracing = wanted;
  size = 0;
}

/** How many bytes the trace has; also a mark for `dropItems`. */
export function itemsSize(): u32 {
  return size;
}

/** Where the trace is. */
export function itemsText(): usize {
  return text;
}

/** Forgets what was traced from a mark on. */
export function dropItems(mark: u32): void {
  size = mark;
}

/** Traces an item, whose name is a JSON string; only while `tracing`. */
export function traceItem(list: u32, outcome: u32, shown: bool, drifted: bool, name: Span, decision: Decision): void {
  begin(spanLength(name) + MAX_CHALLENGE * 2 + 1024);
  if (size) putByte(COMMA);
  putByte(OPEN_BRACKET);
  putNumber(list);
  putByte(COMMA);
  putNumber(outcome);
  putByte(COMMA);
  putBytes(spanStart(name), spanLength(name));
  put(shown ? ",true," : ",false,");
  if (decision.rule == NONE) put("null");
  else putNumber(decision.rule);
  put(",[");
  if (outcome == ListOutcome.Obtainable && !decision.isOpen) putScopes(decision, ScopeForm.Json);
  put(drifted ? "],true]" : "],false]");
  append(finish());
}

function append(line: Span): void {
  const wanted = size + spanLength(line);
  if (wanted > room) {
    const fresh = allocate(max(wanted * 2, FIRST_ROOM));
    if (!fresh) return;
    memory.copy(fresh, text, size);
    release(text);
    text = fresh;
    room = max(wanted * 2, FIRST_ROOM);
  }
  memory.copy(text + <usize>size, spanStart(line), spanLength(line));
  size = wanted;
}
