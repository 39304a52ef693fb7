// Keys that a lenient parser takes for one another: ASCII case, U+017F for s, U+212A for k (Go's encoding/json), NULs
// left out (GHSA-q382-vc8q-7jhj). A predicate that looks at a member with such a twin beside it may have seen another
// value than the server will, so the request is refused (Reason.ambiguous_key).
import { auxOf, endOf, lengthOf, startOf } from "./cell.ts";
import { charge } from "../runtime/budget.ts";
import { afterPoint, pointAt, sameText } from "./string.ts";

const END: u32 = 0xffffffff;

/** How a key stands to the name that is looked for. */
export const KEY_OTHER: i32 = 0;
export const KEY_TWIN: i32 = 1;
export const KEY_SAME: i32 = 2;

let twin: bool = false;

/** Whether a predicate met a twin of a member that it looked for since `forgetTwins`. */
export function sawTwin(): bool {
  return twin;
}

export function noteTwin(): void {
  twin = true;
}

export function forgetTwins(): void {
  twin = false;
}

/** Compares two string cells as keys: KEY_OTHER, KEY_TWIN or KEY_SAME. */
export function compareKeys(key: usize, name: usize): i32 {
  if (lengthOf(key) && lengthOf(name)) {
    // The first characters tell most keys apart.
    const a = <u32>load<u8>(startOf(key));
    const b = <u32>load<u8>(startOf(name));
    if ((a ^ b) & 0xdf && (a | b) < 0x80 && a != 0x5c && b != 0x5c) return KEY_OTHER;
  }
  if (sameText(key, name)) return KEY_SAME;
  return equalFolded(key, name) ? KEY_TWIN : KEY_OTHER;
}

let next: usize = 0;

/** The folded code point at or behind `at` that is no NUL, or END; `next` is behind it. */
function foldedAt(at: usize, end: usize, escaped: u32): u32 {
  let p = at;
  while (p < end) {
    const point = pointAt(p, end, escaped);
    p = afterPoint();
    if (point == 0) {
      charge(1); // a name full of them is gone through again for every key
      continue;
    }
    next = p;
    if (point - 0x41 < 26) return point | 0x20;
    return point == 0x17f ? 0x73 : point == 0x212a ? 0x6b : point;
  }
  next = p;
  return END;
}

function equalFolded(a: usize, b: usize): bool {
  let p = startOf(a);
  let q = startOf(b);
  while (true) {
    const point = foldedAt(p, endOf(a), auxOf(a));
    p = next;
    if (point != foldedAt(q, endOf(b), auxOf(b))) return false;
    q = next;
    if (point == END) return true;
  }
}
