// Commands about requests: eval, test, explain.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { body, file, folder, lines, request, run } from "../support/cli.ts";

describe("eval", () => {
  test("decisions come in the order of the lines, each with its whole result", () => {
    const input = [
      request("fs__read_file", { path: "/public/a", size: 1 }, { id: "ok" }),
      request("fs__read_file", { path: "/public/a", size: 1 }, { id: "scope", payload: {} }),
      request("fs__read_file", { path: "/etc", size: 1 }, { id: "when" }),
      JSON.stringify({ id: "token", body: body("demo__echo", {}) }),
      JSON.stringify({ id: "json", payload: {}, body: "{" }),
    ].join("\n");
    const { code, out, err } = run(["eval", "policy.yaml"], input);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    const results = lines(out);
    assert.deepEqual(
      results.map(({ id, decision, status, reason, rule, requiredScopes }) => [
        id,
        decision,
        status,
        reason,
        rule,
        requiredScopes,
      ]),
      [
        ["ok", "allow", undefined, "allowed", "public-files", null],
        ["scope", "deny", 403, "insufficient_scope", "public-files", ["files:read"]],
        ["when", "deny", 403, "no_rule", null, null],
        ["token", "unauthenticated", 401, "no_token", null, ["files:read"]],
        ["json", "reject", 400, "not_json", null, null],
      ],
    );
    assert.deepEqual(Object.keys(results[0]!), ["id", "decision", "reason", "rule", "requiredScopes", "record"]);
  });

  test("--explain gives the trace", () => {
    const { out } = run(["eval", "policy.yaml", "--explain"], request("demo__echo", { text: "Hello, x!" }));
    assert.deepEqual(lines(out)[0]!.trace, [
      { rule: "public-files", outcome: "target" },
      { rule: "greet", outcome: "matched" },
    ]);
  });

  test("a malformed line gets an error, the others their decisions; exit 1", () => {
    const good = request("demo__echo", { text: "Hello, x!" });
    const bad = [
      "{",
      "[]",
      '{"bdy":"x"}',
      '{"payload":{}}',
      '{"body":"x","bodyBase64":"eA=="}',
      '{"body":"x","chunks":[0]}',
      '{"bodyBase64":"*"}',
    ];
    const { code, out } = run(["eval", "policy.yaml"], [...bad, good].join("\n"));
    assert.equal(code, 1);
    const results = lines(out);
    assert.equal(results.length, bad.length + 1);
    for (const result of results.slice(0, -1)) assert.deepEqual(Object.keys(result), ["error"]);
    assert.equal(results.at(-1)!.decision, "allow");
    assert.equal(results[2]!.error, 'unknown field "bdy"');
  });

  test("a line's own policy; one with errors gives only the errors", () => {
    const own = { apiVersion: "scopegate/v1", kind: "Policy", defaultAction: "Allow" };
    const input = [
      request("x", {}, { id: "a", policy: own }),
      request("x", {}, { id: "b", policy: { ...own, defaultAction: "Perhaps" } }),
      request("x", {}, { id: "c" }),
    ].join("\n");
    const { code, out } = run(["eval"], input);
    const [a, b, c] = lines(out);
    assert.equal(a!.decision, "allow");
    assert.deepEqual(Object.keys(b!), ["id", "policyErrors"]);
    assert.equal(c!.error, "the line has no policy, and no POLICY was given");
    assert.equal(code, 1);
  });

  test("pieces, trailers, payload forms and base64 do not change a decision", () => {
    const text = body("fs__read_file", { path: "/public/ü", size: 2 });
    const forms = [
      { body: text },
      { bodyBase64: Buffer.from(text).toString("base64") },
      { body: text, chunks: [1, 2, 3] },
      { body: text, trailers: { "X-Sum": "1" } },
      { body: text, payloadForm: "normalized" },
    ];
    const input = forms.map((form) => JSON.stringify({ payload: { scope: "a files:read" }, ...form })).join("\n");
    assert.deepEqual(
      lines(run(["eval", "policy.yaml"], input).out).map(({ decision }) => decision),
      forms.map(() => "allow"),
    );
  });

  test("2,000 lines, each with its own policy", () => {
    const own = (i: number): object => ({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      rules: [
        {
          name: `r${i}`,
          target: { tools: [{ tool: "t", when: `args.n == ${i} && args.s.matches("^a{1,${(i % 9) + 1}}$")` }] },
        },
      ],
    });
    const input = Array.from({ length: 2000 }, (_, i) =>
      request("t", { n: i, s: "a" }, { id: String(i), policy: own(i) }),
    ).join("\n");
    const { code, out } = run(["eval"], input);
    assert.equal(code, 0);
    assert.ok(lines(out).every(({ id, rule }, i) => id === String(i) && rule === `r${i}`));
  });
});

describe("test", () => {
  const tests = (...items: string[]): string =>
    `policy: policy.yaml\ntests:\n${items.map((item) => `  - ${item}\n`).join("")}`;
  const READ = "call: {backend: fs, tool: read_file, args: {path: /public/a, size: 1}}";
  const ALLOWED = `{name: reads, scopes: [files:read], ${READ}, expect: {decision: allow, rule: public-files}}`;
  const ASKED = `{name: asks, payload: {sub: ann}, ${READ}, expect: {decision: deny, reason: insufficient_scope, scopes: [files:read]}}`;

  test("passes, and lists what is not covered", () => {
    file("good.test.yaml", tests(ALLOWED, ASKED));
    assert.deepEqual(run(["test", "good.test.yaml"]), {
      code: 0,
      out: `good.test.yaml
  ✓ reads
  ✓ asks

policy.yaml: rules 1 of 2, when branches 1 of 4, coverage 33%
  not covered: the when of rule public-files, fs/read_file is not true
  not covered: rule greet matches
  not covered: the when of rule greet, demo/echo is true
  not covered: the when of rule greet, demo/echo is not true

2 passed, 0 failed
`,
      err: "",
    });
  });

  test("alternatives, groups and requirements are covered one by one", () => {
    file(
      "alternatives.yaml",
      `apiVersion: scopegate/v1
kind: Policy
groups: { reads: { tools: [get, list] }, idle: { tools: [drop] } }
rules:
  - { name: staff, action: Require, source: { jwt: { claims: [{ name: org, values: [acme] }] } } }
  - { name: read, source: { jwt: { scopes: [{ anyOf: [a, b] }] } }, target: { groups: [reads] } }
  - { name: no, action: Deny, target: { groups: [idle] } }
`,
    );
    const one = "{name: one, payload: {scope: a, org: acme}, call: {tool: get}, expect: {decision: allow}}";
    file("alternatives.test.yaml", `policy: alternatives.yaml\ntests:\n  - ${one}\n`);
    assert.match(
      run(["test", "alternatives.test.yaml"]).out,
      /rules 4 of 8, .*\n {2}not covered: requirement staff is not met\n {2}not covered: rule read matches by the scope b\n {2}not covered: rule no matches\n {2}not covered: group idle is called\n/,
    );
  });

  test("a failure reports what differs; exit 1", () => {
    file("bad.test.yaml", tests(ALLOWED.replace("size: 1", "size: 99")));
    const { code, out } = run(["test", "bad.test.yaml"]);
    assert.equal(code, 1);
    assert.match(
      out,
      /✗ reads\n {6}decision: expected allow, got deny\n {6}rule: expected public-files, got none\n {6}the reason was no_rule\n/,
    );
    assert.match(out, /\n0 passed, 1 failed\n$/);
  });

  test("--min-coverage fails below the minimum", () => {
    assert.equal(run(["test", "good.test.yaml", "--min-coverage", "33"]).code, 0);
    const { code, err } = run(["test", "good.test.yaml", "--min-coverage", "34"]);
    assert.deepEqual({ code, err }, { code: 1, err: "scopegate: coverage is 33%, below the required 34%\n" });
  });

  test("a folder means its test files; none is exit 2", () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    assert.deepEqual(run(["test", "empty"]).code, 2);
    file("none.test.yaml", "policy: policy.yaml\ntests: []\n");
    assert.equal(run(["test", "none.test.yaml"]).code, 2);
    assert.match(run(["test", "."]).out, /bad\.test\.yaml[^]*good\.test\.yaml/);
  });

  test("an invalid test file is reported with the place; exit 1", () => {
    file("odd.test.yaml", tests(`{name: x, ${READ}, expct: {decision: allow}}`));
    const { code, err } = run(["test", "odd.test.yaml"]);
    const keys = "name, payload, scopes, anonymous, badToken, address, principal, time, call, request, list, expect";
    assert.deepEqual(
      { code, err },
      { code: 1, err: `odd.test.yaml: tests[0]: unknown key "expct"; known keys: ${keys}\n` },
    );
  });

  test("--format json", () => {
    const { files, passed, failed, coverage } = JSON.parse(
      run(["test", "good.test.yaml", "--format", "json"]).out,
    ) as Record<string, unknown>;
    assert.deepEqual(files, [
      {
        file: "good.test.yaml",
        tests: [
          { name: "reads", differences: [] },
          { name: "asks", differences: [] },
        ],
      },
    ]);
    assert.deepEqual([passed, failed, (coverage as object[]).length], [2, 0, 1]);
  });
});

describe("explain", () => {
  test("names the part of the `when` that is false, and the values it read", () => {
    file("request.json", request("fs__read_file", { path: "/public/a", size: 99 }));
    assert.deepEqual(run(["explain", "policy.yaml", "--request", "request.json"]), {
      code: 0,
      out: `deny (HTTP 403): no_rule

rule public-files does not match: its when is false
  false  args.path.startsWith("/public/") && args.size < 10
    true   args.path.startsWith("/public/")
           args.path is "/public/a"
    false  args.size < 10
           args.size is 99

rule greet does not match: it is about other calls

No scope would help.
`,
      err: "",
    });
  });

  test("says which scopes would help", () => {
    file("request.yaml", `payload: {}\nbody: '${body("fs__read_file", { path: "/public/a", size: 1 })}'\n`);
    const { code, out } = run(["explain", "policy.yaml", "--request", "request.yaml"]);
    assert.equal(code, 0);
    assert.match(out, /^deny \(HTTP 403\): insufficient_scope, rule public-files\n/);
    assert.match(out, /\nA token with these scopes would be allowed: files:read\n$/);
  });
});

describe("unreadable input is reported without a stack trace", () => {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;

  test("eval: a deeply nested policy or payload, and the lines after it", () => {
    const input = [
      `{"id": "policy", "policy": {"a": ${deep}}, "body": ""}`,
      `{"id": "payload", "payload": {"a": ${deep}}, "body": ""}`,
      request("fs__read_file", { path: "/public/a", size: 1 }),
    ].join("\n");
    const { code, out, err } = run(["eval", "policy.yaml"], input);
    assert.deepEqual({ code, err }, { code: 1, err: "" });
    const results = lines(out).map(({ error, decision }) => error ?? decision);
    assert.deepEqual(results, ["the request is nested too deeply", "the request is nested too deeply", "allow"]);
  });

  for (const [what, text, message] of [
    ["an alias of nothing", "body: *x", /^request\.yaml: error: Unresolved alias/],
    [
      "a payload that holds itself",
      "payload: &a {x: *a}\nbody: ''",
      /^request\.yaml: error: the request is nested too deeply\n$/,
    ],
  ] as const)
    test(`explain: ${what}`, () => {
      const { code, err } = run(["explain", "policy.yaml", "--request", file("request.yaml", text)]);
      assert.equal(code, 1);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n +at /);
    });
});
