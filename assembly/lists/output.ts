// Writing to the client. The stream may be deleted inside these calls, so what is known of an answer is put in order before.
import { Buffer, setBuffer } from "../runtime/host.ts";
import { begin, finish } from "../text/writer.ts";
import { NO_SPAN, Span, spanLength, spanStart } from "../text/span.ts";
import { ERROR_SIZE, putError } from "./errors.ts";
import { countRefusal } from "./counters.ts";
import { AnswerState, endCarry, idOf, Stage } from "./state.ts";

/** Puts a text in place of the piece of `size` bytes that has come. */
export function replacePiece(size: u32, text: Span): void {
  if (size || spanLength(text)) setBuffer(Buffer.ResponseBody, size, spanStart(text), spanLength(text));
}

/** Holds the piece back. */
export function holdPiece(size: u32): void {
  replacePiece(size, NO_SPAN);
}

/** Puts an error in place of the whole answer, of which nothing has left. */
export function refuseText(answer: AnswerState, size: u32, reason: i32): void {
  countRefusal(reason);
  const id = idOf(answer);
  begin(ERROR_SIZE + spanLength(id));
  putError(id, reason);
  answer.stage = Stage.Dropping;
  endCarry(answer);
  replacePiece(size, finish());
}
