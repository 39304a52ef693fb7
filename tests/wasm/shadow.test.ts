// What is in shadow: told, and changing nothing. Rules, whole policies, a candidate beside the enforced policy.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument, pluginConfiguration } from "../../scripts/compiler/index.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, type Answer, type SimulatedRequest, type Struct } from "../../scripts/simulate/host.ts";
import { call, hostWith, message, posting } from "../support/host.ts";

const policyOf = (rules: object[], more: object = {}): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "p" },
  ...more,
  rules,
});
const ALLOW = { name: "all", target: { tools: ["t", "u"] } };
const wouldOf = ({ objects }: Answer): unknown => objects.get("scopegate")?.["would"];
const ask = (host: Host, scope = "", tool = "t", args: object = {}): Answer =>
  host.request(call(tool, args, {}, { scope, sub: "ann" }));

function beside(policy: object, next: object, now?: () => bigint): Host {
  const [own, other] = [compileDocument(policy), compileDocument(next)];
  const host = new Host(filterModule(), { now });
  const candidate = { policy: other.policy!, program: other.program! };
  const { ok, logs } = host.configure(JSON.stringify(pluginConfiguration(own.program!, own.policy!, { candidate })));
  assert.ok(ok, logs.join());
  return host;
}

describe("a rule in shadow", () => {
  const deny = { name: "no", action: "Deny", mode: "shadow", target: { tools: ["t"] }, when: 'args.x == "1"' };

  test("decides nothing, and is told and counted", () => {
    const host = hostWith({}, policyOf([deny, ALLOW]));
    const answer = ask(host, "", "t", { x: "1" });
    assert.ok(answer.forwarded);
    assert.deepEqual(wouldOf(answer), { decision: "deny", reason: "rule_denied", rule: "no" });
    assert.equal(wouldOf(ask(host, "", "t", { x: "2" })), undefined);
    assert.equal(wouldOf(ask(host, "", "u", { x: "1" })), undefined);
    assert.equal(host.metrics.all()["scopegate.would.allow.deny"], 1);
  });

  test("asks for nothing, and what it would ask for is told", () => {
    const open = { name: "open", mode: "shadow", source: { jwt: { scopes: ["a"] } }, target: { tools: ["t"] } };
    const host = hostWith({}, policyOf([open]));
    const answer = ask(host);
    assert.equal(answer.reply?.status, 403);
    assert.ok(!answer.reply.body.includes('"a"'));
    assert.deepEqual(wouldOf(answer), { decision: "deny", reason: "insufficient_scope", rule: "open", scopes: ["a"] });
    assert.deepEqual(wouldOf(ask(host, "a")), { decision: "allow", reason: "allowed", rule: "open" });
  });

  test("off: as if it were not there", () => {
    assert.equal(
      wouldOf(ask(hostWith({}, policyOf([{ ...deny, mode: "off" }, ALLOW])), "", "t", { x: "1" })),
      undefined,
    );
  });

  test("is not among the scopes to begin with, and does not decide how URIs must be written", () => {
    const rules = [
      { name: "s", mode: "shadow", action: "Deny", target: { resources: ["file:///a/*"] } },
      { name: "x", mode: "shadow", source: { jwt: { scopes: ["shadow"] } }, target: { tools: ["t"] } },
      { name: "r", target: { resources: ["file:///b//c"] } },
    ];
    const host = hostWith({}, policyOf(rules));
    const odd = posting(message("resources/read", { uri: "file:///b//c" }), undefined, { scope: "" });
    assert.ok(host.request(odd).forwarded);
    const anonymous = host.request(call("t", {}, {}, null)).reply!;
    assert.ok(!JSON.stringify(anonymous.headers).includes("shadow"));
  });

  test("runs out of its own steps, not of those of the rules that count", () => {
    const heavy = {
      name: "h",
      mode: "shadow",
      target: { tools: ["t"] },
      when: "args.l.all(x, args.l.all(y, x + y != 'zz'))",
    };
    const own = { name: "own", target: { tools: ["t"] }, when: "args.l.all(x, x != 'zz')" };
    const limits = { steps: 20_000 };
    const list = Array.from({ length: 1000 }, (_, i) => `${i}`);
    const answers = [[heavy, own], [own]].map((rules) =>
      ask(hostWith({ now: () => 1n }, policyOf(rules, { limits })), "", "t", { l: list }),
    );
    assert.ok(answers.every(({ forwarded }) => forwarded));
  });
});

describe("a rule that is rolled out", () => {
  const part = (enforce: number): Host =>
    hostWith(
      {},
      policyOf([{ name: "no", action: "Deny", mode: { enforce, by: "sub" }, target: { tools: ["t"] } }, ALLOW]),
    );
  const denied = (host: Host, sub?: string): boolean =>
    !host.request(call("t", {}, {}, sub === undefined ? {} : { sub })).forwarded;
  const subjects = Array.from({ length: 2000 }, (_, i) => `user-${i}`);

  test("is enforced for that part of the subjects, always the same ones, and told for all", () => {
    const [quarter, half] = [part(25), part(50)];
    const first = subjects.filter((sub) => denied(quarter, sub));
    assert.ok(Math.abs(first.length - 500) < 100, `${first.length}`);
    assert.deepEqual(
      subjects.filter((sub) => denied(part(25), sub)),
      first,
    );
    assert.ok(
      first.every((sub) => denied(half, sub)),
      "whom it is enforced for stays",
    );
    const other = subjects.find((sub) => !first.includes(sub))!;
    const answer = quarter.request(call("t", {}, {}, { sub: other }));
    assert.deepEqual(wouldOf(answer), { decision: "deny", reason: "rule_denied", rule: "no" });
  });

  test("without a subject it is enforced, but in shadow for nobody", () => {
    assert.deepEqual(
      [part(25), part(0), part(100)].map((host) => denied(host)),
      [true, false, true],
    );
  });
});

describe("a policy in shadow", () => {
  const host = hostWith({}, policyOf([{ ...ALLOW, source: { jwt: { scopes: ["a"] } } }], { mode: "shadow" }));

  test("lets pass what it would deny, and tells it", () => {
    const answer = ask(host);
    assert.ok(answer.forwarded);
    const record = answer.objects.get("scopegate") as Struct;
    assert.deepEqual([record["decision"], record["reason"], record["rule"]], ["allow", "shadowed", undefined]);
    assert.deepEqual(record["would"], { decision: "deny", reason: "insufficient_scope", rule: "all", scopes: ["a"] });
    assert.equal(wouldOf(ask(host, "a")), undefined);
    assert.equal(host.metrics.all()["scopegate.would.allow.deny"], 1);
  });

  test("refuses what is not one clear message with a token", () => {
    assert.equal(host.request(call("t", {}, {}, null)).reply?.status, 401);
    assert.equal(host.request({ ...call("t", {}), body: new TextEncoder().encode("{") }).reply?.status, 400);
  });
});

describe("a candidate", () => {
  const own = policyOf([ALLOW]);
  const next = policyOf([{ name: "next", source: { jwt: { scopes: ["a"] } }, target: { tools: ["t"] } }], {
    metadata: { name: "next" },
    transport: { GET: "Deny" },
    limits: { body: 300 },
    jwt: { metadataKeys: ["other", "mcp"] },
  });

  test("is told by rule, scopes and reason, and counted", () => {
    const host = beside(own, next);
    assert.deepEqual(wouldOf(ask(host)), {
      decision: "deny",
      reason: "insufficient_scope",
      rule: "next",
      scopes: ["a"],
    });
    assert.deepEqual(wouldOf(ask(host, "a")), { decision: "allow", reason: "allowed", rule: "next" });
    assert.deepEqual(wouldOf(ask(host, "a", "u")), { decision: "deny", reason: "no_rule" });
    assert.equal(wouldOf(ask(host, "a", "v")), undefined);
    assert.equal(host.metrics.all()["scopegate.would.allow.deny"], 2);
    assert.equal(host.metrics.all()["scopegate.would.allow.allow"], 1);
  });

  test("by its own settings: methods, limits, where the token is", () => {
    const host = beside(own, next);
    const get = host.request({ ...call("t", {}), method: "GET", body: new Uint8Array() });
    assert.ok(get.forwarded);
    assert.deepEqual(wouldOf(get), { decision: "reject", reason: "method_not_allowed" });
    assert.deepEqual(wouldOf(ask(host, "a", "t", { x: "y".repeat(300) })), {
      decision: "reject",
      reason: "body_too_large",
    });
    const metadata = { "envoy.filters.http.jwt_authn": { mcp: { scope: "" }, other: { scope: "a" } } };
    assert.deepEqual(wouldOf(host.request(call("t", {}, { metadata }))), {
      ...{ decision: "allow", reason: "allowed", rule: "next" },
    });
  });

  test("is not asked where nothing of the request is known yet, or the same is decided", () => {
    const host = beside(own, next);
    for (const request of [call("t", {}, {}, null), { ...call("t", {}), body: new TextEncoder().encode("{") }])
      assert.equal(wouldOf(host.request(request)), undefined);
  });

  test("that is no program is refused with the configuration", () => {
    const { program, policy } = compileDocument(own);
    const configuration = pluginConfiguration(program!, policy!);
    const host = new Host(filterModule());
    for (const candidate of [{}, "x", { program: "AAAA" }])
      assert.ok(!host.configure(JSON.stringify({ ...configuration, candidate })).ok);
    assert.ok(host.configure(JSON.stringify(configuration)).ok);
  });

  test("answers are the same bytes with it and without it, also of lists and challenges that repeat", () => {
    const guarded = policyOf([{ ...ALLOW, source: { jwt: { scopes: ["b"] } } }]);
    const hosts = [beside(guarded, next, () => 1n), hostWith({ now: () => 1n }, guarded)];
    const tools = ["t", "u", "v"].map((name) => ({ name, inputSchema: {} }));
    const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", id: 7, result: { tools } }));
    const listing: SimulatedRequest = {
      ...posting(message("tools/list", {}), undefined, { scope: "b" }),
      response: { headers: [["content-type", "application/json"]], body },
    };
    const requests = [1, 2, 3, 4, 5].map((iat) => call("t", {}, {}, { sub: "x", iat }));
    for (const request of [...requests, listing, call("t", {}, {}, { scope: "b" }), call("t", {}, {}, null)]) {
      const [one, two] = hosts.map((host) => {
        const { reply, response, forwarded } = host.request(request);
        return { reply, response, forwarded };
      });
      assert.deepEqual(one, two);
    }
  });
});
