// `data` in predicates, decided by the filter itself: what is in long lists and maps is found, and found without reading
// them all.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compilePolicy } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import { Choice, seeded } from "../support/random.ts";

const engine = new Engine();
const document = (when: string, data: object, more: object = {}): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  ...more,
  data,
  rules: [{ target: { tools: [{ tool: "t", when }] } }],
});

function load(when: string, data: object, more: object = {}): Loaded {
  const loaded = loadDocument(document(when, data, more));
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  return loaded;
}

function ask(loaded: Loaded, args: unknown): string {
  const params = { name: "t", arguments: args };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  return engine.evaluate(loaded, { payload: { unit: "eng" }, body }, true).trace![0]!.outcome;
}

const LETTERS = ["a", "b", "é", "😀", "\uff61", "~", "0"];
const wordOf = (choice: Choice): string =>
  Array.from({ length: 1 + choice.below(4) }, () => choice.one(LETTERS)).join("");

describe("long lists and maps", () => {
  for (const size of [1, 8, 9, 10, 300])
    test(`${size} texts, of which some are there`, () => {
      const choice = new Choice(seeded(size));
      const list = Array.from({ length: size }, () => wordOf(choice));
      const map = Object.fromEntries(list.map((word, i) => [word, i]));
      const inList = load("args.x in data.list", { list });
      const inMap = load("args.x in data.map && data.map[args.x] == args.n", { map });
      for (let round = 0; round < 200; round++) {
        const x = choice.chance(0.5) ? choice.one(list) : wordOf(choice);
        const wanted = list.includes(x) ? "matched" : "when_false";
        assert.equal(ask(inList, { x }), wanted, x);
        assert.equal(ask(inMap, { x, n: map[x] ?? 0 }), wanted, x);
      }
    });

  test("numbers, of which some are there", () => {
    const list = Array.from({ length: 50 }, (_, i) => (i - 20) * 1.5).reverse();
    const loaded = load("args.x in data.list", { list });
    for (let x = -40; x < 60; x += 0.5)
      assert.equal(ask(loaded, { x }), list.includes(x) ? "matched" : "when_false", `${x}`);
    assert.equal(ask(loaded, { x: "0" }), "when_false");
    assert.equal(ask(loaded, {}), "when_error");
  });

  test("texts with escapes in the body, values of other types, mixed lists", () => {
    const list = ["\n", "\u0001", ...Array.from({ length: 20 }, (_, i) => `w${i}`)];
    const loaded = load("args.x in data.list", { list });
    assert.equal(ask(loaded, { x: "\n" }), "matched");
    for (const x of [1, null, true, ["w1"], {}]) assert.equal(ask(loaded, { x }), "when_false");
    const mixed = [1, "1", null, true, [1], { a: 1 }, 2, 3, 4, 5];
    for (const x of mixed) assert.equal(ask(load("args.x in data.list", { list: mixed }), { x }), "matched");
  });

  test("a list keeps its order, and is equal to what it was", () => {
    const list = ["b", "a", "c", "j", "i", "h", "g", "f", "e", "d"];
    const loaded = load("data.list[int(args.i)] == args.x && data.list == args.list && size(data.list) == 10", {
      list,
    });
    for (const [i, x] of list.entries()) assert.equal(ask(loaded, { i, x, list }), "matched");
    assert.equal(
      ask(load("data.list.map(x, x + x) == args.list", { list }), { list: list.map((x) => x + x) }),
      "matched",
    );
  });

  test("10,000 entries cost a few steps", () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `t${i}`);
    const data = { list: names, map: Object.fromEntries(names.map((name, i) => [name, i])) };
    const loaded = load("args.x in data.list && data.map[args.x] == args.n", data, { limits: { steps: 1000 } });
    assert.equal(ask(loaded, { x: "t9999", n: 9999 }), "matched");
    assert.equal(ask(loaded, { x: "t10000", n: 0 }), "when_false");
  });
});

test("parts of the data by what the token says, and members that are not there", () => {
  const data = { regions: { eng: ["eu", "us"], ops: ["eu"] } };
  const loaded = load("args.region in data.regions[jwt.claims.unit]", data);
  assert.equal(ask(loaded, { region: "us" }), "matched");
  assert.equal(ask(loaded, { region: "asia" }), "when_false");
  assert.equal(ask(load("args.region in data.regions[args.unit]", data), { region: "eu", unit: "hr" }), "when_error");
  assert.equal(ask(load("has(data.regions.hr) || args.x", data), { x: true }), "matched");
  assert.equal(ask(load("args.l.all(data, data > 1)", data), { l: [2] }), "matched"); // a variable of that name
});

describe("what a policy may not say", () => {
  const errors = (yaml: string, files: Record<string, string> = {}): string[] =>
    compilePolicy(`apiVersion: scopegate/v1\nkind: Policy\n${yaml}`, "p.yaml", { read: (path) => files[path] })
      .problems.filter(({ severity }) => severity === "error")
      .map(({ file, line, message, hint }) => `${file}:${line}: ${message}${hint === undefined ? "" : ` (${hint})`}`);
  const rules = (when: string): string => `rules:\n  - when: '${when}'\n`;

  test("names that are not there", () => {
    assert.deepEqual(errors(rules("args.x in data.list")), [
      "p.yaml:4: unknown variable `data` (the policy has no data: add data: {NAME: …})",
    ]);
    assert.deepEqual(errors(`data: {team: [a]}\n${rules("args.x in data.teams")}`), [
      'p.yaml:5: the data has no "teams" (did you mean "team"?)',
    ]);
  });

  test("a data file", () => {
    const yaml = `data: {a: 1}\ndataFile: d.json\n${rules("args.x == data.b.c")}`;
    assert.deepEqual(errors(yaml, { "d.json": '{"b": {"c": 1}}' }), []);
    assert.deepEqual(errors(yaml, { "d.json": '{"b": 1,\n"a": {}}' }), [
      "p.yaml:4: the data file d.json is wrong",
      'd.json:2: "a" is also in data of the policy (give it in one of the two)',
    ]);
    assert.match(errors(yaml).join("\n"), /^p.yaml:4: the data file d.json cannot be read/);
  });

  test("more than 256 KiB", () => {
    const yaml = `data: {a: "${"x".repeat(256 * 1024)}"}\n${rules("args.x == data.a")}`;
    assert.deepEqual(errors(yaml), ["p.yaml:3: the data is 262152 bytes as JSON; the limit is 262144"]);
  });
});
