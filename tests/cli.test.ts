// The bundled command line as users run it: two files in a folder without node_modules. Messages as whole texts.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "scopegate-cli-"));
after(() => rmSync(folder, { recursive: true }));
for (const file of ["scopegate.mjs", "scopegate.wasm"])
  cpSync(fileURLToPath(new URL(`../build/${file}`, import.meta.url)), join(folder, file));

const POLICY = `apiVersion: scopegate/v1
kind: Policy
metadata: {name: files}
resource: https://mcp.example.com/mcp
backend: {from: toolPrefix}
rules:
  - name: public-files
    source: {jwt: {scopes: [files:read]}}
    target:
      tools:
        - {backend: fs, tool: read_file, when: 'args.path.startsWith("/public/") && args.size < 10'}
  - name: greet
    target: {tools: [{backend: demo, tool: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
`;
const file = (name: string, text: string): string => (writeFileSync(join(folder, name), text), name);
file("policy.yaml", POLICY);
file("wrong.yaml", POLICY.replace("startsWith", "startWith").replace("tool: echo", "tol: echo"));

interface Run {
  code: number | null;
  out: string;
  err: string;
}

function run(args: string[], input = ""): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scopegate.mjs", ...args], {
    cwd: folder,
    input,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  return { code: status, out: stdout, err: stderr };
}

const lines = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const body = (name: string, args: unknown): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });
const request = (name: string, args: unknown, more: object = {}): string =>
  JSON.stringify({ payload: { scope: "files:read" }, body: body(name, args), ...more });

describe("usage", () => {
  test("the overview names every command; each has help", () => {
    const { code, out } = run(["--help"]);
    assert.equal(code, 0);
    for (const name of ["check", "compile", "manifest", "eval", "test", "explain", "show"]) {
      assert.match(out, new RegExp(`^ {2}${name} `, "m"));
      const help = run([name, "--help"]);
      assert.equal(help.code, 0);
      assert.ok(help.out.startsWith(`Usage: scopegate ${name} `), help.out);
    }
  });

  const REFUSED: [string[], string][] = [
    [[], "scopegate: no command given; see scopegate --help\n"],
    [["chek"], "scopegate: no such command: chek; see scopegate --help\n"],
    [["toString"], "scopegate: no such command: toString; see scopegate --help\n"],
    [["check"], "scopegate: no POLICY given; see scopegate check --help\n"],
    [["check", "--frmat", "json", "policy.yaml"], "scopegate: Unknown option '--frmat'; see scopegate check --help\n"],
    [["check", "--format", "xml", "policy.yaml"], "scopegate: --format is text or json, not xml; see scopegate check --help\n"],
    [["check", "gone.yaml"], "scopegate: cannot read gone.yaml: no such file\n"],
    [["compile", "."], "scopegate: cannot read .: it is a directory\n"],
    [["compile", "a", "b"], "scopegate: one POLICY at a time, got 2; see scopegate compile --help\n"],
    [["eval", "-"], "scopegate: standard input has the requests; POLICY must be a file; see scopegate eval --help\n"],
    [["test", "gone"], "scopegate: cannot read gone: no such file\n"],
    [["test", "policy.yaml", "--min-coverage", "much"], "scopegate: --min-coverage is a percentage, not much; see scopegate test --help\n"],
    [["explain", "policy.yaml"], "scopegate: no --request given; see scopegate explain --help\n"],
    [["show", "gone.json"], "scopegate: cannot read gone.json: no such file\n"],
  ];
  for (const [args, message] of REFUSED) {
    test(`exit 2: scopegate ${args.join(" ")}`, () => assert.deepEqual(run(args), { code: 2, out: "", err: message }));
  }
});

describe("check", () => {
  test("is silent when nothing is wrong", () => assert.deepEqual(run(["check", "policy.yaml"]), { code: 0, out: "", err: "" }));

  test("reads standard input", () => {
    assert.deepEqual(run(["check", "-"], POLICY), { code: 0, out: "", err: "" });
    assert.match(run(["check", "-"], "kind: x").err, /^<stdin>:1:/);
  });

  test("tells every error with its place, the line and a hint", () => {
    assert.deepEqual(run(["check", "wrong.yaml"]), {
      code: 1,
      out: "",
      err: `wrong.yaml:11:59: error: there is no function \`startWith\`
        - {backend: fs, tool: read_file, when: 'args.path.startWith("/public/") && args.size < 10'}
                                                          ^~~~~~~~~
hint: did you mean \`startsWith\`?

wrong.yaml:13:22: error: "tool" is missing
    target: {tools: [{backend: demo, tol: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
                     ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~

wrong.yaml:13:38: error: "tol" is not known here
    target: {tools: [{backend: demo, tol: echo, when: 'args.text.matches("^Hello, .*!$")'}]}
                                     ^~~
hint: did you mean "tool"?
`,
    });
  });

  test("--format json", () => {
    const { code, out } = run(["check", "--format", "json", "wrong.yaml", "policy.yaml"]);
    assert.equal(code, 1);
    const problems = JSON.parse(out) as { file: string; line: number; column: number; severity: string }[];
    assert.ok(problems.some(({ file: name, line, severity }) => name === "wrong.yaml" && line === 11 && severity === "error"));
    assert.deepEqual(JSON.parse(run(["check", "--format", "json", "policy.yaml"]).out), []);
  });
});

describe("compile and show", () => {
  test("one JSON object on standard output", () => {
    const { code, out, err } = run(["compile", "policy.yaml"]);
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    const { program, ...rest } = JSON.parse(out) as { program: string };
    assert.deepEqual(rest, { scopegate: 1, policy: "files", holdHeaders: false });
    assert.ok(Buffer.from(program, "base64").subarray(0, 4).equals(Buffer.from("SGP1")));
  });

  test("--hold-headers, -o, and show of what was written", () => {
    assert.deepEqual(run(["compile", "policy.yaml", "--hold-headers", "-o", "out.json"]), { code: 0, out: "", err: "" });
    const written = readFileSync(join(folder, "out.json"), "utf8");
    assert.equal((JSON.parse(written) as { holdHeaders: boolean }).holdHeaders, true);
    const { code, out } = run(["show", "out.json"]);
    assert.equal(code, 0);
    assert.match(out, /public-files/);
    assert.deepEqual(run(["show", "-"], written), { code: 0, out, err: "" });
  });

  test("a wrong policy: exit 1, nothing written", () => {
    const { code, out } = run(["compile", "wrong.yaml", "-o", "never.json"]);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.ok(!existsSync(join(folder, "never.json")));
  });

  test("show refuses what is no plugin configuration", () => {
    for (const text of ["", "{}", "null", '{"program":"AAAA"}']) {
      const { code, out, err } = run(["show", "-"], text);
      assert.deepEqual({ code, out }, { code: 1, out: "" }, text);
      assert.match(err, /^<stdin>: error: .+\n$/);
    }
  });
});

describe("eval", () => {
  test("decisions in the order of the lines, the whole result of each", () => {
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
      results.map(({ id, decision, status, reason, rule, requiredScopes }) => [id, decision, status, reason, rule, requiredScopes]),
      [
        ["ok", "allow", undefined, "allowed", "public-files", null],
        ["scope", "deny", 403, "insufficient_scope", "public-files", ["files:read"]],
        ["when", "deny", 403, "no_rule", null, null],
        ["token", "unauthenticated", 401, "no_token", null, ["files:read"]],
        ["json", "reject", 400, "not_json", null, null],
      ],
    );
    assert.deepEqual(Object.keys(results[0]!), ["id", "decision", "reason", "rule", "requiredScopes"]);
  });

  test("--explain gives the trace", () => {
    const { out } = run(["eval", "policy.yaml", "--explain"], request("demo__echo", { text: "Hello, x!" }));
    assert.deepEqual(lines(out)[0]!.trace, [
      { rule: "public-files", outcome: "target" },
      { rule: "greet", outcome: "matched" },
    ]);
  });

  test("a malformed line has its error, the others their answers; exit 1", () => {
    const good = request("demo__echo", { text: "Hello, x!" });
    const bad = ["{", "[]", '{"bdy":"x"}', '{"payload":{}}', '{"body":"x","bodyBase64":"eA=="}', '{"body":"x","chunks":[0]}', '{"bodyBase64":"*"}'];
    const { code, out } = run(["eval", "policy.yaml"], [...bad, good].join("\n"));
    assert.equal(code, 1);
    const results = lines(out);
    assert.equal(results.length, bad.length + 1);
    for (const result of results.slice(0, -1)) assert.deepEqual(Object.keys(result), ["error"]);
    assert.equal(results.at(-1)!.decision, "allow");
    assert.equal(results[2]!.error, 'unknown field "bdy"');
  });

  test("a line's own policy; one that is refused says why and nothing else", () => {
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
    assert.deepEqual(lines(run(["eval", "policy.yaml"], input).out).map(({ decision }) => decision), forms.map(() => "allow"));
  });

  test("2,000 lines with a policy each take seconds", () => {
    const own = (i: number): object => ({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      rules: [{ name: `r${i}`, target: { tools: [{ tool: "t", when: `args.n == ${i} && args.s.matches("^a{1,${(i % 9) + 1}}$")` }] } }],
    });
    const input = Array.from({ length: 2000 }, (_, i) => request("t", { n: i, s: "a" }, { id: String(i), policy: own(i) })).join("\n");
    const start = performance.now();
    const { code, out } = run(["eval"], input);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(code, 0);
    assert.ok(lines(out).every(({ id, rule }, i) => id === String(i) && rule === `r${i}`));
    assert.ok(seconds < 20, `${seconds} s`);
  });
});

describe("test", () => {
  const tests = (...items: string[]): string => `policy: policy.yaml\ntests:\n${items.map((item) => `  - ${item}\n`).join("")}`;
  const READ = "call: {backend: fs, tool: read_file, args: {path: /public/a, size: 1}}";
  const ALLOWED = `{name: reads, scopes: [files:read], ${READ}, expect: {decision: allow, rule: public-files}}`;
  const ASKED = `{name: asks, payload: {sub: ann}, ${READ}, expect: {decision: deny, reason: insufficient_scope, scopes: [files:read]}}`;

  test("passes, and tells what was never seen", () => {
    file("good.test.yaml", tests(ALLOWED, ASKED));
    assert.deepEqual(run(["test", "good.test.yaml"]), {
      code: 0,
      out: `good.test.yaml
  ✓ reads
  ✓ asks

policy.yaml: rules 1 of 2, when branches 1 of 4, coverage 33 %
  never seen: the when of rule public-files, fs/read_file is not true
  never seen: rule greet matches
  never seen: the when of rule greet, demo/echo is true
  never seen: the when of rule greet, demo/echo is not true

2 passed, 0 failed
`,
      err: "",
    });
  });

  test("a failure says what differs; exit 1", () => {
    file("bad.test.yaml", tests(ALLOWED.replace("size: 1", "size: 99")));
    const { code, out } = run(["test", "bad.test.yaml"]);
    assert.equal(code, 1);
    assert.match(out, /✗ reads\n {6}decision: expected allow, got deny\n {6}rule: expected public-files, got none\n {6}the reason was no_rule\n/);
    assert.match(out, /\n0 passed, 1 failed\n$/);
  });

  test("--min-coverage is a gate", () => {
    assert.equal(run(["test", "good.test.yaml", "--min-coverage", "33"]).code, 0);
    const { code, err } = run(["test", "good.test.yaml", "--min-coverage", "34"]);
    assert.deepEqual({ code, err }, { code: 1, err: "scopegate: coverage is 33 %, below the 34 % asked for\n" });
  });

  test("a folder stands for its test files; none is exit 2", () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    assert.deepEqual(run(["test", "empty"]).code, 2);
    file("none.test.yaml", "policy: policy.yaml\ntests: []\n");
    assert.equal(run(["test", "none.test.yaml"]).code, 2);
    assert.match(run(["test", "."]).out, /bad\.test\.yaml[^]*good\.test\.yaml/);
  });

  test("a wrong test file names the place; exit 1", () => {
    file("odd.test.yaml", tests(`{name: x, ${READ}, expct: {decision: allow}}`));
    const { code, err } = run(["test", "odd.test.yaml"]);
    const keys = "name, payload, scopes, call, request, expect";
    assert.deepEqual({ code, err }, { code: 1, err: `odd.test.yaml: tests[0]: unknown key "expct"; there are ${keys}\n` });
  });

  test("--format json", () => {
    const { files, passed, failed, coverage } = JSON.parse(run(["test", "good.test.yaml", "--format", "json"]).out) as Record<string, unknown>;
    assert.deepEqual(files, [{ file: "good.test.yaml", tests: [{ name: "reads", differences: [] }, { name: "asks", differences: [] }] }]);
    assert.deepEqual([passed, failed, (coverage as object[]).length], [2, 0, 1]);
  });
});

describe("explain", () => {
  test("names the part of the `when` that is false, and what it read", () => {
    file("request.json", request("fs__read_file", { path: "/public/a", size: 99 }));
    assert.deepEqual(run(["explain", "policy.yaml", "--request", "request.json"]), {
      code: 0,
      out: `deny (HTTP 403): no_rule

rule public-files its when is false
  false  args.path.startsWith("/public/") && args.size < 10
    true   args.path.startsWith("/public/")
           args.path is "/public/a"
    false  args.size < 10
           args.size is 99

rule greet is about other calls

No scope would help.
`,
      err: "",
    });
  });

  test("says which scopes would do", () => {
    file("request.yaml", `payload: {}\nbody: '${body("fs__read_file", { path: "/public/a", size: 1 })}'\n`);
    const { code, out } = run(["explain", "policy.yaml", "--request", "request.yaml"]);
    assert.equal(code, 0);
    assert.match(out, /^deny \(HTTP 403\): insufficient_scope, rule public-files\n/);
    assert.match(out, /\nA token with these scopes would do: files:read\n$/);
  });
});
