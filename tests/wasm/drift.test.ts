// Tools that are not as in the policy's lock: canonical JSON in the filter against the library that makes the lock, and what
// becomes of such tools in a list.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { makeLock, type Json } from "../../scripts/compiler/lock/lock.ts";
import { renderLock } from "../../scripts/compiler/lock/text.ts";
import { load } from "../../scripts/evaluate/load.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { Choice, seeded } from "../support/random.ts";

const engine = new Engine();
const SEED = Number(process.env["SEED"] ?? 20261129);
const schema = { type: "object", properties: { path: { type: "string" } } };
const READ = { name: "fs__read", description: "Reads a file", inputSchema: schema };
const WRITE = { name: "fs__write", description: "Writes a file", inputSchema: schema };

function lockOf(tools: readonly object[]): string {
  return renderLock(makeLock({ tools, prompts: [], resources: [], resourceTemplates: [] }));
}

const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  backend: { from: "toolPrefix", separator: "__" },
  lock: "tools.lock.yaml",
  rules: [{ target: { tools: ["read", "write"].map((tool) => ({ backend: "fs", tool })) } }],
};

/** What `eval` tells of a list with these tools, given as JSON texts. */
function listed(policy: object, locks: Record<string, string>, ...tools: string[]) {
  const loaded = load(compileDocument(policy, { read: (file) => locks[file] }))!;
  const answer = engine.evaluate(loaded, {
    payload: {},
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }),
    response: {
      headers: { "content-type": "application/json" },
      body: `{"jsonrpc":"2.0","id":1,"result":{"tools":[${tools.join()}]}}`,
    },
  });
  const { tools: shown } = (JSON.parse(String(answer.response!.body)) as { result: { tools: { name: string }[] } })
    .result;
  const record = answer.record as { list?: { total: number; shown: number; drift?: number } };
  return {
    drifted: answer.list!.items.map(({ drift = false }) => drift),
    shown: shown.map(({ name }) => name),
    record: record.list,
  };
}

const LOCK = { "tools.lock.yaml": lockOf([READ, WRITE]) };
const drifts = (tool: string | object): boolean =>
  listed(POLICY, LOCK, typeof tool === "string" ? tool : JSON.stringify(tool)).drifted[0]!;

describe("a tool that has not changed", () => {
  test("in another order, with other spacing and other escapes", () => {
    assert.equal(drifts(READ), false);
    assert.equal(
      drifts(
        '{ "inputSchema" : {"properties":{"path":{"type":"\\u0073tring"}}, "type":"object"},\n "n\\u0061me":"fs__read","description":"Reads a file"}',
      ),
      false,
    );
  });
  test("with pictures and what hosts add", () => {
    assert.equal(drifts({ ...READ, icons: [{ src: "https://x.example/i.png" }], _meta: { a: 1 } }), false);
  });
});

describe("a tool that has changed", () => {
  for (const [what, tool] of Object.entries({
    "its description": { ...READ, description: "Reads a file." },
    "its schema": { ...READ, inputSchema: { ...schema, required: ["path"] } },
    "an annotation": { ...READ, annotations: { readOnlyHint: true } },
    "a member deep inside that is named like decoration": { ...READ, inputSchema: { ...schema, icons: [] } },
    "it is new": { ...READ, name: "fs__stat" },
    "it is deeper than anything that is compared": { ...READ, x: JSON.parse("[".repeat(40) + "]".repeat(40)) as Json },
  }))
    test(what, () => assert.equal(drifts(tool), true));
});

test("drift: count lets it through, hide hides it, off says nothing; the record tells how many", () => {
  const other = JSON.stringify({ ...READ, description: "Deletes a file" });
  const same = JSON.stringify(WRITE);
  const all = ["fs__read", "fs__write"];
  assert.deepEqual(listed(POLICY, LOCK, other, same), {
    drifted: [true, false],
    shown: all,
    record: { kind: "tools", total: 2, shown: 2, drift: 1 },
  });
  assert.deepEqual(listed({ ...POLICY, drift: "hide" }, LOCK, other, same), {
    drifted: [true, false],
    shown: ["fs__write"],
    record: { kind: "tools", total: 2, shown: 1, drift: 1 },
  });
  assert.deepEqual(listed({ ...POLICY, drift: "off" }, LOCK, other, same), {
    drifted: [false, false],
    shown: all,
    record: { kind: "tools", total: 2, shown: 2 },
  });
});

test("with a lock for each backend, tools are known by their own names; a backend without one is not watched", () => {
  const own = { ...READ, name: "read" };
  const policy = { ...POLICY, lock: { fs: "fs.yaml" }, rules: [{}] };
  const locks = { "fs.yaml": lockOf([own]) };
  const changed = { ...READ, description: "" };
  const tools = [READ, changed, WRITE, { ...READ, name: "gh__read" }].map((tool) => JSON.stringify(tool));
  assert.deepEqual(listed(policy, locks, ...tools).drifted, [false, true, true, false]);
});

/** A value with what canonical JSON treats specially: numbers of all sizes, keys beyond U+FFFF, control characters. */
function someJson(choice: Choice, depth: number): Json {
  const kind = choice.below(depth > 0 ? 7 : 5);
  const text = (): string =>
    Array.from({ length: choice.below(5) }, () =>
      choice.one(["a", "b", "é", "", "￿", "😀", "𐀀", "\n", "\u0001", '"', "\\", "/", "\u007f", "0"]),
    ).join("");
  if (kind === 0) return choice.one([null, true, false]);
  if (kind === 1) return choice.below(1000) - 500;
  if (kind === 2) return (choice.below(2 ** 30) + 1) * 10 ** (choice.below(60) - 30);
  if (kind < 5) return text();
  const many = choice.below(6);
  if (kind === 5) return Array.from({ length: many }, () => someJson(choice, depth - 1));
  return Object.fromEntries(Array.from({ length: many }, () => [text(), someJson(choice, depth - 1)]));
}

test(`canonical JSON is the library's, at random (seed ${SEED})`, () => {
  const choice = new Choice(seeded(SEED));
  for (let round = 0; round < 40; round++) {
    const tools = Array.from({ length: 25 }, (_, i) => ({ ...READ, name: `t${i}`, x: someJson(choice, 5) }));
    const locks = { "tools.lock.yaml": lockOf(tools) };
    const texts = tools.map((tool) => (choice.chance(0.5) ? JSON.stringify(tool) : JSON.stringify(tool, null, 1)));
    const policy = { ...POLICY, rules: [{}] };
    const { drifted } = listed(policy, locks, ...texts);
    const wrong = texts.filter((_, i) => drifted[i]);
    assert.deepEqual(wrong, []);
  }
});
