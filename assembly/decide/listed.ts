// The scopes that a challenge lists, in the order of the rules, each once.
import { charge, isExhausted } from "../runtime/budget.ts";

/** More are not listed: the header has no room for them. */
export const MAX_LISTED: u32 = 2048;

/** The scopes, a u32 each. */
export const listed: usize = memory.data(2048 * 4, 4);
let count: u32 = 0;

/** Begins a list. */
export function beginListed(): void {
  count = 0;
}

/** Adds a scope; false when there is no room for it, or no steps are left. */
export function addListed(scope: u32): bool {
  if (isListed(scope)) return true;
  if (count >= MAX_LISTED || isExhausted()) return false;
  store<u32>(listed + ((<usize>count) << 2), scope);
  count++;
  return true;
}

function isListed(scope: u32): bool {
  charge(count >> 2);
  for (let i: u32 = 0; i < count; i++) if (listedAt(i) == scope) return true;
  return false;
}

export function listedCount(): u32 {
  return count;
}

/** A scope of the list. */
export function listedAt(index: u32): u32 {
  return load<u32>(listed + ((<usize>index) << 2));
}
