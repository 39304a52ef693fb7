// The counters of lists: scopegate.lists.<kind>.<outcome> for items, scopegate.lists.refused.<reason> for answers.
import { ListKind, ListOutcome } from "../program.ts";
import { reasonName } from "../answer/metrics.ts";
import { defineCounter, increment } from "../runtime/host.ts";
import { putText } from "../sections.ts";
import { recordList } from "../record/list.ts";
import { DOT } from "../text/chars.ts";
import { begin, finish, put, putByte } from "../text/writer.ts";
import { spanLength, spanOf, spanStart } from "../text/span.ts";
import { shownOf } from "./errors.ts";
import { AnswerState } from "./state.ts";

const UNDEFINED: u32 = 0;
const KINDS: i32 = 16; // ListKind and ListOutcome
const items: usize = memory.data(4 * 16, 4); //    by both, items of the message that is read
const accepted: usize = memory.data(4 * 16, 4); // by both, items of the messages before that may leave
const counters: usize = memory.data(4 * 16, 4); // by both, the number of the counter + 1
const drifts: usize = memory.data(<i32>offsetof<Drifts>() * 2, 4); // of the message, then of those before
const refusals: usize = memory.data(4 * 64, 4); // by Reason, likewise

/** Tools that are not as in the policy's lock. */
@unmanaged
class Drifts {
  all: u32;
  hidden: u32; // that would have been shown otherwise
}

const fresh = changetype<Drifts>(drifts);
const kept = changetype<Drifts>(drifts + offsetof<Drifts>());
const driftCounter: usize = memory.data(4, 4); // its number + 1

/** Where a kind of items has its place in a table. */
function placeOf(list: u32, outcome: u32): usize {
  return (<usize>(list * <u32>ListOutcome.Count + outcome)) << 2;
}

/** Forgets the items of the message before. */
export function clearItems(): void {
  fresh.all = fresh.hidden = 0;
  memory.fill(items, 0, KINDS << 2);
}

/** Forgets the items of the text before. */
export function forgetItems(): void {
  clearItems();
  kept.all = kept.hidden = 0;
  memory.fill(accepted, 0, KINDS << 2);
}

/** Notes an item. */
export function noteItem(list: u32, outcome: u32): void {
  noteItems(list, outcome, 1);
}

/** Notes items that came out the same. */
export function noteItems(list: u32, outcome: u32, many: u32): void {
  const place = items + placeOf(list, outcome);
  store<u32>(place, load<u32>(place) + many);
}

/** Counts a tool that is not as in the lock; `hidden`: only that keeps it from being shown. */
export function countDrift(hidden: bool): void {
  fresh.all++;
  if (hidden) fresh.hidden++;
}

/** The message that was read may leave. */
export function acceptItems(): void {
  kept.all += fresh.all;
  kept.hidden += fresh.hidden;
  for (let place: usize = 0; place < (<usize>KINDS) << 2; place += 4) {
    store<u32>(accepted + place, load<u32>(accepted + place) + load<u32>(items + place));
  }
  clearItems();
}

/** Counts the items of the text, as it is sent on, and records the first of its lists. */
export function countItems(answer: AnswerState): void {
  for (let list: u32 = 0; list < <u32>ListKind.Count; list++) {
    if (recordItems(answer, list)) break;
  }
  for (let list: u32 = 0; list < <u32>ListKind.Count; list++) {
    for (let outcome: u32 = 0; outcome < <u32>ListOutcome.Count; outcome++) {
      const place = placeOf(list, outcome);
      const many = load<u32>(accepted + place);
      if (!many) continue;
      if (load<u32>(counters + place) == UNDEFINED) define(counters + place, list, outcome);
      increment(load<u32>(counters + place) - 1, many);
    }
  }
  if (kept.all) countDrifts();
  forgetItems();
}

function countDrifts(): void {
  if (load<u32>(driftCounter) == UNDEFINED) {
    begin(64);
    put("scopegate.lists.tools.drift");
    keepCounter(driftCounter);
  }
  increment(load<u32>(driftCounter) - 1, kept.all);
}

/** Records a list of this kind; false when there is none. */
function recordItems(answer: AnswerState, list: u32): bool {
  let total: u32 = 0;
  let shown: u32 = 0;
  for (let outcome: u32 = 0; outcome < <u32>ListOutcome.Count; outcome++) {
    const many = load<u32>(accepted + placeOf(list, outcome));
    total += many;
    if (outcome < <u32>ListOutcome.Broken && (shownOf(list) >> outcome) & 1) shown += many;
  }
  const isDrifting = list == ListKind.Tools && kept.all != 0;
  if (isDrifting) shown -= kept.hidden;
  if (total && answer.record) {
    recordList(spanOf(answer.record, answer.recordSize), kindName(list), total, shown, isDrifting ? kept.all : 0);
  }
  return total != 0;
}

function kindName(list: u32): Ascii {
  if (list == ListKind.Tools) return "tools";
  if (list == ListKind.Prompts) return "prompts";
  return list == ListKind.Resources ? "resources" : "resourceTemplates";
}

function define(place: usize, list: u32, outcome: u32): void {
  begin(64);
  put("scopegate.lists.");
  put(kindName(list));
  putByte(DOT);
  if (outcome == ListOutcome.Callable) put("callable");
  else if (outcome == ListOutcome.Obtainable) put("obtainable");
  else if (outcome == ListOutcome.Never) put("never");
  else put("broken");
  keepCounter(place);
}

/** Counts an answer that is refused. */
export function countRefusal(reason: i32): void {
  const place = refusals + ((<usize>reason) << 2);
  if (load<u32>(place) == UNDEFINED) {
    begin(96);
    put("scopegate.lists.refused.");
    putText(reasonName(reason));
    keepCounter(place);
  }
  increment(load<u32>(place) - 1, 1);
}

/** Defines the counter whose name was begun, and keeps its number. */
function keepCounter(place: usize): void {
  const name = finish();
  store<u32>(place, defineCounter(spanStart(name), spanLength(name)) + 1);
}
