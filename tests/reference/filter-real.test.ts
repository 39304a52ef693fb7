// The filter against policies that people wrote, with the answers of another evaluator. A policy in words that are not built
// yet is refused by the compiler.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { BUILT } from "./built.ts";
import { readLines, type Case, type RealPolicy } from "./corpus.ts";
import { byFilter } from "./filter.ts";

function checkCase(document: object, item: Case): void {
  const { expect } = item;
  const { requiredScopes, ...verdict } = byFilter(document, item.call, item);
  const got = { ...verdict, scopes: requiredScopes?.toSorted() ?? null };
  const wanted = { ...expect, ...(expect.scopes && { scopes: expect.scopes.toSorted() }) };
  const told = Object.fromEntries(Object.keys(wanted).map((key) => [key, got[key as keyof typeof got]]));
  assert.deepEqual(told, wanted);
}

/** Until the time is built, a predicate may read any member of `request`: it is missing. */
const readsTime = (policy: object): boolean =>
  !BUILT.includes("time") && JSON.stringify(policy).includes("request.time");

let tried = 0;
for (const file of ["real-policies.jsonl", "real-policies-settled.jsonl"])
  for (const { id, policy, cases } of readLines<RealPolicy>(file)) {
    if (!policy || Array.isArray(loadDocument(policy)) || readsTime(policy)) continue;
    tried += cases.length;
    for (const item of cases) test(`${id}: ${item.name}`, () => checkCase(policy, item));
  }

test("most of them are tried", () => assert.ok(tried >= 230, `${tried} calls`));
