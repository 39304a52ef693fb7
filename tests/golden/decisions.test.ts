// The cases: their requests through the engine of `scopegate eval`, with whole results in expected.jsonl; and their
// policy tests. `npm run golden` rewrites the results.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { compilePolicy } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { load } from "../../scripts/evaluate/load.ts";
import { readRequest } from "../../scripts/evaluate/request.ts";
import { share } from "../../scripts/policy-test/coverage.ts";
import { Runner } from "../../scripts/policy-test/run.ts";
import { assertGolden } from "../support/golden.ts";

const cases = new URL("../cases/", import.meta.url);
const having = (file: string): string[] =>
  readdirSync(cases).filter((name) => existsSync(new URL(`${name}/${file}`, cases)));
const read = (path: string): string => readFileSync(new URL(path, cases), "utf8");

test("the cases exist", () => assert.ok(having("requests.jsonl").length >= 5));

for (const name of having("requests.jsonl")) {
  test(`requests of ${name}`, () => {
    const loaded = load(compilePolicy(read(`${name}/policy.yaml`), "policy.yaml"));
    assert.ok(loaded);
    const engine = new Engine();
    const results = read(`${name}/requests.jsonl`)
      .trimEnd()
      .split("\n")
      .map((line) => readRequest(JSON.parse(line)))
      .map((request) => JSON.stringify({ id: request.id, ...engine.evaluate(loaded, request, true) }));
    assertGolden(new URL(`${name}/expected.jsonl`, cases), `${results.join("\n")}\n`);
  });
}

for (const name of having("policy.test.yaml")) {
  test(`policy tests of ${name}: all pass, everything is reached`, () => {
    const runner = new Runner();
    const { tests } = runner.run(fileURLToPath(new URL(`${name}/policy.test.yaml`, cases)));
    assert.deepEqual(
      tests.filter(({ differences }) => differences.length > 0),
      [],
    );
    for (const { goals } of runner.coverage.values()) {
      assert.equal(share(goals).percent, 100, JSON.stringify(goals.filter(({ reached }) => !reached)));
    }
  });
}
