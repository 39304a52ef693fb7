// The JSON Schema against the compiler, both ways: what the repository has is valid, and what the compiler refuses for its
// shape is not.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse, parseAllDocuments } from "yaml";
import { compileDocument } from "../../scripts/compiler/index.ts";
import { readTests, TestFileError } from "../../scripts/policy-test/file.ts";
import { schemaText } from "../../scripts/schema.ts";
import { assertGolden } from "../support/golden.ts";
import { blocks, page, PAGES } from "../support/pages.ts";

const schema = JSON.parse(schemaText()) as object;
const validate = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);
const read = (file: string): string => readFileSync(file, "utf8");

test("schema/policy.schema.json is what the tables make", () =>
  assertGolden(new URL("../../schema/policy.schema.json", import.meta.url), schemaText()));

describe("every policy of the repository is valid", () => {
  const cases = readdirSync("tests/cases").map((name) => `tests/cases/${name}/policy.yaml`);
  const examples = readdirSync("scripts/playground/examples").map((name) => `scripts/playground/examples/${name}`);
  const envoy = readdirSync("envoy")
    .filter((name) => name.includes("policy"))
    .map((name) => `envoy/${name}`);
  const files = [
    ...cases,
    ...examples,
    ...envoy,
    "tests/cases/errors/warnings.yaml",
    "tests/cases/files/policy.test.yaml",
  ];
  for (const file of files.filter((name) => existsSync(name) && !name.includes(".lock."))) {
    test(file, () => {
      for (const document of parseAllDocuments(read(file)))
        assert.ok(validate(document.toJS()), JSON.stringify(validate.errors));
    });
  }

  test("those of the documentation", () => {
    const policies = PAGES.flatMap((file) => blocks(page(file), "yaml")).filter((text) =>
      /^apiVersion: scopegate/m.test(text),
    );
    assert.ok(policies.length > 1);
    for (const text of policies) assert.ok(validate(parse(text)), `${text}\n${JSON.stringify(validate.errors)}`);
  });
});

/** A policy that has every member once. */
const WHOLE = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "whole" },
  resource: "https://mcp.example.com/mcp",
  resourceName: "Whole",
  resourceMetadata: "https://mcp.example.com/.well-known/x",
  authorizationServers: ["https://auth.example.com"],
  metadataDocument: true,
  scopesSupported: ["a"],
  jwt: { metadataKeys: ["mcp"] },
  scopes: { a: { implies: ["b"] }, b: null },
  backend: { from: "toolPrefix", separator: "__" },
  govern: ["tools", "resources"],
  defaultAction: "Deny",
  challenge: { include: "granted" },
  denial: "http",
  headers: "strict",
  limits: { body: "64KiB", depth: 32, steps: 100000 },
  loop: { limit: 3, window: 300 },
  lists: { tools: { callable: "show", obtainable: "hide", never: "hide" }, prompts: "off", annotate: true },
  mode: "shadow",
  record: { of: "denials", form: "object", token: true, scopes: true, session: false, args: ["path"], hash: ["id"] },
  groups: { reads: { tools: ["get_*", { tool: "a*b", literal: true }] } },
  transport: { GET: "Deny", DELETE: "Allow", OPTIONS: "Deny" },
  rules: [
    {
      name: "one",
      action: "Allow",
      mode: { enforce: 25, by: "sub" },
      source: { jwt: { scopes: ["a", "b"], claims: [{ name: "org.unit", valueType: "String", values: ["eng"] }] } },
      target: {
        tools: ["stat", { backend: "fs", tool: "read", when: 'args.path == "/a"' }],
        resources: ["file:///a/*", { uri: "config://app" }],
        prompts: ["greet", { prompt: "review" }],
        methods: ["acme/*", { method: "tasks/get" }],
        groups: ["reads"],
      },
      when: "jwt.claims.sub == 'x'",
    },
  ],
};

type Json = unknown;
type Path = (string | number)[];

/** Every place of a document. */
function places(value: Json, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, member]) =>
    places(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inner];
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((found, step) => (found as Record<string, Json>)[step], value);
}

/** The document with another value at a place. */
function changed(document: Json, path: Path, value: Json): Json {
  if (path.length === 0) return value;
  const copy = structuredClone(document);
  const owner = at(copy, path.slice(0, -1)) as Record<string, Json>;
  owner[path.at(-1)!] = value;
  return copy;
}

/** One thing wrong at each place: another type, a word that is none, an unknown member, an empty list, out of range. */
function mutants(document: Json): { what: string; document: Json }[] {
  return places(document).flatMap((path) => {
    const value = at(document, path);
    const values: Json[] = [{ unheardOf: 1 }, [], ["", 7], "", "no such word\n", -1, 1e12, true, null];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) values.push({ ...value, unheardOf: 1 });
    return values.map((wrong) => ({
      what: `${path.join(".")} = ${JSON.stringify(wrong)}`,
      document: changed(document, path, wrong),
    }));
  });
}

/** What the schema cannot know: meaning across members, and what is inside of texts. */
const BEYOND_SCHEMA =
  /^unexpected `|there is no group|neither declared|metadata document needs|a `when` must|is not known$|separator is only|fixed name/;

describe("policies", () => {
  test("every mutant that the compiler refuses for its shape is invalid, every one that it takes is valid", (t) => {
    const wrong: string[] = [];
    let broken = 0;
    for (const { what, document } of mutants(WHOLE)) {
      const errors = compileDocument(document).problems.filter(({ severity }) => severity === "error");
      const valid = validate(document);
      if (errors.length === 0 && !valid) wrong.push(`${what}: the compiler takes it, the schema does not`);
      if (errors.length > 0 && !valid) broken++;
      if (errors.length > 0 && valid && !errors.every(({ message }) => BEYOND_SCHEMA.test(message)))
        wrong.push(`${what}: the schema takes it, the compiler says ${errors[0]!.message}`);
    }
    t.diagnostic(`${broken} broken policies are refused by both`);
    assert.ok(broken >= 200, `only ${broken} broken policies`);
    assert.deepEqual(wrong, []);
  });

  test("the schema's members are the compiler's", () => {
    for (const path of places(WHOLE)) {
      const value = at(WHOLE, path);
      if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
      const document = changed(WHOLE, path, { ...value, unheardOf: 1 });
      const taken = !compileDocument(document).problems.some(({ message }) => message.includes('"unheardOf"'));
      const open = ["scopes", "groups"].includes(path.join("."));
      assert.equal(taken, open, path.join("."));
    }
  });
});

describe("test files", () => {
  const TESTS = {
    policy: "policy.yaml",
    tests: [
      {
        name: "one",
        scopes: ["a"],
        call: { backend: "fs", tool: "read", args: { path: "/a" }, meta: {} },
        expect: { decision: "deny", rule: "one", scopes: ["a"], reason: "insufficient_scope" },
      },
      {
        name: "two",
        payload: { sub: "x" },
        request: { body: "{", chunks: [1], headers: { a: ["b"] } },
        expect: { decision: "reject" },
      },
    ],
  };

  test("a mutant that `scopegate test` refuses is invalid, one that it takes is valid", () => {
    const wrong: string[] = [];
    let broken = 0;
    for (const { what, document } of mutants(TESTS)) {
      const refused = refusal(document);
      const valid = validate(document);
      if (refused !== undefined && !valid) broken++;
      if ((refused === undefined) !== valid) wrong.push(`${what}: ${refused ?? JSON.stringify(validate.errors)}`);
    }
    assert.ok(broken >= 60, `only ${broken} broken test files`);
    assert.deepEqual(wrong, []);
  });

  function refusal(document: unknown): string | undefined {
    try {
      readTests(JSON.stringify(document), "t");
      return undefined;
    } catch (error) {
      if (error instanceof TestFileError) return error.message;
      throw error;
    }
  }
});
