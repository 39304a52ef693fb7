// Several policies in one plugin configuration: the host and path of a request choose the one that judges it.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument, conflicts, severalConfiguration, type Member } from "../../scripts/compiler/index.ts";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { loadDocuments } from "../../scripts/evaluate/load.ts";
import { Host, JWT_NAMESPACE, type SimulatedRequest } from "../../scripts/simulate/host.ts";
import { bytes, lineOf, message, reasonOf } from "../support/host.ts";

const AUTH = ["https://auth.example.com"];

/** A policy that allows the tool of its own name. */
const policy = (name: string, resource: string, more: object = {}): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name },
  resource,
  authorizationServers: AUTH,
  rules: [{ name: `${name}-rule`, source: { jwt: { scopes: [name] } }, target: { tools: [name] } }],
  ...more,
});

const POLICIES = [
  policy("files", "https://mcp.example.com/files"),
  policy("deep", "https://mcp.example.com/files/deep/"),
  policy("other", "https://OTHER.example.com/files"),
  policy("root", "https://root.example.com"),
  policy("port", "https://mcp.example.com:8443/files"),
  policy("plain", "http://plain.example.com/files"),
];

function membersOf(documents: object[]): Member[] {
  return documents.map((document, i) => {
    const { program, policy: model, problems } = compileDocument(document);
    assert.ok(program && model, JSON.stringify(problems));
    return { file: `${i}.yaml`, program, policy: model };
  });
}

function hostFor(documents: object[] = POLICIES): Host {
  const host = new Host(filterModule());
  const { ok, logs } = host.configure(JSON.stringify(severalConfiguration(membersOf(documents))));
  assert.ok(ok, logs.join("\n"));
  return host;
}

/** A call of the tool of this name. */
const calling = (
  name: string,
  authority: string,
  path: string,
  more: Partial<SimulatedRequest> = {},
): SimulatedRequest => ({
  authority,
  path,
  headers: [["content-type", "application/json"]],
  body: bytes(JSON.stringify(message("tools/call", { name }))),
  metadata: { [JWT_NAMESPACE]: { mcp: { scope: "files deep other root port plain", iat: 1, sub: "u" } } },
  ...more,
});

describe("a request is judged by the policy of its host and path", () => {
  const host = hostFor();
  for (const [name, authority, path] of [
    ["files", "mcp.example.com", "/files"],
    ["files", "mcp.example.com", "/files/"],
    ["files", "mcp.example.com", "/files?a=/files/deep"],
    ["files", "mcp.example.com", "/files/deeper"],
    ["files", "mcp.example.com", "/files/x/deep"],
    ["files", "MCP.Example.COM", "/files"],
    ["files", "mcp.example.com:443", "/files"],
    ["deep", "mcp.example.com", "/files/deep"],
    ["deep", "mcp.example.com", "/files/deep/"],
    ["deep", "mcp.example.com", `/files/deep/${"x/".repeat(2000)}`],
    ["other", "other.example.com", "/files"],
    ["root", "root.example.com", "/"],
    ["root", "root.example.com", "/any/thing"],
    ["port", "mcp.example.com:8443", "/files"],
    ["plain", "plain.example.com", "/files"],
    ["plain", "plain.example.com:80", "/files"],
  ] as const)
    test(`${authority}${path.slice(0, 40)} is ${name}'s`, () => {
      const answer = host.request(calling(name, authority, path));
      assert.ok(answer.forwarded, answer.reply?.body);
      assert.equal(lineOf(answer), `allowed;${name}-rule;tools/call;${name}`);
      assert.equal(reasonOf(host.request(calling("nothing", authority, path))), "no_rule");
    });

  for (const [authority, path] of [
    ["mcp.example.com", "/"],
    ["mcp.example.com", "/file"],
    ["mcp.example.com", "/filesystem"],
    ["mcp.example.com", "/FILES"],
    ["mcp.example.com:80", "/files"],
    ["mcp.example.com:8080", "/files"],
    ["mcp.example.com.", "/files"],
    ["plain.example.com:443", "/files"],
    ["unknown.example.com", "/files"],
    ["", "/files"],
    [`${"a".repeat(5000)}.example.com`, "/files"],
    ["mcp.example.com", "//files"],
    ["mcp.example.com", "/files//deep"],
    ["mcp.example.com", "/files/./deep"],
    ["mcp.example.com", "/x/../files"],
    ["mcp.example.com", "/files/.."],
    ["mcp.example.com", "/files%2Fdeep"],
    ["mcp.example.com", "/f%69les"],
    ["mcp.example.com", "/files/%c3%a9"],
    ["mcp.example.com", "/files\\deep"],
    ["mcp.example.com", "/files;x=1"],
    ["mcp.example.com", "/files#x"],
    ["mcp.example.com", "files"],
    ["mcp.example.com", ""],
  ] as const)
    test(`${authority.slice(0, 30)}${path} belongs to none: 403 before any token check`, () => {
      for (const more of [{}, { metadata: {} }, { method: "OPTIONS", body: new Uint8Array() }, { method: "PUT" }]) {
        const answer = host.request(calling("files", authority, path, more));
        assert.equal(answer.reply?.status, 403);
        assert.equal(reasonOf(answer), "no_policy");
      }
    });
});

test("each policy serves its own metadata document and names it in its challenges", () => {
  const host = hostFor();
  const at = "/.well-known/oauth-protected-resource";
  for (const [authority, path, resource] of [
    ["mcp.example.com", `${at}/files`, "https://mcp.example.com/files"],
    ["mcp.example.com", `${at}/files/`, "https://mcp.example.com/files"],
    ["mcp.example.com", `${at}/files/deep`, "https://mcp.example.com/files/deep/"],
    ["other.example.com", `${at}/files`, "https://OTHER.example.com/files"],
    ["root.example.com", at, "https://root.example.com"],
  ] as const) {
    const { reply } = host.request({ method: "GET", authority, path });
    assert.equal(reply?.status, 200, path);
    assert.equal((JSON.parse(reply.body) as { resource: string }).resource, resource);
  }
  assert.equal(host.request({ method: "GET", authority: "mcp.example.com", path: at }).reply?.status, 403);
  const { reply } = host.request(calling("deep", "mcp.example.com", "/files/deep", { metadata: {} }));
  assert.match(JSON.stringify(reply?.headers), /oauth-protected-resource\/files\/deep/);
});

test("a request without a body, one whose body comes in pieces, and one after another policy's are judged by their own", () => {
  const host = hostFor();
  for (const [name, path] of [
    ["files", "/files"],
    ["deep", "/files/deep"],
    ["files", "/files"],
  ] as const)
    assert.ok(host.request(calling(name, "mcp.example.com", path, { chunks: [3, 5] })).forwarded);
  assert.ok(
    host.request(calling("x", "mcp.example.com", "/files", { method: "GET", body: new Uint8Array() })).forwarded,
  );
});

test("between the headers and the body of a request the policies may change: then it is refused", () => {
  let change = (): void => {};
  const host = new Host(filterModule(), { beforeBody: () => change() });
  const configured = (documents: object[]) => JSON.stringify(severalConfiguration(membersOf(documents)));
  assert.ok(host.configure(configured(POLICIES)).ok);
  const last = calling("plain", "plain.example.com", "/files");
  assert.ok(host.request(last).forwarded);
  change = () => void assert.ok(host.reconfigure(configured(POLICIES.slice(0, 2))));
  assert.equal(reasonOf(host.request(last)), "host_error");
});

test("decisions are counted for all policies together and for each by its name", () => {
  const host = hostFor([
    policy("a", "https://a.example/mcp", { metadata: { name: "a b.c" } }),
    policy("d-1", "https://d.example/mcp"),
  ]);
  host.request(calling("a", "a.example", "/mcp"));
  host.request(calling("d-1", "d.example", "/mcp", { metadata: { [JWT_NAMESPACE]: { mcp: { scope: "d-1" } } } }));
  host.request(calling("d-1", "d.example", "/mcp", { metadata: {} }));
  host.request(calling("d-1", "d.example", "/mcp", { headers: [] }));
  host.request({ method: "GET", authority: "d.example", path: "/.well-known/oauth-protected-resource/mcp" });
  host.request(calling("d-1", "x.example", "/mcp"));
  const counted = Object.fromEntries(Object.entries(host.metrics.all()).filter(([name]) => name.includes("policy")));
  assert.deepEqual(counted, {
    "scopegate.policy.a_b_c.deny": 1,
    "scopegate.policy.d-1.allow": 1,
    "scopegate.policy.d-1.unauthenticated": 1,
    "scopegate.policy.d-1.reject": 1,
    "scopegate.policy.d-1.answer": 1,
    "scopegate.denied.no_policy": 1,
  });
});

test("a thousand policies: each is found", () => {
  const documents = Array.from({ length: 1000 }, (_, i) =>
    policy(`p${i}`, `https://h${i % 10}.example.com/${"deep/".repeat(i % 4)}p${i}`, {
      rules: [{ target: { tools: [`p${i}`] } }],
    }),
  );
  const host = hostFor(documents);
  for (let i = 0; i < 1000; i += 7) {
    const path = `/${"deep/".repeat(i % 4)}p${i}/x`;
    assert.ok(host.request(calling(`p${i}`, `h${i % 10}.example.com`, path)).forwarded, path);
    assert.equal(reasonOf(host.request(calling(`p${i}`, `h${(i + 1) % 10}.example.com`, path))), "no_policy");
  }
});

describe("a plugin configuration is refused", () => {
  const good = severalConfiguration(membersOf(POLICIES));
  const [first, second] = good.policies as [(typeof good.policies)[0], (typeof good.policies)[0]];
  for (const [what, policies, says] of [
    ["with a bad program", [first, { ...second, program: "AAAA" }], /policy deep: .*program/],
    ["with no program", [first, { ...second, program: 7 }], /policy deep: it has no program/],
    [
      "with two policies of one route",
      [first, { ...second, routes: first.routes }],
      /policy deep: another policy has the same host and path/,
    ],
    ["without routes", [first, { ...second, routes: [] }], /a policy has no routes/],
    ["with an item that is none", [first, 7], /a policy has no routes/],
    ["with an empty list", [], /its policies are not a list/],
    ["with policies that are no list", {}, /its policies are not a list/],
  ] as const)
    test(what, () => {
      const host = hostFor();
      const { ok, logs } = host.configure(JSON.stringify({ ...good, policies }));
      assert.equal(ok, false);
      assert.match(logs.join("\n"), says);
      assert.ok(
        host.request(calling("files", "mcp.example.com", "/files")).forwarded,
        "the previous one stays in force",
      );
    });
});

test("what keeps policies from one configuration is told by their names", () => {
  const told = (documents: object[]): string[] => conflicts(membersOf(documents)).map(({ message: text }) => text);
  const a = policy("a", "https://h.example/mcp");
  assert.deepEqual(told([a, policy("b", "https://h.example/mcp/x")]), []);
  assert.deepEqual(told([a, policy("b", "https://H.example:443/mcp/")]), [
    "policy b: policy a (0.yaml) has the same host and path",
  ]);
  assert.deepEqual(told([a, policy("a", "https://h.example/x")]), ["policy a: 0.yaml has the same name"]);
  const none = { apiVersion: "scopegate/v1", kind: "Policy", metadata: { name: "n" }, rules: [] };
  assert.deepEqual(told([a, none]), ["policy n: it has no resource"]);
});

test("eval names the policy that decided, and traces its rules", () => {
  const loaded = loadDocuments(POLICIES);
  assert.ok(!Array.isArray(loaded));
  const engine = new Engine();
  const ask = (authority: string, path: string) =>
    engine.evaluate(
      loaded,
      { authority, path, payload: { scope: "deep" }, body: JSON.stringify(message("tools/call", { name: "deep" })) },
      true,
    );
  const { policy: decided, rule, trace } = ask("mcp.example.com", "/files/deep");
  assert.deepEqual([decided, rule, trace], ["deep", "deep-rule", [{ rule: "deep-rule", outcome: "matched" }]]);
  assert.equal(ask("mcp.example.com", "/files").policy, "files");
  assert.deepEqual([ask("x.example", "/").policy, ask("x.example", "/").reason], [undefined, "no_policy"]);
});
