// The token's scopes as they are written in it, in order, whether or not the policy knows them.
import { sameBytes } from "../text/ascii.ts";
import { Span, spanLength, spanStart } from "../text/span.ts";
import { charge } from "../runtime/budget.ts";
import { reserve } from "../runtime/memory.ts";

const MAX_NAMED: u32 = 8192;
const FIRST_ROOM: u32 = 32;

// A Span each.
const firstNames: usize = memory.data(8 * 32, 8);
let names: usize = firstNames;
let count: u32 = 0;
let room: u32 = FIRST_ROOM;
let partial: bool = false; // not all of them could be kept

/** Forgets the token before. */
export function clearNamed(): void {
  names = firstNames;
  count = 0;
  room = FIRST_ROOM;
  partial = false;
}

/** Takes one scope of the token. */
export function addNamed(name: Span): void {
  if (count >= MAX_NAMED || (count == room && !enlarge())) {
    partial = true;
    return;
  }
  store<u64>(names + ((<usize>count) << 3), name);
  count++;
}

function enlarge(): bool {
  const wanted = room * 2;
  const fresh = reserve(wanted << 3);
  if (!fresh) return false;
  memory.copy(fresh, names, (<usize>count) << 3);
  names = fresh;
  room = wanted;
  return true;
}

/** Whether the token has more scopes than could be kept. */
export function isPartial(): bool {
  return partial;
}

/** How many scopes the token lists. */
export function tokenScopes(): u32 {
  return count;
}

/** A scope of the token, as it is written there. */
export function tokenScope(index: u32): Span {
  return load<u64>(names + ((<usize>index) << 3));
}

/** Whether the token itself lists a scope. */
export function isNamed(scope: Span): bool {
  charge(count);
  for (let i: u32 = 0; i < count; i++) {
    const name = tokenScope(i);
    const length = spanLength(name);
    if (length == spanLength(scope) && sameBytes(spanStart(name), spanStart(scope), length)) return true;
  }
  return false;
}
