// For whom the lists of an answer are filtered: the token and the headers of the request, which were saved with the stream. The
// token is read when the first item asks for it, once in a callback.
import { openBody } from "../config/config.ts";
import { openModes } from "../decide/modes.ts";
import { openHeaders } from "../request/headers.ts";
import { NO_SPAN, Span, spanLength } from "../text/span.ts";
import { readToken } from "../token/claims.ts";

let token: Span = NO_SPAN;
let isRead: bool = false;
let isSound: bool = false;

/** Uses what was saved, from `headers` on with `size` bytes of them, and begins a body: slots, scopes and steps are new. */
export function openCaller(headers: usize, size: u32, payload: Span): void {
  openHeaders(headers, size);
  openModes(payload);
  openBody(size + spanLength(payload));
  token = payload;
  isRead = false;
}

/** Reads the token unless it was read in this callback; false when that is not possible. */
export function readCaller(): bool {
  if (!isRead) {
    isRead = true;
    isSound = readToken(token);
  }
  return isSound;
}
