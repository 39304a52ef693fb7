// One answer of the server that may have a list: its body and trailers. It is never paused.
import { Reason } from "./program.ts";
import { configNumber } from "./config/config.ts";
import { Context } from "./runtime/contexts.ts";
import { CONTINUE, savedToken } from "./filter.ts";
import { continueAnswer, endAnswer } from "./lists/answer.ts";
import { openCaller } from "./lists/caller.ts";
import { AnswerState } from "./lists/state.ts";

/** A piece of the body, `size` bytes. */
export function onResponseBody(stream: Context, size: u32, end: bool): i32 {
  const answer = changetype<AnswerState>(stream.answer);
  // What was saved under another configuration says nothing under this one.
  if (stream.config != configNumber()) answer.refusal = Reason.host_error;
  openCaller(stream.block, stream.size, savedToken(stream));
  continueAnswer(answer, size, end);
  return CONTINUE;
}

export function onResponseTrailers(stream: Context): i32 {
  if (stream.answer) endAnswer(changetype<AnswerState>(stream.answer));
  return CONTINUE;
}
