// What rules ask of the token's scopes: values of the call in scopes, alternatives, requirements; and what the search for a
// challenge costs at its bounds.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer, Host, Struct } from "../../scripts/simulate/host.ts";
import { call, hostOf, hostWith, sending } from "../support/host.ts";

const HEAD = { apiVersion: "scopegate/v1", kind: "Policy", resource: "https://mcp.example.com/mcp", loop: "off" };
const asking = (...scopes: (string | object)[]): object => ({
  source: { jwt: { scopes } },
  target: { tools: ["t"] },
});

function scopeOf({ reply }: Answer): string | undefined {
  const challenge = reply?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
  return /scope="([^"]*)"/.exec(challenge)?.[1];
}

const asked = (host: Host, args: object, payload: Struct = {}): string | undefined =>
  scopeOf(host.request(call("t", args, {}, payload)));

describe("values of the call in scopes", () => {
  const host = hostOf(asking("repo:{args.o}:read"), HEAD);
  const VALUES: [value: unknown, text: string | undefined][] = [
    ["acme", "acme"],
    ["A-z0.9_~", "A-z0.9_~"],
    ["x".repeat(64), "x".repeat(64)],
    ["x".repeat(65), undefined],
    ["", undefined],
    ["a/b", undefined],
    ['a" scope="b', undefined],
    ["a b", undefined],
    ["ä", undefined],
    ["a\u0000", undefined],
    [0, "0"],
    [-0, "0"],
    [5, "5"],
    [1000, "1000"],
    [9007199254740991, "9007199254740991"],
    [9007199254740992, undefined],
    [-1, undefined],
    [1.5, undefined],
    [true, undefined],
    [null, undefined],
    [["acme"], undefined],
    [{ o: "acme" }, undefined],
  ];
  for (const [value, text] of VALUES)
    test(JSON.stringify(value).slice(0, 40), () => {
      assert.equal(asked(host, { o: value }), text === undefined ? undefined : `repo:${text}:read`);
      if (text !== undefined)
        assert.ok(host.request(call("t", { o: value }, {}, { scope: `repo:${text}:read` })).forwarded);
    });

  test("however it is spelt", () => {
    for (const text of ['"\\u0061cme"', '"acme"']) {
      const request = call("t", {}, {}, {});
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"o":${text}}}}`;
      assert.equal(scopeOf(host.request({ ...request, body: Buffer.from(body) })), "repo:acme:read");
    }
    for (const text of ["5.0", "0.5e1", "50e-1"]) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"o":${text}}}}`;
      assert.equal(scopeOf(host.request({ ...call("t", {}, {}, {}), body: Buffer.from(body) })), "repo:5:read");
    }
  });

  test("a key beside it that other readers take for the same is ambiguous", () => {
    assert.match(host.request(call("t", { o: "a", O: "b" }, {}, {})).reply!.body, /ambiguous_key/);
  });

  test("each message of a batch has its own", () => {
    const message = (o: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"o":"${o}"}}}`;
    const batch = (...values: string[]) =>
      sending(`[${values.map(message).join()}]`, "2025-03-26", { scope: "repo:a:read repo:b:read" });
    assert.ok(host.request(batch("a", "b", "a")).forwarded);
    assert.equal(scopeOf(host.request(batch("a", "b", "c"))), "repo:c:read");
  });

  test("of claims, the tool and `_meta`", () => {
    const other = hostOf(asking("u:{jwt.claims.org.id}:{mcp.tool}:{meta.trace}"), HEAD);
    const request = call("t", {}, {}, { org: { id: 7 } });
    const body = Buffer.from(request.body!).toString().replace('"arguments"', '"_meta":{"trace":"x1"},"arguments"');
    assert.equal(scopeOf(other.request({ ...request, body: Buffer.from(body) })), "u:7:t:x1");
  });
});

describe("the search at its bounds", () => {
  const many = (count: number, from: number): object => ({
    anyOf: Array.from({ length: count }, (_, i) => `s${from + i}`),
  });

  test("many terms with many alternatives take a bounded time, and the challenge helps", () => {
    const terms = Array.from({ length: 20 }, (_, i) => many(10, i * 3));
    const host = hostOf(asking(...terms), HEAD);
    const start = performance.now();
    const scope = asked(host, {});
    assert.ok(performance.now() - start < 500, `${performance.now() - start} ms`);
    assert.ok(scope);
    assert.ok(host.request(call("t", {}, {}, { scope })).forwarded);
  });

  test("more requirements than are noted are never passed by", () => {
    const requirements = Array.from({ length: 300 }, (_, i) => ({
      action: "Require",
      source: { jwt: { scopes: [`r${i}`] } },
    }));
    const host = hostWith({}, { ...HEAD, rules: [...requirements, { target: { tools: ["t"] } }] });
    assert.equal(asked(host, {}), undefined);
    const scope = requirements.map((_, i) => `r${i}`).join(" ");
    assert.ok(host.request(call("t", {}, {}, { scope })).forwarded);
    assert.ok(!host.request(call("t", {}, {}, { scope: scope.replace("r299", "") })).forwarded);
  });

  test("a long name is looked up once, whatever is tried", () => {
    const scopes = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`s${i}`, {}]));
    const host = hostWith(
      {},
      { ...HEAD, scopes, rules: [{ target: { tools: ["*x"] }, when: '"none" in jwt.scopes' }] },
    );
    const start = performance.now();
    const answer = host.request(call(`${"y".repeat(3_000_000)}x`, {}, {}, {}));
    assert.ok(!answer.forwarded);
    assert.ok(performance.now() - start < 1000, `${performance.now() - start} ms`);
  });
});

describe("requirements", () => {
  const rules = [
    { name: "open", target: { tools: ["t"] } },
    {
      name: "need",
      action: "Require",
      source: { jwt: { scopes: ["a"], claims: [{ name: "org", values: ["acme"] }] } },
      target: { tools: [{ tool: "t", when: "args.n > 1" }] },
    },
  ];
  const host = hostWith({}, { ...HEAD, rules });
  const reasonOf = (args: object, payload: Struct): string => {
    const { forwarded, reply } = host.request(call("t", args, {}, payload));
    if (forwarded) return "allowed";
    const { data } = (JSON.parse(reply!.body) as { error: { data: { reason: string; rule?: string } } }).error;
    return `${data.reason} ${data.rule}`;
  };

  test("wherever they stand, and of the calls that they are about", () => {
    assert.equal(reasonOf({ n: 1 }, {}), "allowed");
    assert.equal(reasonOf({ n: 2 }, { org: "acme" }), "insufficient_scope need");
    assert.equal(reasonOf({ n: 2 }, { scope: "a" }), "requirement_unmet need");
    assert.equal(reasonOf({ n: 2 }, { org: ["other", "acme"], scope: "a" }), "allowed");
  });

  test("an error of an entry counts as a match", () => {
    assert.equal(reasonOf({}, { org: "acme" }), "insufficient_scope need");
    assert.equal(reasonOf({ n: "x" }, {}), "requirement_unmet need");
  });

  test("a default that allows is no way around them", () => {
    const open = hostWith({}, { ...HEAD, defaultAction: "Allow", rules: [rules[1]!] });
    assert.equal(asked(open, { n: 2 }, { org: "acme" }), "a");
    assert.ok(open.request(call("t", { n: 2 }, {}, { org: "acme", scope: "a" })).forwarded);
  });
});
