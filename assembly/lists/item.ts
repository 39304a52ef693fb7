// One item of a list: read strictly, judged, shown or not. What is wrong inside an item hides it; what is wrong with its own
// keys counts against the whole list, as another reader could find another item there.
import { ListKind, ListOutcome, NO_REASON, NONE, Reason, Slot } from "../program.ts";
import { forgetScopeLists } from "../token/scopes.ts";
import { Decision, newDecision } from "../decide/decision.ts";
import { dropKeys, keyCount } from "../json/keys.ts";
import { readFailure } from "../json/failure.ts";
import { readValue } from "../json/reader.ts";
import { emptySlots, MARK_AMBIGUOUS, MARK_ESCAPED, slotEnd, slotMarks, slotStart } from "../json/slots.ts";
import { regionEnd } from "../runtime/memory.ts";
import { rewind } from "../runtime/budget.ts";
import { OPEN_BRACE, QUOTE } from "../text/chars.ts";
import { Span, spanBetween, spanOf } from "../text/span.ts";
import { bytesOf } from "../text/ascii.ts";
import { readCaller } from "./caller.ts";
import { countDrift } from "./counters.ts";
import { hasDrifted, hidesDrift, watchesDrift } from "./drift.ts";
import { readKeys } from "./faults.ts";
import { shownOf } from "./errors.ts";
import { judgeItem } from "./judgement.ts";
import { skim } from "./skim.ts";
import { traceItem, tracing } from "./trace.ts";

/** What came of an item. */
@unmanaged
export class Item {
  end: usize; //    the address after it; 0 when it is no JSON
  fault: i32; //    why it makes the whole list faulty; NO_REASON otherwise
  outcome: u32; //  ListOutcome
  isNamed: bool; // it is an object with a name, however that is spelt
  isShown: bool;
  hasDrifted: bool; // it is not as in the policy's lock
  decision: Decision; // the rule and the challenge of its outcome
}

const record = changetype<Item>(memory.data(<i32>offsetof<Item>(), 8));

/** Reads the item at `at` of a ListKind; there is one at a time. */
export function readItem(at: usize, list: u32): Item {
  const item = record;
  item.fault = NO_REASON;
  item.outcome = ListOutcome.Broken;
  item.isNamed = item.isShown = item.hasDrifted = false;
  emptySlots(Slot.Item, Slot.Count);
  const keys = keyCount();
  const isObject = load<u8>(at) == OPEN_BRACE;
  item.end = readValue(at, isObject ? <u32>Slot.Item : NONE);
  if (!item.end) {
    const why = readFailure();
    dropKeys(keys);
    item.end = why == Reason.host_error ? 0 : skim(at);
    if (item.end && isObject) readBroken(item, at, list);
  } else if (isObject) readSound(item, at, list);
  if (tracing && item.outcome == ListOutcome.Broken) trace(item, list, spanOf(bytesOf("null"), 4));
  return item;
}

/** The slot of what an item of a ListKind is called by. */
function nameSlot(list: u32): u32 {
  if (list == ListKind.Resources) return Slot.ItemUri;
  return list == ListKind.Templates ? Slot.ItemTemplate : Slot.ItemName;
}

/** An item that is not strict: it is hidden, unless its own keys are at fault. */
function readBroken(item: Item, at: usize, list: u32): void {
  emptySlots(Slot.Item, Slot.Count);
  item.fault = readKeys(at, Slot.Item);
  findName(item, list);
}

/** Notes whether the item has a name; the string's address, 0 when it has none. */
function findName(item: Item, list: u32): usize {
  const slot = nameSlot(list);
  const at = slotStart(slot);
  const isAmbiguous = (slotMarks(slot) & MARK_AMBIGUOUS) != 0;
  item.isNamed = at != 0 || isAmbiguous;
  if (isAmbiguous && item.fault == NO_REASON) item.fault = Reason.ambiguous_key;
  return at && load<u8>(at) == QUOTE ? at : 0;
}

function readSound(item: Item, start: usize, list: u32): void {
  const at = findName(item, list);
  if (!at) return;
  const slot = nameSlot(list);
  const end = slotEnd(slot);
  const isKnown = readCaller();
  const before = regionEnd();
  item.decision = newDecision();
  item.outcome = isKnown ? judgeItem(list, at, end, slotMarks(slot) & MARK_ESCAPED, item.decision) : ListOutcome.Never;
  item.isShown = ((shownOf(list) >> item.outcome) & 1) != 0;
  if (isKnown && list == ListKind.Tools && watchesDrift() && hasDrifted(start, item.end)) noteDrift(item);
  // Of many items only one is kept at a time. Lists of scopes that were made for predicates are among what goes.
  rewind(before);
  forgetScopeLists();
  if (tracing) trace(item, list, spanBetween(at, end));
}

function noteDrift(item: Item): void {
  item.hasDrifted = true;
  countDrift(item.isShown && hidesDrift());
  if (hidesDrift()) item.isShown = false;
}

function trace(item: Item, list: u32, name: Span): void {
  const before = regionEnd();
  const decision = item.outcome == ListOutcome.Broken ? newDecision() : item.decision;
  traceItem(list, item.outcome, item.isShown, item.hasDrifted, name, decision);
  rewind(before);
}
