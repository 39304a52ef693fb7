// What a list must keep: no item is hidden that some call could use, and none is shown as callable that no call could use,
// unless that depends on arguments. By brute force over small sets of arguments and of grants.
import assert from "node:assert/strict";
import { granted } from "./challenge.ts";
import { callerOf, type ShortCaller, toolOf } from "./corpus.ts";
import { worldOf } from "./decide.ts";
import type { ListKind } from "./lists.ts";
import type { Call, Json, Policy, Rule, World } from "./model.ts";
import { openedBy, withToken } from "./nobody.ts";
import { readPolicy } from "./read.ts";
import { isAllowed } from "./rules.ts";
import { neededOf } from "./scopes.ts";

export interface ShownItem {
  name: string;
  outcome: string;
}

/** Who judges a list: the reference, or the filter by `eval` with a response. */
export type JudgeList = (policy: object, kind: ListKind, names: string[], caller: ShortCaller) => ShownItem[];

const some = (key: string, values: Json[]): object[] => [{}, ...values.map((value) => ({ [key]: value }))];
const ARGUMENTS = [
  undefined,
  ...some("n", [1, 2, "x"]).flatMap((n) => some("o", ["x", "zz"]).map((o) => ({ ...n, ...o }) as Json)),
];

/** Grants to try: each scope alone, and for each rule all that it and the requirements ask for. */
function grants(world: World): string[][] {
  const { rules, implies } = world.policy;
  const asked = ({ scopes }: Rule): string[] => scopes.flatMap((one) => neededOf(one, world).map(({ text }) => text));
  const required = rules.filter(({ action }) => action === "Require").flatMap(asked);
  const whole = rules.map((rule) => [...required, ...asked(rule)]);
  const known = new Set([...whole.flat(), ...implies.keys()]);
  return [[], required, ...whole, ...[...known].map((scope) => [scope])];
}

/** Checks a list of tools against every call and grant. */
export function checkTools(judge: JudgeList, document: object, names: string[], caller: ShortCaller): void {
  const policy = readPolicy(document);
  for (const { name, outcome } of judge(document, "tools", names, caller)) {
    const story = `${name} is ${outcome}\n${JSON.stringify({ document, caller })}`;
    const worlds = ARGUMENTS.map((args) => worldOf(policy, callOf(policy, name, args), callerOf(caller)));
    if (worlds.some(isOpen)) assert.equal(outcome, "callable", `a call is allowed: ${story}`);
    else if (worlds.some(isObtainable)) assert.notEqual(outcome, "never", `a grant helps: ${story}`);
  }
}

const callOf = (policy: Policy, name: string, args: Json | undefined): Call => ({
  method: "tools/call",
  name,
  ...toolOf(name, undefined, policy),
  args,
});

function isOpen(world: World): boolean {
  return world.token ? isAllowed(world) : openedBy(world)?.blockers.length === 0;
}

function isObtainable(world: World): boolean {
  const later = world.token ? world : withToken(world);
  return grants(later).some((scopes) => isAllowed(granted(later, scopes)));
}
