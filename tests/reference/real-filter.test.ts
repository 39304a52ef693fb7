// The filter against policies that people wrote, as far as it has the words that they use.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocuments } from "../../scripts/evaluate/load.ts";
import type { Result } from "../../scripts/evaluate/result.ts";
import { BUILT } from "./built.ts";
import { constructsOf } from "./constructs.ts";
import { readLines, type Case, type RealPolicy } from "./corpus.ts";
import { byFilter, evalRequest } from "./filter.ts";
import { CONSTRUCTS } from "./generator.ts";
import type { Answer } from "./promise.ts";

const engine = new Engine();

function answer({ policy, policies }: RealPolicy, item: Case): Answer | Result {
  if (policy) return byFilter(policy, item.call, item);
  const loaded = loadDocuments(policies!);
  assert.ok(!Array.isArray(loaded), String(loaded));
  return engine.evaluate(loaded, evalRequest(policies![0]!, item.call, item));
}

const FILES = ["real-policies.jsonl", "real-policies-settled.jsonl"];
const all = FILES.flatMap((file) => readLines<RealPolicy>(file));
const missing = (real: RealPolicy): string[] =>
  [real.policy ?? [], real.policies ?? []]
    .flat()
    .flatMap((document) => constructsOf(document))
    .filter((one) => !BUILT.includes(one));

/** Cases that come out otherwise today. One that comes out right is to be taken off. */
const NOT_YET: Record<string, string> = {};

for (const real of all.filter((one) => missing(one).length === 0))
  for (const item of real.cases)
    test(`${real.id}: ${item.name}`, () => {
      const isRight = (): void => check(real, item);
      if (`${real.id}: ${item.name}` in NOT_YET) assert.throws(isRight, "it is right: take it off the list");
      else isRight();
    });

function check(real: RealPolicy, item: Case): void {
  const { requiredScopes, ...got } = answer(real, item) as Result;
  const { scopes, ...wanted } = item.expect;
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, got[key as keyof typeof got]])), wanted);
  if (scopes !== undefined) assert.deepEqual(requiredScopes?.toSorted() ?? null, scopes?.toSorted() ?? null);
}

test("the others wait for words that the filter does not have yet", (t) => {
  const waiting = all.filter((real) => missing(real).length > 0);
  t.diagnostic(`${all.length - waiting.length} policies are judged, ${waiting.length} are not`);
  assert.equal(waiting.length > 0, BUILT.length < CONSTRUCTS.length);
});
