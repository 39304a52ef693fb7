// What a caller could do with an item of a list: docs/lists.md. The item is judged as a call of it whose arguments are
// not known.
import { smallestGrant } from "./challenge.ts";
import { toolOf } from "./corpus.ts";
import { isMalformed, worldOf } from "./decide.ts";
import { isGoverned } from "./match.ts";
import type { Call, Caller, Policy, World } from "./model.ts";
import { openedBy, withToken } from "./nobody.ts";
import { isAllowed } from "./rules.ts";

export type ListKind = "tools" | "prompts" | "resources" | "resourceTemplates";

export interface Item {
  outcome: "callable" | "obtainable" | "never";
  /** Of an obtainable item what a challenge would list; absent where a part of it depends on arguments. */
  scopes?: string[];
}

/** How an item comes out: by the best of the calls that use it. */
export function judgeItem(policy: Policy, kind: ListKind, name: string, caller: Caller): Item {
  const items = callsOf(policy, kind, name).map((call) => judgeCall(policy, call, caller));
  for (const outcome of ["callable", "obtainable"] as const) {
    const found = items.find((item) => item.outcome === outcome);
    if (found) return found;
  }
  return { outcome: "never" };
}

function callsOf(policy: Policy, kind: ListKind, name: string): Call[] {
  if (kind === "tools") return [{ method: "tools/call", name, ...toolOf(name, undefined, policy) }];
  if (kind === "prompts") return [{ method: "prompts/get", prompt: name }];
  const methods = ["resources/read", "resources/subscribe", "resources/unsubscribe"];
  if (kind === "resources") return methods.map((method) => ({ method, uri: name }));
  const [beginning = ""] = name.split("{");
  return methods.map((method) => ({ method, uri: beginning, isOpen: beginning !== name }));
}

function judgeCall(policy: Policy, call: Call, caller: Caller): Item {
  if (isMalformed(policy, call)) return { outcome: "never" };
  const world: World = { ...worldOf(policy, call, caller), unknown: { args: true, claims: false } };
  const governed = isGoverned(policy, call.method);
  if (world.token) return governed ? judgeHeld(world) : { outcome: "callable" };
  const opened = openedBy(world);
  if (opened && opened.blockers.length === 0) return { outcome: "callable" };
  const later = withToken(world);
  if (!governed || isAllowed(later)) return { outcome: "obtainable", scopes: [] };
  return obtainable(later);
}

function judgeHeld(world: World): Item {
  return isAllowed(world) ? { outcome: "callable" } : obtainable(world);
}

function obtainable(world: World): Item {
  const grant = smallestGrant(world);
  if (!grant) return { outcome: "never" };
  return { outcome: "obtainable", ...(!grant.open && { scopes: grant.listed }) };
}
