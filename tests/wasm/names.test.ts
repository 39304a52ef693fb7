// Names with stars, decided by the filter itself, against regexes: which rule is the first to match, whatever the part of
// a name by which the compiler files it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import { fitsMethod, fitsStars, fitsUri } from "../reference/names.ts";
import { Choice, seeded } from "../support/random.ts";

const engine = new Engine();

function load(document: object): Loaded {
  const loaded = loadDocument({ apiVersion: "scopegate/v1", kind: "Policy", ...document });
  if (Array.isArray(loaded)) throw new Error(`${loaded.join("\n")}\n${JSON.stringify(document)}`);
  return loaded;
}

const ask = (loaded: Loaded, method: string, params: object) =>
  engine.evaluate(loaded, { payload: {}, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });

const LETTERS = ["a", "b", "_", "é", "😀", "ab", "get_", "drop", "secret"];
const nameOf = (choice: Choice, parts: number) => Array.from({ length: parts }, () => choice.one(LETTERS)).join("");
const patternOf = (choice: Choice, star: string) =>
  Array.from({ length: choice.below(5) + 1 }, () => (choice.chance(0.4) ? star : choice.one(LETTERS))).join("");

interface Entry {
  backend?: string;
  tool: string;
}

describe("tools", () => {
  const choice = new Choice(seeded(1));
  const fits = ({ backend, tool }: Entry, call: Entry): boolean =>
    fitsStars(tool, call.tool) &&
    (backend === undefined || (call.backend !== undefined && fitsStars(backend, call.backend)));
  for (const count of [1, 3, 12, 200])
    test(`${count} entries, with backends and without`, () => {
      for (let round = 0; round < 40; round++) {
        const entries = Array.from({ length: count }, (): Entry => {
          const backend = choice.chance(0.5) ? choice.one(["a", "b", "a*", "*b", "*", "*é*"]) : undefined;
          return { ...(backend !== undefined && { backend }), tool: patternOf(choice, "*") };
        });
        const rules = entries.map((entry, i) => ({ name: `r${i}`, target: { tools: [entry] } }));
        const loaded = load({ backend: { from: "toolPrefix", separator: "::" }, rules });
        for (let i = 0; i < 30; i++) {
          const backend = choice.chance(0.7) ? choice.one(["a", "b", "ab", "é", "aéb"]) : undefined;
          const call = { backend, tool: nameOf(choice, choice.below(5) + 1) };
          const name = backend === undefined ? call.tool : `${backend}::${call.tool}`;
          const first = entries.findIndex((entry) => fits(entry, call));
          const { rule } = ask(loaded, "tools/call", { name });
          assert.equal(rule ?? "none", first < 0 ? "none" : `r${first}`, JSON.stringify({ entries, call }));
        }
      }
    });
});

describe("resources, prompts and methods", () => {
  const choice = new Choice(seeded(2));
  const parts = ["a", "b", "/", "x", "ab", "~"];
  const textOf = (length: number, more: readonly string[] = []) =>
    Array.from({ length }, () => choice.one([...parts, ...more])).join("");

  test("a star in a URI stops at a slash, two do not, nor does one at the end", () => {
    for (let round = 0; round < 300; round++) {
      const patterns = Array.from({ length: 6 }, () => `f:/${textOf(choice.below(6) + 1, ["*", "**", "*"])}`);
      const loaded = load({ rules: patterns.map((uri, i) => ({ name: `r${i}`, target: { resources: [uri] } })) });
      for (let i = 0; i < 20; i++) {
        const uri = `f:/${textOf(choice.below(8))}`;
        const first = patterns.findIndex((pattern) => fitsUri(pattern, uri));
        const { rule } = ask(loaded, "resources/read", { uri });
        assert.equal(rule ?? "none", first < 0 ? "none" : `r${first}`, JSON.stringify({ patterns, uri }));
      }
    }
  });

  test("prompts", () => {
    for (let round = 0; round < 100; round++) {
      const patterns = Array.from({ length: 5 }, () => patternOf(choice, "*"));
      const loaded = load({ rules: patterns.map((name, i) => ({ name: `r${i}`, target: { prompts: [name] } })) });
      for (let i = 0; i < 20; i++) {
        const name = nameOf(choice, choice.below(5) + 1);
        const first = patterns.findIndex((pattern) => fitsStars(pattern, name));
        assert.equal(ask(loaded, "prompts/get", { name }).rule ?? "none", first < 0 ? "none" : `r${first}`);
      }
    }
  });

  test("a star stands for no method with a kind of its own and for none of the lifecycle, but for tasks", () => {
    const methods = [
      "tools/call",
      "tools/list",
      "ping",
      "notifications/x",
      "tasks/get",
      "acme/run",
      "completion/complete",
    ];
    for (const pattern of ["*", "*s/*", "t*", "tasks/*", "acme/*", "p*", "n*x", "*/*l*"]) {
      const loaded = load({ rules: [{ name: "r", target: { methods: [pattern] } }] });
      for (const method of methods) {
        const params = { name: "x", taskId: "y", ref: { type: "ref/prompt", name: "z" } };
        const { rule } = ask(loaded, method, params);
        assert.equal(rule === "r", fitsMethod(pattern, false, method), `${pattern} ${method}`);
      }
    }
  });
});

test("literal: true takes stars as they are, in the backend too", () => {
  const tools = [
    { backend: "*", tool: "a*b", literal: true },
    { tool: "*", literal: true },
  ];
  const loaded = load({
    backend: {},
    rules: [{ name: "r", target: { tools, prompts: [{ prompt: "p*", literal: true }] } }],
  });
  const rule = (name: string) => ask(loaded, "tools/call", { name }).rule;
  assert.deepEqual(["*__a*b", "x__a*b", "*__axb", "x__*", "x__y"].map(rule), ["r", null, null, "r", null]);
  assert.equal(ask(loaded, "prompts/get", { name: "p*" }).rule, "r");
  assert.equal(ask(loaded, "prompts/get", { name: "px" }).rule, null);
});

test("groups are the targets that they name", () => {
  const groups = {
    reads: { tools: ["get_*"], prompts: ["sum*"] },
    writes: { tools: [{ tool: "set", when: "args.x == 1" }] },
  };
  const rules = [{ name: "r", target: { groups: ["reads", "writes"], tools: ["more"] } }];
  const loaded = load({ groups, rules });
  const rule = (name: string, x = 1) => ask(loaded, "tools/call", { name, arguments: { x } }).rule;
  assert.deepEqual(
    [rule("get_a"), rule("more"), rule("set"), rule("set", 2), rule("other")],
    ["r", "r", "r", null, null],
  );
  assert.equal(ask(loaded, "prompts/get", { name: "summary" }).rule, "r");
});

test("a name that is too long for the step budget to compare is refused", () => {
  const loaded = load({ limits: { steps: 1000 }, rules: [{ action: "Deny", target: { tools: ["*drop*"] } }, {}] });
  assert.equal(ask(loaded, "tools/call", { name: "x".repeat(900) }).decision, "allow");
  assert.equal(ask(loaded, "tools/call", { name: "x".repeat(2000) }).reason, "invalid_params");
  assert.equal(ask(loaded, "tools/call", { name: `${"x".repeat(500)}drop` }).reason, "rule_denied");
});
