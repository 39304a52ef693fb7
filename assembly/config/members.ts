// Members of the configuration text, which the strict reader has accepted.
import { NONE } from "../program.ts";
import { isText } from "../text/ascii.ts";
import { COMMA, QUOTE } from "../text/chars.ts";
import { NO_SPAN, Span, spanBetween } from "../text/span.ts";
import { readValue } from "../json/reader.ts";
import { skipWhitespace } from "../json/walk.ts";

/** The text of the value of the member `name` of the object at `object`; NO_SPAN when it has no such member. */
export function findMember(object: usize, name: Ascii): Span {
  let p = skipWhitespace(object + 1);
  while (load<u8>(p) == QUOTE) {
    const keyEnd = readValue(p, NONE);
    if (!keyEnd) return NO_SPAN;
    const start = skipWhitespace(skipWhitespace(keyEnd) + 1);
    const end = readValue(start, NONE);
    if (!end) return NO_SPAN;
    if (isText(p + 1, <u32>(keyEnd - p) - 2, name)) return spanBetween(start, end);
    p = skipWhitespace(end);
    if (load<u8>(p) == COMMA) p = skipWhitespace(p + 1);
  }
  return NO_SPAN;
}
