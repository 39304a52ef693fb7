// What every decision must keep, whoever decides: it is the reference's, and its challenge is sound, smallest and complete.
import assert from "node:assert/strict";
import { smallestSets, universe, dependsOnScopes } from "./challenge.ts";
import { callerOf, callOf, payloadOf, type ShortCall, type ShortCaller } from "./corpus.ts";
import { decide as reference, worldOf } from "./decide.ts";
import type { RandomCase } from "./generator.ts";
import type { Policy } from "./model.ts";
import { readPolicy } from "./read.ts";
import { holding, holds, implies } from "./token.ts";

export interface Answer {
  decision: string;
  reason: string;
  rule: string | null;
  requiredScopes: string[] | null;
}

/** Who decides: the filter, or whatever is to agree with the reference. */
export type Decide = (policy: object, call: ShortCall, caller: ShortCaller) => Answer;

/** Counts of what was seen, so that a run that meets nothing fails. */
export interface Tally {
  cases: number;
  denials: number;
  challenges: number;
}

/** Checks one case. `flat`: no scope implies another, so that the challenge is smallest among all sets. */
export function checkCase(
  decide: Decide,
  { policy: document, call, caller }: RandomCase,
  flat: boolean,
  tally: Tally,
): void {
  const policy = readPolicy(document);
  const want = reference(policy, callOf(call, policy), callerOf(caller));
  const got = decide(document, call, caller);
  const story = `\n${JSON.stringify({ want, got, document, call, caller })}`;
  tally.cases++;
  const fine = [want, ...(want.ties ?? [])].map(({ rule, scopes }) => ({ rule, scopes }));
  const same = fine.filter(({ rule, scopes }) => rule === got.rule && isSame(scopes, got.requiredScopes));
  assert.deepEqual([got.decision, got.reason], [want.decision, want.reason], story);
  assert.ok(same.length > 0, `another rule or other scopes${story}`);
  if (got.decision !== "deny") return;
  tally.denials++;
  checkChallenge(decide, { policy: document, call, caller }, got, flat, story);
  if (got.requiredScopes) tally.challenges++;
}

const isSame = (a: string[] | null, b: string[] | null): boolean =>
  JSON.stringify(a?.toSorted() ?? null) === JSON.stringify(b?.toSorted() ?? null);

function checkChallenge(decide: Decide, item: RandomCase, got: Answer, flat: boolean, story: string): void {
  const payload = payloadOf(item.caller);
  if (!payload) return;
  const policy = readPolicy(item.policy);
  const world = worldOf(policy, callOf(item.call, policy), callerOf(item.caller));
  const sets = smallestSets(world, universe(world));
  if (!got.requiredScopes) return assert.deepEqual(sets, [], `no challenge, but a grant helps${story}`);
  const scopes = [...world.raw, ...got.requiredScopes];
  const after = decide(item.policy, item.call, { ...item.caller, payload: { ...payload, scope: scopes.join(" ") } });
  assert.equal(after.decision, "allow", `granting the challenge does not help${story}`);
  const missing = missingOf(policy, world.raw, got.requiredScopes);
  if (flat || dependsOnScopes(policy)) assert.equal(missing.length, sets[0]?.length, `a smaller grant helps${story}`);
}

function missingOf(policy: Policy, raw: string[], scopes: string[]): string[] {
  const held = holding(policy, raw);
  const missing = scopes.filter((scope) => !holds(held, scope));
  return missing.filter((scope) => !missing.some((other) => implies(policy, other, scope)));
}

/** The reference as its own judge. */
export const byReference: Decide = (document, call, caller) => {
  const policy = readPolicy(document);
  const { scopes, ...verdict } = reference(policy, callOf(call, policy), callerOf(caller));
  return { ...verdict, requiredScopes: scopes };
};
