// Callers without a token, where a policy has rules for them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Engine } from "../../scripts/evaluate/engine.ts";
import { loadDocument, type Loaded } from "../../scripts/evaluate/load.ts";
import type { EvalRequest } from "../../scripts/evaluate/request.ts";
import type { Result } from "../../scripts/evaluate/result.ts";

const engine = new Engine();
const tools = (...names: unknown[]): object => ({ target: { tools: names } });
const head = { apiVersion: "scopegate/v1", kind: "Policy", resource: "https://mcp.example.com/mcp" };

function load(...rules: object[]): Loaded {
  const loaded = loadDocument({ ...head, loop: "off", rules });
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  return loaded;
}

const bodyOf = (method: string, params?: object): string => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const ask = (loaded: Loaded, tool: string, more: Partial<EvalRequest> = {}): Result =>
  engine.evaluate(loaded, { body: bodyOf("tools/call", { name: tool, arguments: { n: 1 } }), ...more });
const told = ({ decision, reason, rule, requiredScopes }: Result): unknown[] => [
  decision,
  reason,
  rule,
  requiredScopes,
];

const OPEN = { name: "open", source: { anonymous: true }, ...tools("search") };
const policy = load(
  OPEN,
  { name: "write", source: { jwt: { scopes: ["notes:write"] } }, ...tools("write") },
  { name: "anybody", ...tools("profile") },
);

describe("without a token", () => {
  test("a call that an anonymous rule allows passes; with a token, too", () => {
    assert.deepEqual(told(ask(policy, "search")), ["allow", "allowed", "open", null]);
    assert.deepEqual(told(ask(policy, "search", { payload: { sub: "ann" } })), ["allow", "allowed", "open", null]);
  });

  test("any other is a 401 that asks for what this call needs, for nothing where any token does, else for the baseline", () => {
    const challengeOf = (tool: string): string => ask(policy, tool).headers!["www-authenticate"]!;
    const metadata = 'resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"';
    assert.equal(challengeOf("write"), `Bearer ${metadata}, scope="notes:write"`);
    assert.equal(challengeOf("profile"), `Bearer ${metadata}`);
    assert.equal(challengeOf("unknown"), `Bearer ${metadata}, scope="notes:write"`);
    const two = load(
      OPEN,
      { source: { jwt: { scopes: ["a", "b"] } }, ...tools("x") },
      { source: { jwt: { scopes: ["c"] } }, ...tools("y") },
    );
    assert.deepEqual(ask(two, "x").requiredScopes, ["a", "b"]);
    assert.deepEqual(ask(two, "unknown").requiredScopes, ["c"]);
  });

  test("the answer is one to the call: 401, its id, no rule", () => {
    const { status, body, rule } = ask(policy, "write");
    assert.deepEqual([status, rule], [401, null]);
    const { id, error } = JSON.parse(body!) as { id: number; error: { data: { reason: string } } };
    assert.deepEqual([id, error.data.reason], [1, "no_token"]);
  });

  test("lifecycle and list methods and event streams pass, the end of a session does not", () => {
    for (const method of ["initialize", "ping", "tools/list", "notifications/initialized"])
      assert.equal(engine.evaluate(policy, { body: bodyOf(method) }).decision, "allow", method);
    assert.equal(engine.evaluate(policy, { method: "GET" }).reason, "stream");
    assert.equal(engine.evaluate(policy, { method: "DELETE" }).reason, "no_token");
    const closed = load({ ...tools("search") });
    assert.equal(engine.evaluate(closed, { body: bodyOf("tools/list") }).reason, "no_token");
    assert.equal(engine.evaluate(closed, { method: "GET" }).reason, "no_token");
  });

  test("a response of the client is nobody's", () => {
    const headers = { "mcp-protocol-version": "2025-06-18" };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} });
    assert.equal(engine.evaluate(policy, { body, headers }).reason, "no_token");
    assert.equal(engine.evaluate(policy, { body, headers, payload: { sub: "ann" } }).reason, "response");
  });

  test("a batch passes when each of its messages does", () => {
    const headers = { "mcp-protocol-version": "2025-03-26" };
    const call = (name: string): object => ({ jsonrpc: "2.0", id: name, method: "tools/call", params: { name } });
    const send = (...names: string[]): Result =>
      engine.evaluate(policy, { body: JSON.stringify(names.map(call)), headers });
    assert.equal(send("search", "search").decision, "allow");
    assert.deepEqual(told(send("search", "write")), ["unauthenticated", "no_token", null, ["notes:write"]]);
    assert.deepEqual(told(send("write", "search")), ["unauthenticated", "no_token", null, ["notes:write"]]);
  });

  test("methods that are not governed want a token", () => {
    const loaded = loadDocument({ ...head, govern: ["tools"], rules: [OPEN] });
    assert.ok(!Array.isArray(loaded));
    assert.deepEqual(told(engine.evaluate(loaded, { body: bodyOf("prompts/get", { name: "p" }) })), [
      "unauthenticated",
      "no_token",
      null,
      null,
    ]);
  });
});

describe("a token that did not verify", () => {
  test("is a 401 in any case", () => {
    for (const tool of ["search", "write"]) assert.equal(ask(policy, tool, { badToken: true }).reason, "invalid_token");
    assert.equal(engine.evaluate(policy, { body: bodyOf("tools/list"), badToken: true }).reason, "invalid_token");
    assert.equal(engine.evaluate(policy, { method: "GET", badToken: true }).reason, "invalid_token");
    assert.equal(engine.evaluate(policy, { body: "{", badToken: true }).reason, "invalid_token");
  });

  test("what is malformed is told before a token is asked for", () => {
    assert.equal(engine.evaluate(policy, { body: "{" }).reason, "not_json");
    assert.equal(engine.evaluate(policy, { body: bodyOf("tools/call", {}) }).reason, "invalid_params");
    const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write","Name":"search"}}';
    assert.equal(engine.evaluate(policy, { body }).reason, "ambiguous_key");
  });
});

describe("what predicates see of nobody", () => {
  const decide = (when: string): string => {
    const deny = { name: "deny", action: "Deny", when, ...tools("search") };
    return ask(load(deny, OPEN), "search").reason;
  };

  test("anything of jwt is an error: a Deny rule matches, and a token is asked for", () => {
    for (const when of [
      'jwt.claims.role == "x"',
      "has(jwt.claims.role)",
      'jwt.claims.?role.orValue("") == "x"',
      '"a" in jwt.scopes',
      "size(jwt.scopes) > 100",
      'request.auth.jwt.claims.role == "x"',
    ])
      assert.equal(decide(when), "no_token", when);
    assert.equal(decide('args.n == 2 && jwt.claims.role == "x"'), "allowed");
  });

  test("what has nothing to do with the token denies, whatever token comes", () => {
    assert.equal(decide("args.n == 1"), "rule_denied");
    const net = { name: "net", action: "Require", source: { ip: ["10.0.0.0/8"] } };
    assert.deepEqual(told(ask(load(net, OPEN), "search")), ["deny", "requirement_unmet", "net", null]);
    assert.equal(ask(load(net, OPEN), "search", { address: "10.1.1.1" }).decision, "allow");
    const org = { name: "org", action: "Require", source: { jwt: { claims: [{ name: "org", values: ["acme"] }] } } };
    assert.equal(ask(load(org, OPEN), "search").reason, "no_token");
    assert.equal(ask(load(org, net, OPEN), "search").reason, "requirement_unmet");
  });

  test("an anonymous rule may want an address, a certificate and a condition", () => {
    const agent = {
      name: "agent",
      source: { anonymous: true, principals: ["spiffe://corp/*"] },
      when: "args.n == 1",
      ...tools("x"),
    };
    assert.equal(ask(load(agent), "x", { principal: "spiffe://corp/a" }).rule, "agent");
    assert.equal(ask(load(agent), "x", { principal: "spiffe://evil/a" }).reason, "no_token");
    assert.equal(ask(load(agent), "x").reason, "no_token");
  });
});

test("lists that nobody asks for show what a token could open", () => {
  const names = ["search", "write", "profile", "gone"];
  const response = {
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools: names.map((name) => ({ name })) } }),
  };
  const { list, response: answer } = engine.evaluate(policy, { body: bodyOf("tools/list"), response });
  assert.deepEqual(
    list!.items.map(({ name, outcome }) => [name, outcome]),
    [
      ["search", "callable"],
      ["write", "obtainable"],
      ["profile", "obtainable"],
      ["gone", "never"],
    ],
  );
  assert.doesNotMatch(answer!.body!, /gone/);
});

test("requests without a token and with one leave nothing for each other", () => {
  const rules = [OPEN, { name: "role", when: '"a" in jwt.scopes && jwt.claims.role == "x"', ...tools("write") }];
  const loaded = load(...rules);
  for (let i = 0; i < 3; i++) {
    assert.equal(ask(loaded, "write").reason, "no_token");
    assert.equal(ask(loaded, "write", { payload: { scope: "a", role: "x" } }).rule, "role");
    assert.equal(ask(loaded, "search").rule, "open");
    assert.deepEqual(ask(loaded, "write", { payload: { scope: "", role: "x" } }).requiredScopes, null);
  }
});
