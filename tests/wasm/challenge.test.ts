// The promise of the challenge, on random policies and calls, decided by the filter itself, with brute force over all
// sets of scopes as the oracle:
//   (a) granting the challenge allows the call, (b) no smaller set of scopes does, (c) no challenge: no set does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import { Choice, seeded } from "../support/random.ts";

const SCOPES = ["a", "b", "c", "d", "e"];
const TOOLS = ["t", "u"];
const engine = new Engine();

interface RandomPolicy {
  document: object;
  loaded: Loaded;
}

function loadOrFail(document: object): Loaded {
  const loaded = loadDocument(document);
  if (Array.isArray(loaded)) throw new Error(`${loaded.join("\n")}\n${JSON.stringify(document)}`);
  return loaded;
}

function randomRule(choice: Choice, whens: readonly string[]): object {
  const scopes = choice.some(SCOPES, 0.35);
  const tools = TOOLS.filter(() => choice.chance(0.6)).map((tool) =>
    whens.length > 0 && choice.chance(0.3) ? { tool, when: choice.one(whens) } : { tool },
  );
  const claims = choice.chance(0.15) ? [{ name: "role", values: [choice.one(["x", "y"])] }] : undefined;
  const jwt = { ...(scopes.length > 0 ? { scopes } : {}), ...(claims ? { claims } : {}) };
  return {
    action: choice.chance(0.3) ? "Deny" : "Allow",
    ...(Object.keys(jwt).length > 0 ? { source: { jwt } } : {}),
    ...(tools.length > 0 ? { target: { tools } } : {}),
  };
}

function randomPolicy(choice: Choice, whens: readonly string[], scopes?: object): RandomPolicy {
  const document = {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name: "random" },
    jwt: { metadataKey: "mcp" },
    ...(scopes ? { scopes } : {}),
    defaultAction: choice.chance(0.15) ? "Allow" : "Deny",
    rules: Array.from({ length: 1 + choice.below(6) }, () => randomRule(choice, whens)),
  };
  return { document, loaded: loadOrFail(document) };
}

const subsets = Array.from({ length: 1 << SCOPES.length }, (_, bits) => SCOPES.filter((_scope, i) => (bits >> i) & 1));
subsets.sort((x, y) => x.length - y.length);

interface Call {
  tool: string;
  x: number;
  role: string;
}

function decide(loaded: Loaded, call: Call, held: readonly string[]) {
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: call.tool, arguments: { x: call.x } } };
  const payload = { scope: held.join(" "), role: call.role, sub: "s" };
  return engine.evaluate(loaded, { body: JSON.stringify(body), payload });
}

function randomCall(choice: Choice): Call {
  return { tool: choice.one(TOOLS), x: choice.below(3), role: choice.one(["x", "z"]) };
}

/** The fewest scopes that must be granted; undefined if no set helps. */
function least(loaded: Loaded, call: Call, held: readonly string[]): number | undefined {
  const grants = subsets.filter((grant) => grant.every((scope) => !held.includes(scope)));
  return grants.find((grant) => decide(loaded, call, [...held, ...grant]).decision === "allow")?.length;
}

function checkOne(policy: RandomPolicy, call: Call, held: string[], exact: boolean): void {
  const { decision, requiredScopes } = decide(policy.loaded, call, held);
  if (decision === "allow") return;
  const story = JSON.stringify({ policy: policy.document, call, held, requiredScopes });
  assert.equal(decision, "deny", story);
  const smallest = least(policy.loaded, call, held);
  if (requiredScopes === null) {
    assert.equal(smallest, undefined, `no challenge, but a grant helps: ${story}`);
    return;
  }
  const granted = [...new Set([...held, ...requiredScopes])];
  assert.equal(decide(policy.loaded, call, granted).decision, "allow", `the challenge does not help: ${story}`);
  if (exact) assert.equal(granted.length - held.length, smallest, `a smaller grant helps: ${story}`);
}

test("a grant that makes a predicate meet an ambiguous key does not count", () => {
  const when = '"a" in jwt.scopes && args.m[args.k] == 1';
  const loaded = loadOrFail({
    apiVersion: "scopegate/v1",
    kind: "Policy",
    scopes: { a: {} },
    rules: [{ target: { tools: [{ tool: "t", when }] } }],
  });
  const ask = (scope: string, m: object) => {
    const params = { name: "t", arguments: { k: "x", m } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    return engine.evaluate(loaded, { body, payload: { scope } });
  };
  assert.deepEqual(ask("", { x: 1 }).requiredScopes, ["a"]);
  assert.equal(ask("a", { x: 1, X: 2 }).reason, "ambiguous_key");
  assert.equal(ask("", { x: 1, X: 2 }).requiredScopes, null);
});

const SEED = Number(process.env["SEED"] ?? 20261123);

function run(name: string, rounds: number, whens: readonly string[], scopes?: object): void {
  test(`${name} (seed ${SEED})`, () => {
    const choice = new Choice(seeded(SEED));
    for (let round = 0; round < rounds; round++) {
      const policy = randomPolicy(choice, whens, scopes);
      for (let call = 0; call < 4; call++) {
        checkOne(policy, randomCall(choice), choice.some(SCOPES, 0.3), scopes === undefined || scopes === declared);
      }
    }
  });
}

run("challenges over scopes and claims are sound, smallest and complete", 1500, []);
run("… with predicates over arguments", 750, ["args.x == 1", "args.x < 2", "args.missing == 1"]);
const declared = Object.fromEntries(SCOPES.map((scope) => [scope, {}]));
run(
  "… with predicates over the token's scopes",
  400,
  ['"a" in jwt.scopes', "size(jwt.scopes) < 3", '!("b" in jwt.scopes)', "args.x == 1"],
  declared,
);
run("… with a hierarchy of scopes", 750, [], {
  a: { implies: ["b"] },
  b: { implies: ["c"] },
  c: {},
  d: { implies: ["e", "c"] },
  e: {},
});
