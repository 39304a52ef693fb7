// An answer that is one JSON text: carried until it closes, filtered, and written in the piece in which it closes, because
// after it nothing may come but trailers, when nothing can be written any more. Of what arrives in one piece nothing is
// carried. An error is written as soon as it is certain.
import { Reason, Setting } from "../program.ts";
import { skipWhitespace } from "../json/reader.ts";
import { ranOut, release } from "../runtime/memory.ts";
import { cutResponse } from "../runtime/host.ts";
import { setting } from "../sections.ts";
import {
  CASE_BIT,
  CLOSE_BRACE,
  LOWER_F,
  LOWER_N,
  LOWER_T,
  MINUS,
  OPEN_BRACE,
  QUOTE,
  SPACE,
  ZERO,
} from "../text/chars.ts";
import { Span, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { findClosing } from "./closing.ts";
import { countItems } from "./counters.ts";
import { editCount, editedText } from "./edits.ts";
import { readAnswer, Verdict, verdictReason } from "./message.ts";
import { holdPiece, refuseText, replacePiece } from "./output.ts";
import { AnswerState, carry, endCarry, Stage, takeCarry } from "./state.ts";

/** From this status on, the answer may be a page of text: no client looks for a list in it. */
const FIRST_OTHER: u32 = 300;

/** Takes a piece of the text; `last` with the end of the answer. The piece is followed by zeros. */
export function takeText(answer: AnswerState, piece: Span, last: bool): void {
  const size = spanLength(piece);
  if (!answer.size) {
    if (!size) return;
    if (size <= setting(Setting.MaxList) && endsWithBracket(piece) && tryWhole(answer, piece)) return;
  }
  const before = answer.size;
  if (!carry(answer, piece, setting(Setting.MaxList))) {
    const isTooLarge = before + size > setting(Setting.MaxList);
    return refuseText(answer, size, isTooLarge ? Reason.body_too_large : Reason.host_error);
  }
  const text = answer.text;
  const end = text + <usize>answer.size;
  const first = skipWhitespace(text);
  if (first < end && !beginsValue(load<u8>(first))) return leaveNoJson(answer, size, Reason.not_json);
  const isOpen = first < end && (load<u8>(first) | CASE_BIT) == OPEN_BRACE;
  const closed = isOpen && findClosing(answer, text + <usize>before, end) != 0;
  if (closed || last) decideWhole(answer, size);
  else holdPiece(size);
}

function endsWithBracket(text: Span): bool {
  let p = spanEnd(text);
  while (p > spanStart(text) && load<u8>(p - 1) <= SPACE) p--;
  return p > spanStart(text) && (load<u8>(p - 1) | CASE_BIT) == CLOSE_BRACE;
}

/** Whether a character begins a JSON value. */
function beginsValue(c: u32): bool {
  const isName = c == LOWER_F || c == LOWER_N || c == LOWER_T;
  return (c | CASE_BIT) == OPEN_BRACE || c == QUOTE || c == MINUS || c - ZERO < 10 || isName;
}

/** Filters a text that may be whole in its first piece; false when it is not. */
function tryWhole(answer: AnswerState, piece: Span): bool {
  const verdict = readAnswer(spanStart(piece), spanEnd(piece), false);
  if (verdict == Verdict.NoJson) return false;
  answer.stage = Stage.Rest;
  if (verdict == Verdict.Refused) refuseText(answer, spanLength(piece), verdictReason());
  else if (editCount()) sendEdited(answer, piece, spanLength(piece));
  else countItems(answer);
  return true;
}

/** Writes a text with its changes. */
function sendEdited(answer: AnswerState, text: Span, size: u32): void {
  const edited = editedText(0, spanStart(text), spanEnd(text));
  if (ranOut()) return refuseText(answer, size, Reason.host_error);
  countItems(answer);
  endCarry(answer);
  replacePiece(size, edited);
}

/** Filters the carried text, which has closed, or will not any more. */
function decideWhole(answer: AnswerState, size: u32): void {
  const text = spanOf(answer.text, answer.size);
  const verdict = readAnswer(spanStart(text), spanEnd(text), false);
  if (verdict == Verdict.NoJson) return leaveNoJson(answer, size, verdictReason());
  answer.stage = Stage.Rest;
  if (verdict == Verdict.Refused) return refuseText(answer, size, verdictReason());
  if (editCount()) return sendEdited(answer, text, size);
  countItems(answer);
  sendCarried(answer, size);
}

/** Writes the carried text as it is. */
function sendCarried(answer: AnswerState, size: u32): void {
  const length = answer.size;
  const text = takeCarry(answer);
  replacePiece(size, spanOf(text, length));
  release(text);
}

/** What is no JSON goes on as a page of text where the status says that there is none; otherwise an error takes its place. */
function leaveNoJson(answer: AnswerState, size: u32, reason: i32): void {
  if (answer.status < FIRST_OTHER) return refuseText(answer, size, reason);
  answer.stage = Stage.Passing;
  sendCarried(answer, size);
}

/** After the text only white space may follow; anything else cuts the answer, as it was none. */
export function takeRest(answer: AnswerState, piece: Span): void {
  if (skipWhitespace(spanStart(piece)) == spanEnd(piece)) return;
  answer.stage = Stage.Dropping;
  cutResponse();
}
