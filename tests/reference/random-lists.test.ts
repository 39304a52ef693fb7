// Random policies and callers: what a list shows, against every call of a small world.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice, seeded } from "../support/random.ts";
import { callerOf } from "./corpus.ts";
import { CONSTRUCTS, Generator, type Shape } from "./generator.ts";
import { checkTools, type JudgeList } from "./list-promise.ts";
import { judgeItem } from "./lists.ts";
import { readPolicy } from "./read.ts";

const SEED = Number(process.env["SEED"] ?? 20261129);
const NAMES = ["get_one", "get_two", "set_one", "fs__set_two", "other"];

/** The reference judges itself; a judge that asks the filter takes its place once there is one. */
const byReference: JudgeList = (document, kind, names, caller) => {
  const policy = readPolicy(document);
  return names.map((name) => ({ name, ...judgeItem(policy, kind, name, callerOf(caller)) }));
};

for (const shape of ["flat", "hierarchy", "read"] satisfies Shape[])
  test(`lists keep what they promise: ${shape} (seed ${SEED})`, (t) => {
    const choice = new Choice(seeded(SEED));
    const seen: Record<string, number> = { callable: 0, obtainable: 0, never: 0 };
    const counting: JudgeList = (...asked) => {
      const items = byReference(...asked);
      for (const { outcome } of items) seen[outcome]!++;
      return items;
    };
    for (let round = 0; round < 60; round++) {
      const generator = new Generator(choice, choice.some(CONSTRUCTS, 0.5), shape);
      const policy = generator.policy();
      for (let i = 0; i < 2; i++) checkTools(counting, policy, NAMES, generator.caller());
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(Object.values(seen).every((count) => count > 30));
  });
