// The reference evaluator against policies that people wrote, with the answers of another evaluator.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callerOf, callOf, readLines, type Case, type RealPolicy } from "./corpus.ts";
import { decide, decideAmong } from "./decide.ts";
import type { Verdict } from "./model.ts";
import { judgeItem } from "./lists.ts";
import { readPolicy } from "./read.ts";

function answer(real: RealPolicy, item: Case): Verdict {
  const caller = callerOf(item);
  if (!real.policies) {
    const policy = readPolicy(real.policy!);
    return decide(policy, callOf(item.call, policy), caller);
  }
  const policies = real.policies.map(readPolicy);
  return decideAmong(policies, callOf(item.call, policies[0]!), caller);
}

const FILES = ["real-policies.jsonl", "real-policies-settled.jsonl"];

for (const file of FILES)
  for (const real of readLines<RealPolicy>(file))
    for (const item of real.cases)
      test(`${real.id}: ${item.name}`, () => {
        const verdict = answer(real, item);
        const { expect } = item;
        const wanted = { ...expect, ...(expect.scopes && { scopes: expect.scopes.toSorted() }) };
        const got = Object.fromEntries(Object.keys(wanted).map((key) => [key, verdict[key as keyof Verdict]]));
        assert.deepEqual(got, wanted);
      });

for (const real of FILES.flatMap((file) => readLines<RealPolicy>(file)))
  for (const [i, item] of (real.lists ?? []).entries())
    test(`${real.id}: list ${i}`, () => {
      const policy = readPolicy(real.policy!);
      const judged = item.names.map((name) => [name, judgeItem(policy, item.kind, name, callerOf(item)).outcome]);
      assert.deepEqual(Object.fromEntries(judged), item.expect);
    });
