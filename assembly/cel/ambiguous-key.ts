// Ambiguous keys: those that a lenient parser takes for one another, by ASCII case, U+017F for s, U+212A for k (Go's
// encoding/json), or with NULs left out (GHSA-q382-vc8q-7jhj), or _ and - (readers that match "smartly"). A predicate that looks up a member beside which there is
// such a key may have seen another value than the server will, so the request is refused (Reason.ambiguous_key).
// json/ambiguous-keys.ts has those of the members that the policy names, whether or not a predicate looks at them; here
// are those that predicates have looked at.
import { Reason } from "../program.ts";
import { auxOf, endOf, lengthOf, startOf } from "./cell.ts";
import { charge } from "../runtime/budget.ts";
import { BACKSLASH, CASE_BIT, LOWER_K, LOWER_S, MINUS, NUL, UNDERSCORE, UPPER_A } from "../text/chars.ts";
import { Point, codeOf, pointEnd, pointOf } from "../text/point.ts";
import { pointAt, sameText } from "./string.ts";

const LONG_S: u32 = 0x17f;
const KELVIN_SIGN: u32 = 0x212a;
/** In place of a code point, when there is none left. */
const END: u32 = 0xffffffff;

/** How a key compares to the name that is looked up. */
export enum Match {
  None = 0,
  Ambiguous = 1,
  Same = 2,
}

let met: bool = false;
let metWide: bool = false;

/**
 * Whether a predicate, since the body was begun, has looked up what the server may read as another value: a member beside
 * which there is an ambiguous key, or a number with more digits than readers agree on.
 */
export function metAmbiguousKey(): bool {
  return met || metWide;
}

/** The Reason for that. */
export function ambiguity(): Reason {
  return met ? Reason.ambiguous_key : Reason.number_range;
}

/** A predicate has read such a number. */
export function meetWideNumber(): void {
  metWide = true;
}

/** A predicate has looked up such a member. */
export function meetAmbiguousKey(): void {
  met = true;
}

/** Begins a body. Only resetVm calls this. */
export function forgetAmbiguousKeys(): void {
  met = false;
  metWide = false;
}

/** Compares two string cells as keys. */
export function matchKeys(key: usize, name: usize): Match {
  if (lengthOf(key) && lengthOf(name) && differsAtOnce(<u32>load<u8>(startOf(key)), <u32>load<u8>(startOf(name)))) {
    return Match.None;
  }
  if (sameText(key, name)) return Match.Same;
  return equalFolded(key, name) ? Match.Ambiguous : Match.None;
}

/** Whether two keys with these first bytes are surely unlike: ASCII that is read as it is, and differs in more than case. */
// @ts-ignore: decorator
@inline
function differsAtOnce(a: u32, b: u32): bool {
  return ((a ^ b) & ~CASE_BIT) != 0 && (a | b) < 0x80 && isOrdinary(a) && isOrdinary(b);
}

// @ts-ignore: decorator
@inline
function isOrdinary(byte: u32): bool {
  return byte != BACKSLASH && !isLeftOut(byte);
}

/** Whether a lenient reader leaves a character out. */
// @ts-ignore: decorator
@inline
function isLeftOut(code: u32): bool {
  return code == NUL || code == UNDERSCORE || code == MINUS;
}

/** The first code point from `at` on that is not left out, folded; END when there is none. */
function foldedAt(at: usize, end: usize, escaped: u32): Point {
  let p = at;
  while (p < end) {
    const point = pointAt(p, end, escaped);
    const code = codeOf(point);
    p = pointEnd(point);
    if (!isLeftOut(code)) return pointOf(foldCode(code), p);
    charge(1); // a name full of them is gone through again for every key
  }
  return pointOf(END, p);
}

function foldCode(code: u32): u32 {
  if (code - UPPER_A < 26) return code | CASE_BIT;
  return code == LONG_S ? LOWER_S : code == KELVIN_SIGN ? LOWER_K : code;
}

function equalFolded(a: usize, b: usize): bool {
  let p = startOf(a);
  let q = startOf(b);
  while (true) {
    const left = foldedAt(p, endOf(a), auxOf(a));
    const right = foldedAt(q, endOf(b), auxOf(b));
    if (codeOf(left) != codeOf(right)) return false;
    if (codeOf(left) == END) return true;
    p = pointEnd(left);
    q = pointEnd(right);
  }
}
