// The fuzz suites of scripts/fuzz for a few seconds each, what they found before, and their oracles against recorded
// results. `npm run test:fuzz` runs them for longer and with other seeds.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "../../scripts/compiler/cel/parser.ts";
import { Problems } from "../../scripts/compiler/cel/problems.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { truthOf } from "../../scripts/fuzz/cel-reference.ts";
import { fromJson, type Value } from "../../scripts/fuzz/cel-values.ts";
import { readCorpus } from "../../scripts/fuzz/corpus.ts";
import { readStrict } from "../../scripts/fuzz/reader.ts";
import { runSuite } from "../../scripts/fuzz/run.ts";
import { SUITES } from "../../scripts/fuzz/suites.ts";
import type { Suite } from "../../scripts/fuzz/suite.ts";
import { readCases, toJson } from "../support/cases.ts";

const SEED = Number(process.env["SEED"] ?? 20261123);
const SECONDS = 5;

/** The least number of each outcome, so that no suite tests nothing. */
const LEAST: Record<string, Record<string, number>> = {
  bodies: { allow: 20, deny: 20, reject: 100 },
  headers: { allow: 20, deny: 50, reject: 100, unauthenticated: 5 },
  programs: { taken: 20, refused: 50 },
  expressions: { true: 30, false: 30, error: 50 },
  regexes: { match: 100, "no match": 100 },
};

describe(`random inputs (seed ${SEED})`, () => {
  for (const name of Object.keys(SUITES))
    test(name, async (t) => {
      const { rounds, findings, counts } = await runSuite(name, { seed: SEED, seconds: SECONDS });
      t.diagnostic(`${name}: ${rounds} rounds`);
      const reported = findings.map(
        ({ seed, problem }) => `${problem} (npm run test:fuzz -- --suite ${name} --seed ${seed} --rounds 1)`,
      );
      assert.deepEqual(reported, []);
      for (const [outcome, least] of Object.entries(LEAST[name]!))
        assert.ok((counts[outcome] ?? 0) >= least, `${outcome}: only ${counts[outcome] ?? 0} in ${rounds} rounds`);
    });
});

describe("inputs that were once handled incorrectly", () => {
  const suites = new Map<string, Suite>();
  for (const { file, suite: name, problem, input } of readCorpus())
    test(`${file}: ${problem}`, async () => {
      const suite = suites.get(name) ?? SUITES[name]!();
      suites.set(name, suite);
      assert.equal(await suite.check(input), undefined);
    });
  test("all of them have been replayed", () => {
    for (const suite of suites.values()) suite.stop?.();
    assert.ok(readCorpus().length >= suites.size && suites.size >= 4);
  });
});

interface CelCase {
  section: string;
  expr: string;
  args?: unknown;
  args_raw?: string;
  meta?: unknown;
  claims?: { scope?: unknown; scp?: unknown; [name: string]: unknown } | null;
  expected: string;
  drift?: object;
  ext?: string[];
}

/** The result of the reference evaluator; undefined if the case is not for it. */
function referenceAnswer(item: CelCase): string | undefined {
  const rules = [{ action: "Allow", target: { tools: ["t"] }, when: item.expr }];
  if (Array.isArray(loadDocument({ apiVersion: "scopegate/v1", kind: "Policy", rules }))) return undefined;
  const value = (json: string): Value | undefined => {
    const tree = readStrict(Buffer.from(json));
    return tree && fromJson(tree);
  };
  const args = value(item.args_raw ?? toJson(item.args ?? null));
  if (!args) return undefined;
  const { scope, scp, ...claims } = item.claims ?? {};
  const held = [scope, scp].flatMap((names) =>
    typeof names === "string" ? names.split(/\s+/) : Array.isArray(names) ? (names as unknown[]) : [],
  );
  const scopes = [...new Set(held.filter((name) => typeof name === "string" && name !== ""))].sort();
  const variables = { meta: value(toJson(item.meta ?? null))!, jwt: value(toJson({ claims, scopes }))! };
  return truthOf(parse(item.expr.trim(), new Problems())!, new Map(Object.entries({ args, ...variables })));
}

test("the reference evaluator agrees with cel-go", (t) => {
  // The cost limit belongs to the recorded program.
  const cases = readCases<CelCase>("cel-cases").filter(
    ({ drift, ext, section }) => !drift && !ext && section !== "cost-limit",
  );
  const answers = cases
    .map((item) => ({ item, answer: referenceAnswer(item) }))
    .filter(({ answer }) => answer !== undefined);
  const differing = answers.filter(({ item, answer }) => answer !== item.expected);
  t.diagnostic(`${answers.length} of ${cases.length} cases are for it`);
  assert.deepEqual(
    differing.map(({ item, answer }) => `${item.expr}: ${answer}, cel-go says ${item.expected}`),
    [],
  );
  assert.ok(answers.length > 700);
});

test("a round that does not end is a finding", { timeout: 60_000 }, async () => {
  const { findings } = await runSuite("endless", { seed: 7, seconds: 5, stuckMs: 1000 });
  assert.match(findings[0]?.problem ?? "", /did not end/);
});
