// Where a JSON text closes that arrives in pieces: brackets are counted, strings passed over. Whether it is JSON at all is not
// looked at.
import { AnswerState } from "./state.ts";
import { BACKSLASH, CASE_BIT, CLOSE_BRACE, OPEN_BRACE, QUOTE } from "../text/chars.ts";

const INSIDE: u32 = 1;
const ESCAPED: u32 = 2;

/** Goes over the bytes from `start` to `end`; returns the address after the bracket that closes the text, 0 without one. */
export function findClosing(answer: AnswerState, start: usize, end: usize): usize {
  let p = start;
  let depth = answer.depth;
  let quote = answer.quote;
  while (p < end) {
    if (quote == ESCAPED) {
      quote = INSIDE;
      p++;
      continue;
    }
    p = nextSign(p, end, quote == INSIDE);
    if (p >= end) break;
    const c = <u32>load<u8>(p++);
    if (c == QUOTE) quote ^= INSIDE;
    else if (c == BACKSLASH) quote = ESCAPED;
    else if ((c | CASE_BIT) == OPEN_BRACE) depth++;
    else if (--depth == 0) return p;
  }
  answer.depth = depth;
  answer.quote = quote;
  return 0;
}

/** The next quote or backslash inside a string, the next quote or bracket outside; not before `end` when there is none. */
function nextSign(at: usize, end: usize, isInside: bool): usize {
  const quote = i8x16.splat(<i8>QUOTE);
  const slash = i8x16.splat(<i8>BACKSLASH);
  const bit = i8x16.splat(<i8>CASE_BIT);
  const opening = i8x16.splat(<i8>OPEN_BRACE);
  const closing = i8x16.splat(<i8>CLOSE_BRACE);
  for (let p = at; p < end; p += 16) {
    const v = v128.load(p);
    const folded = v128.or(v, bit);
    const others = isInside ? i8x16.eq(v, slash) : v128.or(i8x16.eq(folded, opening), i8x16.eq(folded, closing));
    const found = i8x16.bitmask(v128.or(i8x16.eq(v, quote), others));
    if (found) return p + <usize>ctz(found);
  }
  return end;
}
