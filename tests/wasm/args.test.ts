// `args` of a tool entry, decided by the filter itself, against the reference's reading of JSON Schema.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { argumentsHold } from "../reference/arguments.ts";
import type { Json, Members } from "../reference/model.ts";
import { Choice, seeded } from "../support/random.ts";

const engine = new Engine();

/** What comes of an entry with `args`: of an Allow rule, and of a Deny rule. */
function outcomes(entry: object, values: readonly (Json | undefined)[]): string[] {
  const tools = [{ tool: "t", ...entry }];
  const rules = [{ target: { tools } }];
  const loaded = loadDocument({ apiVersion: "scopegate/v1", kind: "Policy", rules });
  if (Array.isArray(loaded)) throw new Error(`${loaded.join("\n")}\n${JSON.stringify(entry)}`);
  return values.map((value) => {
    const params = { name: "t", ...(value !== undefined && { arguments: value }) };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    return engine.evaluate(loaded, { payload: {}, body }, true).trace![0]!.outcome;
  });
}

const OUTCOMES = { true: "matched", false: "when_false", error: "when_error" };
const NAMES = ["a", "b c", "in", "x1"];
const SCALARS: Json[] = [0, 1, -1.5, 3, 1e300, "", "a", "abc", 'a\n"😀', true, false, null];

class Schemas {
  constructor(private readonly choice: Choice) {}

  value(depth: number): Json {
    if (depth === 0 || this.choice.chance(0.6)) return this.choice.one(SCALARS);
    if (this.choice.chance(0.5)) return Array.from({ length: this.choice.below(4) }, () => this.value(depth - 1));
    return this.members(() => this.value(depth - 1));
  }

  members<T extends Json>(make: () => T): Record<string, T> {
    return Object.fromEntries(this.choice.some(NAMES, 0.5).map((name) => [name, make()]));
  }

  named(depth: number): Record<string, Members> {
    return this.members(() => ({ ...this.schema(depth), ...(this.choice.chance(0.3) && { optional: true }) }));
  }

  schema(depth: number): Members {
    const { choice } = this;
    const kinds = ["number", "string", "any", ...(depth > 0 ? ["array", "object"] : [])];
    const any: Members = {
      ...(choice.chance(0.2) && { const: this.value(1) }),
      ...(choice.chance(0.2) && { enum: [this.value(1), this.value(1)] }),
    };
    switch (choice.one(kinds)) {
      case "number":
        return { ...any, ...(choice.chance(0.3) && { type: "integer" }), minimum: choice.one([-2, 0, 1.5]) };
      case "string":
        return { ...any, ...choice.one<Members>([{ minLength: 2 }, { maxLength: 2 }, { pattern: "^[ab]" }]) };
      case "array":
        return { ...any, ...(choice.chance(0.5) && { items: this.schema(depth - 1) }), maxItems: 2 };
      case "object":
        return this.object(any, depth);
      default:
        return {
          ...any,
          ...(choice.chance(0.3) && { type: choice.one<Json>(["boolean", "null", ["string", "array"]]) }),
        };
    }
  }

  private object(any: Members, depth: number): Members {
    const { choice } = this;
    const required = choice.some(NAMES, 0.3);
    return {
      ...any,
      type: "object",
      ...(choice.chance(0.7) && { properties: this.named(depth - 1) }),
      ...(choice.chance(0.4) && required.length > 0 && { required }),
      ...(choice.chance(0.4) && { additionalProperties: false }),
    };
  }
}

describe("against the reference", () => {
  test("random schemas and arguments", () => {
    const choice = new Choice(seeded(7));
    const schemas = new Schemas(choice);
    const seen: Record<string, number> = { true: 0, false: 0, error: 0 };
    for (let round = 0; round < 400; round++) {
      const args = schemas.named(2);
      const onlyArgs = choice.chance(0.3);
      if (Object.keys(args).length === 0 && !onlyArgs) continue;
      const values = Array.from({ length: 12 }, () =>
        choice.chance(0.9) ? schemas.members(() => schemas.value(2)) : undefined,
      );
      const wanted = values.map((value) => argumentsHold(args, value, onlyArgs));
      for (const truth of wanted) seen[truth]!++;
      const entry = { ...(Object.keys(args).length > 0 && { args }), ...(onlyArgs && { onlyArgs }) };
      assert.deepEqual(
        outcomes(entry, values),
        wanted.map((truth) => OUTCOMES[truth]),
        JSON.stringify({ entry, values }),
      );
    }
    assert.ok(
      Object.values(seen).every((count) => count > 100),
      JSON.stringify(seen),
    );
  });
});

describe("beside a `when`", () => {
  const entry = { args: { n: { maximum: 5 } }, when: 'args.x == "y" // so far' };

  test("one that is false decides, whatever the other is", () => {
    const values: Json[] = [
      { n: 1, x: "y" },
      { n: 9, x: "y" },
      { n: 1, x: "z" },
      { n: "1", x: "z" },
      { n: 9 },
      { n: "1", x: "y" },
    ];
    assert.deepEqual(outcomes(entry, values), [
      "matched",
      "when_false",
      "when_false",
      "when_false",
      "when_false",
      "when_error",
    ]);
  });
});

test("an ambiguous key beside a named property is refused, and another spelling is another argument", () => {
  const rules = [{ target: { tools: [{ tool: "t", args: { path: { const: "a" } }, onlyArgs: true }] } }];
  const loaded = loadDocument({ apiVersion: "scopegate/v1", kind: "Policy", rules });
  assert.ok(!Array.isArray(loaded));
  const reasonOf = (args: string): string => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":${args}}}`;
    return engine.evaluate(loaded, { payload: {}, body }).reason;
  };
  assert.equal(reasonOf('{"path":"a"}'), "allowed");
  assert.equal(reasonOf('{"path":"a","Path":"b"}'), "ambiguous_key");
  assert.equal(reasonOf('{"path":"a","other":"b"}'), "no_rule");
});
