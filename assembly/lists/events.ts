// An answer that is an event stream. Each event goes on as soon as it is whole, and comments in front of one at once; what is
// not whole yet is carried. An event that is too large becomes an error, and the rest of it is left out as it comes.
import { Reason, Setting } from "../program.ts";
import { ranOut } from "../runtime/memory.ts";
import { setting } from "../sections.ts";
import { CARRIAGE_RETURN, COLON, LINE_FEED } from "../text/chars.ts";
import { NO_SPAN, Span, spanEnd, spanLength, spanOf, spanStart } from "../text/span.ts";
import { addEdit, editCount, editedText } from "./edits.ts";
import { filterEvent, refuseEvent } from "./event.ts";
import { afterLineEnd, isData, isDataForSome, lineEnd } from "./lines.ts";
import { replacePiece } from "./output.ts";
import { AnswerState, carry, dropCarried, endCarry, EventFlag, Stage } from "./state.ts";

const BYTE_ORDER_MARK: u32 = 0xbfbbef; // its three bytes, the first one lowest
const MARK_SIZE: usize = 3;
/** Of what is carried and a piece together: the limit is one of an event, and many may have come at once. */
const NO_LIMIT: u32 = u32.MAX_VALUE;
/** What is known of one event only. */
const OF_EVENT: u32 = EventFlag.HasData | EventFlag.Odd | EventFlag.Torn | EventFlag.InEvent;

let block: usize = 0; // where the unfinished event begins
let line: usize = 0; //  where the unfinished line begins

/** Takes a piece of the stream; `last` with its end. */
export function takeEvents(answer: AnswerState, piece: Span, last: bool): void {
  const isCarried = answer.size != 0;
  if (isCarried && !carry(answer, piece, NO_LIMIT)) return loseCarried(answer, piece, last);
  const start = isCarried ? answer.text : spanStart(piece);
  const end = isCarried ? start + <usize>answer.size : spanEnd(piece);
  block = start;
  line = start + <usize>answer.line;
  readLines(answer, start + <usize>answer.seen, end, last);
  if (last) endStream(answer, end);
  if (<u32>(end - block) > setting(Setting.MaxList)) startSkipping(answer, block, Reason.body_too_large);
  if (answer.flags & EventFlag.Skipping) leaveOut(answer, end);
  send(answer, piece, start, end);
}

/** Goes over the lines from `from` on, where the search for the end of the unfinished line goes on. */
function readLines(answer: AnswerState, from: usize, end: usize, last: bool): void {
  let p = from;
  if (!(answer.flags & EventFlag.Started)) {
    p = block; // the first byte of the stream
    if (!last && end - p < MARK_SIZE && isMarkStart(p, end)) return;
    answer.flags |= EventFlag.Started | EventFlag.FeedStart;
    if (end - p >= MARK_SIZE && (load<u32>(p) & 0xffffff) == BYTE_ORDER_MARK) {
      p += MARK_SIZE;
      block = line = p; // it goes on at once
    }
  }
  while (p < end) {
    if (answer.flags & EventFlag.AfterCarriage) {
      p = afterCarriage(answer, p);
      continue;
    }
    p = lineEnd(p, end);
    if (p == end) return;
    p = takeLine(answer, p, end);
  }
}

/** Whether the bytes may be the beginning of a byte order mark. */
function isMarkStart(at: usize, end: usize): bool {
  const bits = (<u32>(end - at)) << 3;
  const mask: u32 = (1 << bits) - 1;
  return (load<u32>(at) & mask) == (BYTE_ORDER_MARK & mask);
}

/** The byte after a CR that ended a piece. */
function afterCarriage(answer: AnswerState, at: usize): usize {
  answer.flags &= ~EventFlag.AfterCarriage;
  if (load<u8>(at) != LINE_FEED) {
    tear(answer);
    return at;
  }
  endFeedLine(answer);
  if (block == at) block = at + 1; // the event has gone
  line = at + 1;
  return at + 1;
}

/** A line that ends with LF has ended. */
function endFeedLine(answer: AnswerState): void {
  answer.flags = (answer.flags & ~(EventFlag.FeedData | EventFlag.FeedTorn)) | EventFlag.FeedStart;
}

/** A CR without LF: for some clients the line goes on. */
function tear(answer: AnswerState): void {
  answer.flags |= EventFlag.FeedTorn;
  if (answer.flags & EventFlag.FeedData) answer.flags |= EventFlag.Torn;
}

/** Takes the line that ends at `stop`; returns where the next one begins. */
function takeLine(answer: AnswerState, stop: usize, end: usize): usize {
  const next = afterLineEnd(stop, end);
  const isEmpty = stop == line && !(answer.flags & EventFlag.LineOpen);
  noteLine(answer, stop);
  const isComment = stop != line && load<u8>(line) == COLON;
  const isCarriage = load<u8>(stop) == CARRIAGE_RETURN && next == stop + 1;
  if (isCarriage && next < end) tear(answer);
  answer.flags &= ~EventFlag.LineOpen;
  if (isEmpty) endEvent(answer, next);
  else if (isComment && !(answer.flags & (EventFlag.InEvent | EventFlag.Skipping))) block = next;
  if (!isCarriage) endFeedLine(answer);
  else if (next == end) answer.flags |= EventFlag.AfterCarriage;
  line = next;
  return next;
}

/** Notes what the line that ends at `stop` says of its event. */
function noteLine(answer: AnswerState, stop: usize): void {
  const isForSome = isDataForSome(line, stop);
  if (answer.flags & EventFlag.FeedStart) {
    answer.flags &= ~EventFlag.FeedStart;
    if (isForSome) answer.flags |= EventFlag.FeedData;
  }
  if (isData(line, stop)) answer.flags |= EventFlag.HasData;
  else if (isForSome) answer.flags |= EventFlag.Odd;
  if (stop != line && load<u8>(line) != COLON) answer.flags |= EventFlag.InEvent;
}

/** The event ends before `next`. */
function endEvent(answer: AnswerState, next: usize): void {
  if (answer.flags & EventFlag.Skipping) addEdit(block, next, NO_SPAN);
  else filterEvent(answer, block, next, answer.flags);
  answer.flags &= ~(OF_EVENT | EventFlag.Skipping);
  const goesOn = EventFlag.FeedData | EventFlag.FeedTorn;
  if ((answer.flags & goesOn) == goesOn) answer.flags |= EventFlag.Torn;
  block = next;
}

/** What is unfinished at the end of the stream counts as an event: some clients take it for one. */
function endStream(answer: AnswerState, end: usize): void {
  if (line < end) noteLine(answer, end);
  if (block < end && !(answer.flags & EventFlag.Skipping)) filterEvent(answer, block, end, answer.flags);
  block = line = end;
}

/** While an event is left out, nothing of it is carried. */
function leaveOut(answer: AnswerState, end: usize): void {
  if (line < end) answer.flags |= EventFlag.LineOpen;
  if (block < end) addEdit(block, end, NO_SPAN);
  block = line = end;
}

/** There is no memory to carry more of the event: an error takes its place. */
function loseCarried(answer: AnswerState, piece: Span, last: bool): void {
  const isLineOpen = answer.line < answer.size;
  startSkipping(answer, spanStart(piece), Reason.host_error);
  endCarry(answer);
  answer.line = answer.seen = 0;
  if (isLineOpen) answer.flags |= EventFlag.LineOpen;
  takeEvents(answer, piece, last);
}

/** Puts an error at `at`, and leaves out the event to its end. */
function startSkipping(answer: AnswerState, at: usize, reason: i32): void {
  if (answer.flags & EventFlag.Skipping) return;
  refuseEvent(answer, at, at, reason);
  answer.flags |= EventFlag.Skipping;
}

/** Sends what is decided of the text [start, end), and carries the rest. */
function send(answer: AnswerState, piece: Span, start: usize, end: usize): void {
  const size = spanLength(piece);
  const isCarried = answer.size != 0;
  const isWhole = block == end;
  if (isWhole && !isCarried && !editCount()) return remember(answer, 0, 0);
  const decided = block == start && !editCount() ? NO_SPAN : editedText(0, start, block);
  if (isCarried) dropCarried(answer, <u32>(block - start));
  else if (!isWhole && !carry(answer, spanOf(block, <u32>(end - block)), NO_LIMIT)) {
    answer.stage = Stage.Dropping;
  }
  if (ranOut()) answer.stage = Stage.Dropping;
  remember(answer, <u32>(line - block), <u32>(end - block));
  replacePiece(size, ranOut() ? NO_SPAN : decided);
}

/** Where the search for the end of the line goes on when more has come. */
function remember(answer: AnswerState, lineAt: u32, seen: u32): void {
  answer.line = lineAt;
  answer.seen = seen;
}
