// Random policies of every construct, random callers and calls: the reference keeps its own promises, and the filter agrees
// with it on the constructs that it has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Choice, seeded } from "../support/random.ts";
import { BUILT } from "./built.ts";
import { byFilter } from "./filter.ts";
import { CONSTRUCTS, Generator, type Construct, type Shape } from "./generator.ts";
import { PROBES } from "./probes.ts";
import { byReference, checkCase, type Decide, type Tally } from "./promise.ts";

const SEED = Number(process.env["SEED"] ?? 20261129);
const ROUNDS = Number(process.env["ROUNDS"] ?? 0);

interface Run {
  decide: Decide;
  constructs: readonly Construct[];
  shape: Shape;
  denials: number;
}

/** Cases until enough were denied. */
function run({ decide, constructs, shape, denials }: Run): Tally {
  const choice = new Choice(seeded(SEED));
  const tally: Tally = { cases: 0, denials: 0, challenges: 0 };
  const flat = shape === "flat" && !constructs.includes("families");
  for (let round = 0; tally.denials < denials && round < 20 * denials; round++) {
    const generator = new Generator(choice, choice.some(constructs, 0.6), shape);
    const policy = generator.policy();
    for (let i = 0; i < 8; i++)
      checkCase(decide, { policy, call: generator.call(), caller: generator.caller() }, flat, tally);
  }
  return tally;
}

function check(name: string, options: Run): void {
  test(`${name} (seed ${SEED})`, (t) => {
    const { cases, denials, challenges } = run({ ...options, denials: ROUNDS || options.denials });
    t.diagnostic(`${cases} cases, ${denials} denials, ${challenges} challenges`);
    assert.ok(denials >= (ROUNDS || options.denials) && challenges > denials / 20);
  });
}

const SHAPES: [Shape, string][] = [
  ["flat", "scopes that imply nothing"],
  ["hierarchy", "a hierarchy"],
  ["read", "predicates that read scopes"],
];
for (const [shape, what] of SHAPES) {
  const denials = shape === "flat" ? 6000 : 2500;
  check(`the reference keeps its promises: ${what}`, {
    decide: byReference,
    constructs: CONSTRUCTS,
    shape,
    denials: 1000,
  });
  check(`the filter agrees: ${what}`, { decide: byFilter, constructs: BUILT, shape, denials });
}

test("what the filter has is tried", () => {
  const works = CONSTRUCTS.filter((construct) => {
    const { policy, call, caller, ...expected } = PROBES[construct];
    assert.equal(byReference(policy, call, caller).decision, expected.decision, `the probe of ${construct} is wrong`);
    try {
      return byFilter(policy, call, caller).decision === expected.decision;
    } catch {
      return false;
    }
  });
  assert.deepEqual(works, BUILT, "BUILT must name just what works");
});
