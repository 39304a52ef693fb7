// Policies against their locks: names, arguments and their types, values, guards, coverage, and locks that are wrong.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument, compilePolicy, type Problem } from "../../scripts/compiler/index.ts";
import { makeLock } from "../../scripts/compiler/lock/lock.ts";
import { readLock, renderLock } from "../../scripts/compiler/lock/text.ts";

const DEPLOY = {
  name: "deploy",
  inputSchema: {
    type: "object",
    properties: {
      environment: { type: "string", enum: ["staging", "production"] },
      count: { type: "integer" },
      ratio: { type: "number" },
      dry: { type: "boolean" },
      note: { anyOf: [{ type: "string" }, { type: "null" }] },
      tags: { type: "array", items: { type: "string" } },
      items: { type: "array", items: { $ref: "#/$defs/Item" } },
      labels: { type: "object", additionalProperties: { type: "string" } },
      anything: {},
      where: {
        type: "object",
        properties: { region: { const: "eu" } },
        required: ["region"],
        additionalProperties: false,
      },
    },
    required: ["environment", "count", "ratio", "dry", "note", "tags", "items", "labels", "anything", "where"],
    $defs: { Item: { type: "object", properties: { qty: { type: "integer" } }, required: ["qty"] } },
  },
};
const READ = {
  name: "read_file",
  inputSchema: {
    type: "object",
    properties: { path: { type: "string" }, limit: { type: "integer" } },
    required: ["path"],
  },
};
const OPEN = { name: "open", inputSchema: { type: "object", properties: { a: {} }, additionalProperties: true } };
const LOCK = renderLock(
  makeLock({ tools: [DEPLOY, READ, OPEN], prompts: [{ name: "greet" }], resources: [], resourceTemplates: [] }),
);

const files: Record<string, string> = { "tools.lock.yaml": LOCK };
const read = (path: string): string | undefined => files[path];

function problemsOf(rules: object[], more: object = {}): Problem[] {
  const policy = { apiVersion: "scopegate/v1", kind: "Policy", lock: "tools.lock.yaml", rules, ...more };
  return compilePolicy(JSON.stringify(policy), "policy.yaml", { read }).problems;
}

/** `severity marked-text: message | hint` of the problems of one `when`. */
function said(when: string, tool = "deploy"): string[] {
  return problemsOf([{ name: "r", target: { tools: [{ tool, when }] } }]).map(
    ({ severity, excerpt, column, length, message, hint }) =>
      `${severity} ${[...excerpt].slice(column - 1, column - 1 + length).join("")}: ${message}${hint ? ` | ${hint}` : ""}`,
  );
}

describe("a `when` against the input schema", () => {
  const RIGHT = [
    "args.environment == 'staging' && args.count > 5 && args.count < 2.5 && args.ratio == 1",
    "args.dry && has(args.note) && args.note == null || args.note.startsWith('x')",
    "'a' in args.tags && args.tags.all(t, t.size() < 5) && size(args.items) < 3",
    "args.items.exists(i, i.qty > 3) && args.items[0].qty == 1",
    "args.labels.team == 'x' && args.labels['other'] != 'y'",
    "args.anything.of.any.depth == 1",
    "args.environment in ['staging', 'production'] && args.where.region == 'eu'",
    "dyn(args.count) == '5'",
    "request.mcp.params.arguments.environment == 'staging'",
  ];
  for (const when of RIGHT) test(`right: ${when}`, () => assert.deepEqual(said(when), []));

  const WRONG: [string, string][] = [
    [
      "args.enviroment == 'x'",
      'error enviroment: the input schema of deploy has no "enviroment" | did you mean "environment"?',
    ],
    [
      "args['enviroment'] == 'x'",
      'error enviroment: the input schema of deploy has no "enviroment" | did you mean "environment"?',
    ],
    [
      "has(args.enviroment)",
      'error enviroment: the input schema of deploy has no "enviroment" | did you mean "environment"?',
    ],
    ["args.items.exists(i, i.qyt > 3)", 'error qyt: the input schema of deploy has no "qyt" | did you mean "qty"?'],
    ["args.where.zone == 'x'", 'error zone: the input schema of deploy has no "zone" | it has region'],
    [
      "args.environment == 'stagin'",
      `error 'stagin': "stagin" is no value of args.environment in the input schema of deploy | did you mean "staging"?`,
    ],
    [
      "args.environment in ['staging', 'test']",
      `error 'test': "test" is no value of args.environment in the input schema of deploy | one of: staging, production`,
    ],
    [
      "args.count == '5'",
      "error ==: there is no operator `int == string` (types of deploy's input schema) | values of type int and string are never equal",
    ],
    [
      "args.count.startsWith('5')",
      "error startsWith: there is no overload `int.startsWith(string)` (types of deploy's input schema)",
    ],
    [
      "args.tags.contains('a')",
      "error contains: there is no overload `list(string).contains(string)` (types of deploy's input schema)",
    ],
    [
      "args.dry == 'true'",
      "error ==: there is no operator `bool == string` (types of deploy's input schema) | values of type bool and string are never equal",
    ],
    [
      "args.environment",
      "error args.environment: a `when` must be a bool; this is string (types of deploy's input schema) | compare it with something",
    ],
  ];
  for (const [when, expected] of WRONG)
    test(`wrong: ${when}`, () =>
      assert.deepEqual(
        said(when).filter((line) => line.startsWith("error")),
        [expected],
      ));

  test("an argument that nothing is near to is a warning where the schema leaves room for it", () => {
    assert.deepEqual(said("args.zzz == 1", "read_file"), [
      'warning zzz: the input schema of read_file has no "zzz" | it has path, limit',
    ]);
    assert.deepEqual(said("args.zzz == 1", "open"), []);
  });

  test("guards that are needless, and that are missing", () => {
    assert.match(
      said("has(args.path) && args.path == 'x'", "read_file").join(),
      /"path" is required .* the guard is needless/,
    );
    assert.match(
      said("args.limit < 5 && args.limit > 1", "read_file").join("\n"),
      /^warning [^\n]*"limit" is optional [^\n]*$/,
    );
    assert.deepEqual(said("!has(args.limit) || args.limit < 5", "read_file"), []);
  });

  test("a rule's `when` is asked about each of its tools; what only some refuse is a warning", () => {
    const both = problemsOf([{ target: { tools: ["deploy", "read_file"] }, when: "args.path == 'x'" }]);
    assert.deepEqual(
      both.map(({ severity }) => severity),
      ["warning"],
    );
    const neither = problemsOf([{ target: { tools: ["deploy", "read_file"] }, when: "args.pth == 'x'" }]);
    assert.deepEqual(
      neither.map(({ severity, hint }) => [severity, hint]),
      [["error", 'did you mean "path"?']],
    );
  });
});

describe("names", () => {
  test("a tool that the lock does not have is an error with the nearest names", () => {
    const [problem] = problemsOf([{ target: { tools: ["raed_file"], prompts: ["greet"] } }]);
    assert.deepEqual(
      [problem!.message, problem!.hint],
      ['the lock has no tool "raed_file"', 'did you mean "read_file"?'],
    );
    assert.match(problemsOf([{ target: { prompts: ["gret"] } }])[0]!.message, /no prompt "gret"/);
  });

  test("a lock for each backend", () => {
    files["fs.lock.yaml"] = renderLock(makeLock({ tools: [READ], prompts: [], resources: [], resourceTemplates: [] }));
    const more = { lock: { fs: "fs.lock.yaml", ops: "tools.lock.yaml" }, backend: { from: "toolPrefix" } };
    assert.deepEqual(
      problemsOf(
        [
          {
            target: {
              tools: [
                { backend: "fs", tool: "read_file" },
                { backend: "ops", tool: "deploy" },
              ],
            },
          },
        ],
        more,
      ),
      [],
    );
    const [problem] = problemsOf([{ target: { tools: [{ backend: "fs", tool: "deploy" }] } }], more);
    assert.match(problem!.message, /no tool "deploy"/);
  });

  test("one lock with the prefixes of a gateway", () => {
    files["gateway.lock.yaml"] = renderLock(
      makeLock({ tools: [{ ...READ, name: "fs__read_file" }], prompts: [], resources: [], resourceTemplates: [] }),
    );
    const more = { lock: "gateway.lock.yaml", backend: { from: "toolPrefix" } };
    assert.deepEqual(problemsOf([{ target: { tools: [{ backend: "fs", tool: "read_file" }] } }], more), []);
    assert.equal(problemsOf([{ target: { tools: [{ backend: "gh", tool: "read_file" }] } }], more).length, 1);
  });

  test("coverage names the tools that no rule names", () => {
    const policy = {
      apiVersion: "scopegate/v1",
      kind: "Policy",
      lock: "tools.lock.yaml",
      rules: [{ target: { tools: ["deploy"] } }],
    };
    const { coverage } = compilePolicy(JSON.stringify(policy), "policy.yaml", { read });
    assert.deepEqual(
      coverage!.map(({ message }) => message),
      ["no rule names 2 of the 3 tools of tools.lock.yaml: open, read_file"],
    );
  });
});

describe("groups by annotations", () => {
  const tool = (name: string, annotations?: object) => ({
    name,
    inputSchema: { type: "object" },
    ...(annotations && { annotations }),
  });
  files["hints.yaml"] = renderLock(
    makeLock({
      tools: [tool("a", { readOnlyHint: true }), tool("b"), tool("c", { destructiveHint: false })],
      prompts: [],
      resources: [],
      resourceTemplates: [],
    }),
  );
  const groups = {
    reads: { annotations: { readOnlyHint: true } },
    dangerous: { annotations: { readOnlyHint: false, destructiveHint: true } },
  };
  const rules = [
    { name: "r", target: { groups: ["reads"] } },
    { name: "d", action: "Deny", target: { groups: ["dangerous"] } },
  ];

  test("are the tools of the lock that have them, defaults included", () => {
    const text = JSON.stringify({ apiVersion: "scopegate/v1", kind: "Policy", lock: "hints.yaml", groups, rules });
    const { policy, problems } = compilePolicy(text, "policy.yaml", { read });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      policy!.rules.map(({ targets }) => targets!.map(({ name }) => name)),
      [["a"], ["b"]],
    );
  });

  test("need a lock, and say when no tool has them", () => {
    const errors = problemsOf(rules, { lock: undefined, groups }).filter(({ severity }) => severity === "error");
    assert.equal(errors.length, 2);
    const [problem] = problemsOf([{ target: { groups: ["g"] } }], {
      lock: "hints.yaml",
      groups: { g: { annotations: { idempotentHint: true } } },
    });
    assert.equal(problem!.message, "no tool of the lock has these annotations");
  });
});

describe("locks that are wrong", () => {
  test("one that is not there: an error with what makes it", () => {
    const [problem] = problemsOf([], { lock: "gone.yaml" }).filter(({ severity }) => severity === "error");
    assert.deepEqual(
      [problem!.message, problem!.hint],
      ["the lock gone.yaml cannot be read", "scopegate lock --from URL -o gone.yaml"],
    );
    const policy = { apiVersion: "scopegate/v1", kind: "Policy", lock: "tools.lock.yaml", rules: [] };
    assert.equal(compileDocument(policy).program, undefined);
  });

  test("one that was edited by hand: an error at the entry, in the lock's own file", () => {
    const edited = LOCK.replace("- production", "- prod");
    const { lock, problems } = readLock(edited, "tools.lock.yaml");
    assert.equal(lock, undefined);
    assert.match(problems[0]!.message, /the entry of the tool "deploy" was edited/);
    assert.match(edited.split("\n")[problems[0]!.line - 1]!, /digest: sha256:/);
    files["edited.yaml"] = edited;
    const all = problemsOf([], { lock: "edited.yaml" });
    assert.deepEqual(
      all.filter(({ severity }) => severity === "error").map(({ file }) => file),
      ["policy.yaml", "edited.yaml"],
    );
  });

  test("no lock at all, another version, a list that is none, an entry twice", () => {
    for (const text of [
      "",
      "a: 1\n",
      "scopegateLock: 2\n",
      "scopegateLock: 1\ntools: 7\n",
      "- x\n",
      "scopegateLock: 1\ntools: [{name: a}]\n",
    ])
      assert.ok(readLock(text, "x").problems.length > 0, text);
    const entry = LOCK.slice(LOCK.indexOf("  - name: open"), LOCK.indexOf("  - name: read_file"));
    assert.match(readLock(LOCK.replace(entry, entry + entry), "x").problems[0]!.message, /listed twice/);
  });

  test("a lock that is read and written again is the same text", () =>
    assert.equal(renderLock(readLock(LOCK, "x").lock!), LOCK));

  test("drift needs a lock", () => {
    const errors = problemsOf([], { lock: undefined, drift: "hide" }).filter(({ severity }) => severity === "error");
    assert.equal(errors.length, 1);
  });
});
