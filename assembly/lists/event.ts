// One event of a stream, or what is left of one at the stream's end: its lists are filtered, or an error takes its place. What
// changes is noted (edits.ts).
import { Reason, Setting } from "../program.ts";
import { READ_PADDING } from "../json/reader.ts";
import { clear64, reserve } from "../runtime/memory.ts";
import { setting } from "../sections.ts";
import { LINE_FEED, SPACE } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween, spanEnd, spanLength, spanStart } from "../text/span.ts";
import { begin, finish, put, putByte, putBytes } from "../text/writer.ts";
import { countItems, countRefusal } from "./counters.ts";
import { addEdit, dropEdits, editCount, editedText } from "./edits.ts";
import { ERROR_SIZE, putError } from "./errors.ts";
import { mayHoldResult } from "./hints.ts";
import { afterLineEnd, dataOf, isData, isField, lineEnd } from "./lines.ts";
import { readAnswer, Verdict, verdictReason } from "./message.ts";
import { AnswerState, Asked, EventFlag, idOf } from "./state.ts";

/** Filters the event with the lines [at, end). `flags`: EventFlag of it. */
export function filterEvent(answer: AnswerState, at: usize, end: usize, flags: u32): void {
  const differs = (flags & (EventFlag.Odd | EventFlag.Torn)) != 0;
  if (differs && mayHoldResult(at, end)) return refuseEvent(answer, at, end, Reason.not_json);
  if (!(flags & EventFlag.HasData)) return;
  const first = firstData(at, end);
  const firstEnd = lineEnd(first, end);
  const value = dataOf(first, firstEnd);
  const isOnly = !nextData(firstEnd, end);
  const data = isOnly ? value : joined(first, end);
  if (isBlank(data)) return;
  if (spanLength(data) > setting(Setting.MaxList)) return refuseEvent(answer, at, end, Reason.body_too_large);
  const mark = editCount();
  const verdict = readPart(data, answer.asked == Asked.Stream);
  if (verdict == Verdict.Fine) {
    countItems(answer);
    if (!isOnly && editCount() != mark) replaceData(mark, at, end, data);
    return;
  }
  const why = verdictReason();
  dropEdits(mark);
  // After an error it may be the rest of what that took the place of.
  const isRest = (answer.flags & EventFlag.Failed) != 0;
  if (isRest || mayHoldResult(spanStart(data), spanEnd(data))) refuseEvent(answer, at, end, why);
}

/** Reads a part of a text, which is ended by a zero for that time. */
function readPart(part: Span, byShape: bool): i32 {
  const end = spanEnd(part);
  const next = load<u8>(end);
  store<u8>(end, 0);
  const verdict = readAnswer(spanStart(part), end, byShape);
  store<u8>(end, next);
  return verdict;
}

function isBlank(text: Span): bool {
  let p = spanStart(text);
  while (p < spanEnd(text) && load<u8>(p) <= SPACE) p++;
  return p == spanEnd(text);
}

/** The first line of data of an event that has one. */
function firstData(at: usize, end: usize): usize {
  let p = at;
  while (p < end && !isData(p, lineEnd(p, end))) p = afterLineEnd(lineEnd(p, end), end);
  return p;
}

/** The next line of data after the line that ends at `at`; 0 when there is none. */
function nextData(at: usize, end: usize): usize {
  let p = at;
  while (p < end) {
    p = afterLineEnd(p, end);
    const next = lineEnd(p, end);
    if (p < end && isData(p, next)) return p;
    p = next;
  }
  return 0;
}

/** The data of all lines from the one at `first` on, with LF between them, as clients join them; followed by zeros. */
function joined(first: usize, end: usize): Span {
  const out = reserve(<u32>(end - first) + READ_PADDING);
  if (!out) return NO_SPAN;
  let to = out;
  for (let p = first; p; p = nextData(lineEnd(p, end), end)) {
    const value = dataOf(p, lineEnd(p, end));
    if (p != first) store<u8>(to++, LINE_FEED);
    memory.copy(to, spanStart(value), spanLength(value));
    to += spanLength(value);
  }
  clear64(to);
  return spanBetween(out, to);
}

/** Replaces the data of an event: what the changes from the mark on make of it stands where its first line of data stood. */
function replaceData(mark: u32, at: usize, end: usize, data: Span): void {
  const text = editedText(mark, spanStart(data), spanEnd(data));
  dropEdits(mark);
  const first = firstData(at, end);
  begin(<u32>(end - at) + spanLength(text) * 9 + 16); // at most a line for every byte
  let p = at;
  while (p < end) {
    const next = afterLineEnd(lineEnd(p, end), end);
    if (p == first) putData(text, lineEnd(p, end), end);
    else if (!isData(p, lineEnd(p, end))) putBytes(p, <u32>(min(next, end) - p));
    p = next;
  }
  addEdit(at, end, finish());
}

/** Adds lines of data that end as the line whose end is at `eol`. */
function putData(text: Span, eol: usize, end: usize): void {
  let p = spanStart(text);
  while (true) {
    const next = lineEnd(p, spanEnd(text));
    put("data: ");
    putBytes(p, <u32>(next - p));
    putLineEnd(eol, end);
    if (next >= spanEnd(text)) return;
    p = next + 1;
  }
}

function putLineEnd(eol: usize, end: usize): void {
  if (eol >= end) putByte(LINE_FEED);
  else putBytes(eol, <u32>(afterLineEnd(eol, end) - eol));
}

/** Puts an error in place of an event; nothing where one was sent before, or where no request is known that it would answer. */
export function refuseEvent(answer: AnswerState, at: usize, end: usize, reason: i32): void {
  countRefusal(reason);
  addEdit(
    at,
    end,
    answer.asked == Asked.List && !(answer.flags & EventFlag.Failed) ? errorEvent(answer, at, end, reason) : NO_SPAN,
  );
  answer.flags |= EventFlag.Failed;
}

/** The error as an event that keeps the id, the type and the retry time of the event [at, end). */
function errorEvent(answer: AnswerState, at: usize, end: usize, reason: i32): Span {
  const id = idOf(answer);
  begin(<u32>(end - at) + ERROR_SIZE + spanLength(id));
  const eol = lineEnd(at, end);
  let p = at;
  while (p < end) {
    const lineStop = lineEnd(p, end);
    const isKept = isField(p, lineStop, "id") || isField(p, lineStop, "retry") || isField(p, lineStop, "event");
    if (isKept) {
      putBytes(p, <u32>(lineStop - p));
      putLineEnd(eol, end);
    }
    p = afterLineEnd(lineStop, end);
  }
  put("data: ");
  putError(id, reason);
  putLineEnd(eol, end);
  putLineEnd(eol, end);
  return finish();
}
