// Policies: what is refused and with which message (whole texts), and what the documents mean.
import assert from "node:assert/strict";
import { fixedNames } from "../../scripts/compiler/policy/terms.ts";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { Action, BackendFrom, Kind } from "../../assembly/program.ts";
import { compileDocument, compilePolicy, listing, renderProblems } from "../../scripts/compiler/index.ts";
import { documentPaths, initialScopes, wellKnownUrl } from "../../scripts/compiler/policy/metadata.ts";
import { closeScopes } from "../../scripts/compiler/policy/hierarchy.ts";
import { Report } from "../../scripts/compiler/source/document.ts";
import { assertGolden } from "../support/golden.ts";

const cases = new URL("../cases/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, cases), "utf8");
const errorFiles = readdirSync(new URL("errors/", cases)).filter((name) => name.endsWith(".yaml"));
const policies = readdirSync(cases).filter((name) => readdirSync(new URL(`${name}/`, cases)).includes("policy.yaml"));

for (const name of errorFiles) {
  test(`problems of ${name}`, () => {
    const { problems, program } = compilePolicy(read(`errors/${name}`), name);
    assert.notEqual(problems.length, 0);
    assert.equal(
      program === undefined,
      problems.some(({ severity }) => severity === "error"),
    );
    assertGolden(new URL(`errors/${name.replace(".yaml", ".txt")}`, cases), renderProblems(problems));
  });
}

for (const name of policies) {
  test(`program of ${name}`, () => {
    const { program, problems } = compilePolicy(read(`${name}/policy.yaml`), "policy.yaml");
    assert.ok(program, renderProblems(problems));
    assertGolden(new URL(`${name}/program.txt`, cases), listing(program));
  });

  test(`${name} as an object makes the same program`, () => {
    const text = read(`${name}/policy.yaml`);
    assert.deepEqual(compileDocument(parse(text)).program, compilePolicy(text, "policy.yaml").program);
  });
}

test("the cases exist", () => {
  assert.ok(errorFiles.length >= 10, `${errorFiles.length} files of errors`);
  assert.ok(policies.length >= 5, `${policies.length} policies`);
});

test("colours only when asked for", () => {
  const { problems } = compilePolicy(read("errors/shapes.yaml"), "shapes.yaml");
  assert.ok(!renderProblems(problems).includes("\x1b"));
  const colored = renderProblems(problems, { color: true });
  assert.ok(colored.includes("\x1b[31merror:"));
  // eslint-disable-next-line no-control-regex
  assert.equal(colored.replace(/\x1b\[\d+m/g, ""), renderProblems(problems));
});

test("control characters in a policy do not reach the terminal", () => {
  const text = renderProblems(compilePolicy('kind: "\x1b[31mPolicy"\napiVersion: "a\u202eb"\n', "x.yaml").problems);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
});

test("problems in an object name the member and the place inside an expression", () => {
  const document = {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    rules: [{ action: "Permit", when: "args.a == nowhere" }],
  };
  const [first, second] = compileDocument(document).problems;
  assert.deepEqual([first?.file, first?.line], ["rules[0].action", 0]);
  assert.deepEqual([second?.file, second?.line, second?.column], ["rules[0].when", 1, 11]);
});

test("an MCPRoute has the same meaning as in ai-gateway", () => {
  const { policy, problems } = compilePolicy(read("pr-1482/policy.yaml"), "policy.yaml");
  assert.ok(policy);
  assert.deepEqual(policy.govern, [Kind.Tool]);
  assert.deepEqual(policy.backend, { from: BackendFrom.ToolPrefix, text: "__" });
  assert.deepEqual(policy.metadataKeys, ["mcp-jwt-provider", "payload", "mcp"]);
  assert.equal(policy.defaultAction, Action.Deny);
  assert.deepEqual(policy.audiences, ["https://mcp.example.com/mcp"]);
  assert.deepEqual(policy.authorizationServers, ["https://auth.example.com/realms/master"]);
  assert.ok(problems.every(({ severity }) => severity === "warning"));
  assert.match(problems[0]?.message ?? "", /only tools\/call/);
});

test("an MCPRoute without authorization passes everything with a token, and warns", () => {
  const { policy, program, problems } = compileDocument({
    apiVersion: "aigateway.envoyproxy.io/v1beta1",
    kind: "MCPRoute",
    spec: { backendRefs: [] },
  });
  assert.ok(program);
  assert.equal(policy?.defaultAction, Action.Allow);
  assert.match(problems[0]?.message ?? "", /every call with a valid token passes/);
});

test("an MCPRoute accepts `cel` on a rule, and an empty one means none", () => {
  const rules = [{ cel: 'request.headers["x-team"] == "a"' }, { cel: " \n " }];
  const { policy, program } = compileDocument({
    apiVersion: "aigateway.envoyproxy.io/v1alpha1",
    kind: "MCPRoute",
    spec: { securityPolicy: { authorization: { rules } } },
  });
  assert.ok(program);
  assert.deepEqual(
    policy?.rules.map((rule) => rule.when?.value),
    [rules[0]!.cel, undefined],
  );
});

test("an MCPRoute among other Kubernetes objects is found", () => {
  const { program } = compilePolicy(`apiVersion: v1\nkind: Service\n---\n${read("pr-1482/policy.yaml")}`, "all.yaml");
  assert.ok(program);
});

test("aliases are resolved, and exploding ones are refused", () => {
  const aliased =
    "apiVersion: scopegate/v1\nkind: Policy\nrules:\n- source: {jwt: {scopes: &s [a:b]}}\n- source: {jwt: {scopes: *s}}\n";
  assert.deepEqual(
    compilePolicy(aliased, "x").policy?.rules.map((rule) => fixedNames(rule)),
    [["a:b"], ["a:b"]],
  );
  const laughs = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
  const { problems, program } = compilePolicy(`a0: &a0 [x]\n${laughs.join("\n")}\n`, "x");
  assert.equal(program, undefined);
  assert.ok(problems.some(({ message }) => message === "the document is too large"));
});

test("deep nesting is refused, however it is written", () => {
  const flow = compilePolicy(`rules: ${"[".repeat(5000)}${"]".repeat(5000)}`, "x");
  const block = compilePolicy(Array.from({ length: 100 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "x");
  let object: object = {};
  for (let i = 0; i < 20000; i++) object = { object };
  for (const { problems, program } of [flow, block, compileDocument(object)]) {
    assert.equal(program, undefined);
    assert.ok(
      problems.some(({ message }) => message.includes("nested too deeply")),
      problems[0]?.message,
    );
  }
});

const BASELINES: [name: string, rules: string[][], scopes: Record<string, string[]>, expected: string[]][] = [
  ["none without scopes", [], {}, []],
  [
    "what all rules have in common",
    [
      ["a", "b"],
      ["b", "c"],
    ],
    {},
    ["b"],
  ],
  ["else the smallest rule, the earlier on a tie", [["a", "b"], ["c"], ["d"]], {}, ["c"]],
  ["a broad scope counts as the narrow one", [["read"], ["write"]], { write: ["read"] }, ["read"]],
  ["implied scopes are not listed", [["write"], ["write", "read"]], { write: ["read"] }, ["write"]],
  ["never offline_access", [["offline_access"]], {}, []],
];

for (const [name, lists, scopes, expected] of BASELINES) {
  test(`baseline scopes: ${name}`, () => {
    const { policy } = compileDocument({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      scopes: Object.fromEntries(Object.entries(scopes).map(([scope, implies]) => [scope, { implies }])),
      rules: lists.map((list) => ({ source: { jwt: { scopes: list } } })),
    });
    assert.deepEqual(initialScopes(policy!, closeScopes(new Report(), policy!).closures), expected);
  });
}

const URLS: [resource: string, url: string, paths: string[]][] = [
  ["https://a.example/mcp", "https://a.example/.well-known/oauth-protected-resource/mcp", ["/mcp", ""]],
  [
    "https://a.example:8443/x/mcp/",
    "https://a.example:8443/.well-known/oauth-protected-resource/x/mcp",
    ["/x/mcp", ""],
  ],
  ["https://a.example", "https://a.example/.well-known/oauth-protected-resource", [""]],
  ["https://a.example/", "https://a.example/.well-known/oauth-protected-resource", [""]],
  ["http://localhost:3000/mcp?a=b", "http://localhost:3000/.well-known/oauth-protected-resource/mcp?a=b", ["/mcp", ""]],
];

for (const [resource, url, paths] of URLS) {
  test(`metadata document of ${resource}`, () => {
    assert.equal(wellKnownUrl(resource), url);
    const head = { apiVersion: "scopegate/v1", kind: "Policy", rules: [] };
    const { policy } = compileDocument({ ...head, resource, authorizationServers: ["https://auth.example"] });
    assert.equal(policy?.resourceMetadata, url);
    assert.deepEqual(
      documentPaths(policy!),
      paths.flatMap((path) => ["", "/"].map((end) => `/.well-known/oauth-protected-resource${path}${end}`)),
    );
  });
}

const HEAD = "apiVersion: scopegate/v1\nkind: Policy\n";
const errorsOf = (text: string): string[] =>
  compilePolicy(text, "policy.yaml").problems.flatMap(({ severity, message }) => (severity === "error" ? message : []));

test("tags that turn a string into something else are refused, and YAML 1.1 is read as 1.2", () => {
  for (const tag of ["binary", "timestamp", "omap", "set", "pairs", "foo"]) {
    const [first] = errorsOf(`${HEAD}rules: [{ target: { tools: [!!${tag} 2001-12-14] } }]`);
    assert.equal(first, `the tag tag:yaml.org,2002:${tag} is not supported`);
  }
  const { policy } = compilePolicy(
    `%YAML 1.1\n---\n${HEAD}rules: [{ target: { tools: [2001-12-14, no, 1:30] } }]`,
    "p",
  );
  assert.deepEqual(
    policy?.rules[0]?.targets?.map(({ name }) => name),
    ["2001-12-14", "no", "1:30"],
  );
  assert.deepEqual(errorsOf(`${HEAD}rules: [{ target: { tools: [!!str 5] } }]`), []);
});

test("a URL without a host is refused", () => {
  for (const url of ["https:///mcp", "http:////mcp"])
    assert.match(
      errorsOf(`${HEAD}rules: []\nresource: ${url}\nauthorizationServers: [https://a.example]`).join(),
      /URL/,
    );
});

test("a hierarchy that is too deep or too large is refused quickly", () => {
  const scopes = (count: number, implied: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => `  s${i}: {implies: [${implied(i)}]}\n`).join("");
  const chain = `${HEAD}rules: []\nscopes:\n${scopes(15_000, (i) => `s${i + 1}`)}  s15000: {}\n`;
  assert.match(errorsOf(chain).join(), /more than 256 scopes imply one another in a chain/);
  const wide = `${HEAD}rules: []\nscopes:\n${scopes(2000, () => "all")}  all: {implies: &x [${Array.from({ length: 2000 }, (_, i) => `t${i}`).join()}]}\n`;
  const declared = Array.from({ length: 2000 }, (_, i) => `  t${i}: {}\n`).join("");
  assert.match(errorsOf(wide + declared).join(), /more than 1000000 entries/);
});

test("of many unknown scopes only the first get suggestions", () => {
  const scopes = Array.from({ length: 100 }, (_, i) => `  declared${i}: {implies: [unknown${i}]}\n`).join("");
  const { problems } = compilePolicy(`${HEAD}rules: []\nscopes:\n${scopes}`, "policy.yaml");
  assert.equal(problems.length, 100);
  assert.equal(problems.filter(({ hint }) => hint !== undefined).length, 16);
});

test("a metadata key holds nothing that has a meaning in an access log format", () => {
  const keyed = (key: string): string => `${HEAD}jwt: { metadataKey: ${JSON.stringify(key)} }\nrules: []\n`;
  for (const key of ["mcp", "payload", "a.b_c-1", "https//x@y"]) assert.deepEqual(errorsOf(keyed(key)), [], key);
  for (const key of ["a:b", "a)b", "a%b", "a b", "a(b", "é"])
    assert.deepEqual(
      errorsOf(keyed(key)),
      ["the key contains a character that has a meaning in access log formats"],
      key,
    );
});
