// Whether some reader could find a `result` in a text that is no JSON, or not for every reader: the name in any spelling that
// a lenient parser takes for it (json/members.ts), escaped or not.
import { bytesOf, sizeOf } from "../text/ascii.ts";
import { decodeHex4 } from "../text/escape.ts";
import { BACKSLASH, CASE_BIT, LOWER_R, LOWER_S, LOWER_U, NUL, UPPER_A } from "../text/chars.ts";

const NAME = "result";
const LONG_S: u32 = 0x17f;
/** LONG_S in UTF-8, the first byte lowest. */
const LONG_S_BYTES: u32 = 0xbfc5;

/** Whether the bytes from `start` to `end` may hold one. */
export function mayHoldResult(start: usize, end: usize): bool {
  let matched: u32 = 0;
  let p = start;
  while (p < end) {
    let code = <u32>load<u8>(p);
    let size: usize = 1;
    if (code == BACKSLASH && p + 6 <= end && load<u8>(p, 1) == LOWER_U) {
      code = decodeHex4(p + 2);
      size = 6;
    } else if (p + 2 <= end && load<u16>(p) == LONG_S_BYTES) {
      code = LONG_S;
      size = 2;
    }
    p += size;
    if (code == NUL) continue;
    code = code == LONG_S ? LOWER_S : code - UPPER_A < 26 ? code | CASE_BIT : code;
    if (code == <u32>load<u8>(bytesOf(NAME) + <usize>matched)) matched++;
    else matched = code == LOWER_R ? 1 : 0;
    if (matched == sizeOf(NAME)) return true;
  }
  return false;
}
