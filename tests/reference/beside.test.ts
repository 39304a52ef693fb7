// A candidate beside the enforced policy, both random: what is told is what the candidate alone decides, and the answers are
// those of the enforced policy alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { load as loadCompiled } from "../../scripts/evaluate/load.ts";
import { Choice, seeded } from "../support/random.ts";
import { BUILT } from "./built.ts";
import { evalRequest, load } from "./filter.ts";
import { Generator } from "./generator.ts";

const SEED = Number(process.env["SEED"] ?? 20261129);
const CALLS = 10_000;

test(`${CALLS} calls with a candidate (seed ${SEED})`, (t) => {
  const choice = new Choice(seeded(SEED));
  const [beside, alone, next] = [new Engine(), new Engine(), new Engine()];
  let [calls, told] = [0, 0];
  while (calls < CALLS) {
    const generators = [1, 2].map(
      () => new Generator(choice, choice.some(BUILT, 0.6), choice.one(["flat", "hierarchy", "read"])),
    );
    const [own, other] = generators.map((generator) => generator.policy()) as [object, object];
    const compiled = compileDocument(other);
    const both = loadCompiled(compileDocument(own), { policy: compiled.policy!, program: compiled.program! })!;
    for (let i = 0; i < 20; i++, calls++) {
      const generator = choice.one(generators);
      const short = evalRequest(own, generator.call(), generator.caller());
      const request = { ...short, time: short.time ?? "2026-11-29T12:00:00Z" };
      // Refused by the headers: no candidate sees the body, and one with rules for everybody would have needed it.
      if (request.payload === null && !hasAnonymous(own) && hasAnonymous(other)) continue;
      const { would, record: _, ...decided } = beside.evaluate(both, request);
      const { record: __, ...expected } = alone.evaluate(load(own), request);
      assert.deepEqual(decided, expected);
      const { decision, reason, rule, requiredScopes } = next.evaluate(load(other), request);
      const wanted = {
        decision,
        reason,
        ...(rule !== null && { rule }),
        ...(requiredScopes && reason === "insufficient_scope" && { scopes: requiredScopes }),
      };
      const { requiredScopes: asked } = expected;
      const enforced = {
        decision: expected.decision,
        reason: expected.reason,
        ...(expected.rule !== null && { rule: expected.rule }),
        ...(asked && expected.reason === "insufficient_scope" && { scopes: asked }),
      };
      if (would) told++;
      assert.deepEqual(would ?? enforced, wanted, JSON.stringify({ own, other, request }));
    }
  }
  t.diagnostic(`${told} of ${calls} differ`);
  assert.ok(told > calls / 20);
});

function hasAnonymous(policy: object): boolean {
  return JSON.stringify(policy).includes('"anonymous":true');
}
