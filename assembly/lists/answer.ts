// The answer of the server to a request for a list, or to a GET, whose stream may replay lists. It is never paused: what is not
// decided yet is carried in memory of the VM, and the host is told to go on with less or nothing.
import { Buffer, getBuffer, Headers, removeHeader, Status, value, valueLength } from "../runtime/host.ts";
import { NO_REASON, Reason } from "../program.ts";
import { clear64, reserve } from "../runtime/memory.ts";
import { READ_PADDING } from "../json/reader.ts";
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { NO_SPAN, Span, spanOf } from "../text/span.ts";
import { takeEvents } from "./events.ts";
import { refuseEvent } from "./event.ts";
import { editedText, endEdits } from "./edits.ts";
import { changeHeaders, head, readAnswerHeaders } from "./headers.ts";
import { holdPiece, refuseText, replacePiece } from "./output.ts";
import { AnswerState, Asked, endCarry, Stage } from "./state.ts";
import { takeRest, takeText } from "./text.ts";

const ACCEPT_ENCODING = "accept-encoding";
const NO_CONTENT: u32 = 204;
const NOT_MODIFIED: u32 = 304;

/** Asks the server for an answer that can be read; only until the headers of the request are sent on. */
export function refuseEncodings(): void {
  removeHeader(Headers.Request, bytesOf(ACCEPT_ENCODING), sizeOf(ACCEPT_ENCODING));
}

/** The headers of the answer: how its body is treated. `end`: it has none. */
export function beginAnswer(answer: AnswerState, end: bool): void {
  if (end) {
    answer.stage = Stage.Passing;
    return;
  }
  answer.stage = Stage.Text;
  if (!readAnswerHeaders()) {
    answer.refusal = Reason.host_error; // an error takes the place of the body, as soon as it begins
    return;
  }
  answer.status = head.status;
  const isOther = answer.asked == Asked.Stream && !head.isStream;
  if (isOther || head.status == NO_CONTENT || head.status == NOT_MODIFIED) {
    answer.stage = Stage.Passing;
    return;
  }
  changeHeaders();
  if (head.isStream) answer.stage = Stage.Events;
  if (head.isEncoded) answer.refusal = Reason.content_encoding;
}

/** A piece of `size` bytes of the body; `end`: the last one. */
export function continueAnswer(answer: AnswerState, size: u32, end: bool): void {
  const stage = answer.stage;
  if (stage == Stage.Passing) return;
  if (stage == Stage.Dropping) return holdPiece(size);
  if (answer.refusal != NO_REASON) {
    if (size) refuse(answer, size, answer.refusal);
    endEdits();
    return;
  }
  const piece = size ? readPiece(size) : emptyPiece();
  if (!piece) refuse(answer, size, Reason.host_error);
  else if (stage == Stage.Text) takeText(answer, piece, end);
  else if (stage == Stage.Events) takeEvents(answer, piece, end);
  else if (stage == Stage.Rest) takeRest(answer, piece);
  endEdits();
}

/** The piece, followed by zeros; NO_SPAN when the host fails. */
function readPiece(size: u32): Span {
  if (getBuffer(Buffer.ResponseBody, size) != Status.Ok || valueLength() != size) return NO_SPAN;
  clear64(value() + <usize>size);
  return spanOf(value(), size);
}

/** No bytes, followed by zeros. */
function emptyPiece(): Span {
  const at = reserve(READ_PADDING);
  if (at) clear64(at);
  return spanOf(at, 0);
}

/** Puts an error in place of what has not left yet, and leaves out the rest. */
function refuse(answer: AnswerState, size: u32, reason: i32): void {
  if (answer.stage == Stage.Rest) {
    answer.stage = Stage.Dropping;
    return holdPiece(size);
  }
  if (answer.stage != Stage.Events) return refuseText(answer, size, reason);
  const at = reserve(READ_PADDING);
  if (at) refuseEvent(answer, at, at, reason);
  const error = at ? editedText(0, at, at) : NO_SPAN;
  answer.stage = Stage.Dropping;
  endCarry(answer);
  replacePiece(size, error);
}

/** The trailers have come: nothing can be written any more. */
export function endAnswer(answer: AnswerState): void {
  endCarry(answer);
  answer.stage = Stage.Dropping;
}
