// Lists as the filter judges them: against brute force, against the reference, and against policies that people wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { Choice, seeded } from "../support/random.ts";
import { BUILT } from "./built.ts";
import { callerOf, payloadOf, readLines, type RealPolicy, type ShortCaller } from "./corpus.ts";
import { itemsByFilter } from "./filter.ts";
import { Generator, type Shape } from "./generator.ts";
import { checkTools, type JudgeList } from "./list-promise.ts";
import { judgeItem, type ListKind } from "./lists.ts";
import type { Policy } from "./model.ts";
import { readPolicy } from "./read.ts";

const SEED = Number(process.env["SEED"] ?? 20261129);
const NAMES: Record<ListKind, string[]> = {
  tools: ["get_one", "get_two", "set_one", "fs__set_two", "other"],
  prompts: ["greet", "bye", "other"],
  resources: ["file:///pub/a", "file:///pub/x/b", "file:///priv/a", "file:///pub/../a", "x://y"],
  resourceTemplates: ["file:///pub/{x}", "file:///{x}", "{+all}", "file:///priv/{x}", "x://{y}", "file:///pub/a"],
};

const byFilter: JudgeList = (document, kind, names, caller) =>
  itemsByFilter(document, kind, names, caller).map(({ name, outcome }) => ({ name: name!, outcome }));

for (const shape of ["flat", "hierarchy", "read"] satisfies Shape[])
  test(`the filter's lists keep what they promise, and agree with the reference: ${shape} (seed ${SEED})`, (t) => {
    const choice = new Choice(seeded(SEED));
    const seen: Record<string, number> = { callable: 0, obtainable: 0, never: 0 };
    for (let round = 0; round < 60; round++) {
      const generator = new Generator(choice, choice.some(BUILT, 0.5), shape);
      const document = generator.policy();
      const policy = readPolicy(document);
      const caller = { scopes: [], ...generator.caller() };
      checkTools(byFilter, document, NAMES.tools, caller);
      for (const kind of Object.keys(NAMES) as ListKind[])
        for (const { name, outcome, scopes = [] } of itemsByFilter(document, kind, NAMES[kind], caller)) {
          const wanted = judgeItem(policy, kind, name!, callerOf(caller));
          const story = JSON.stringify({ kind, name, document, caller });
          assert.equal(outcome, wanted.outcome, story);
          seen[outcome]!++;
          if (shape === "read") continue; // of equal sets another may be asked for
          const asked = (wanted.scopes ?? []).filter((scope) => !scopes.includes(scope));
          const isOneOfEqual = scopes.length === wanted.scopes?.length;
          // Of the URIs of a template another one may need as few.
          const opens = kind === "resourceTemplates" && isCallableWith(policy, kind, name!, caller, scopes);
          assert.ok(
            asked.length === 0 || isOneOfEqual || opens,
            `${scopes.join()}, not ${wanted.scopes?.join()}: ${story}`,
          );
        }
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(Object.values(seen).every((count) => count > 30));
  });

/** Whether the item is callable once the caller has these scopes, too. */
function isCallableWith(policy: Policy, kind: ListKind, name: string, caller: ShortCaller, scopes: string[]): boolean {
  const payload = payloadOf(caller) ?? {};
  const scope = [payload["scope"] ?? "", ...scopes].join(" ");
  return judgeItem(policy, kind, name, callerOf({ ...caller, payload: { ...payload, scope } })).outcome === "callable";
}

/** Lists of policies in words that are not built yet. One that agrees is to be taken off. */
const NOT_YET: Record<string, string> = {};

function listsAgree(real: RealPolicy, item: NonNullable<RealPolicy["lists"]>[number]): void {
  const judged = byFilter(real.policy!, item.kind, item.names, item);
  assert.deepEqual(Object.fromEntries(judged.map(({ name, outcome }) => [name, outcome])), item.expect);
}

for (const real of ["real-policies.jsonl", "real-policies-settled.jsonl"].flatMap((file) =>
  readLines<RealPolicy>(file),
))
  for (const [i, item] of (real.lists ?? []).entries()) {
    const name = `${real.id}: list ${i}`;
    const isBuilt = !Array.isArray(loadDocument(real.policy!)); // others the compiler refuses: tests/field names them
    if (!isBuilt) continue;
    test(name, () => {
      if (name in NOT_YET) assert.throws(() => listsAgree(real, item), `${name} is to be taken off the list`);
      else listsAgree(real, item);
    });
  }
