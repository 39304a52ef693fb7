// The decision record: what it has, what it must never have, and that no caller can break it.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, test } from "node:test";
import { compileDocument, programDigest, pluginConfiguration } from "../../scripts/compiler/index.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, type Answer, type SimulatedRequest, type Struct } from "../../scripts/simulate/host.ts";
import { call, configuration, hostWith, message, OPEN, POLICY, posting, PRIVATE, PUBLIC } from "../support/host.ts";

const recordOf = ({ objects }: Answer): Struct | undefined => objects.get("scopegate");
const RULES = [
  { name: "a", source: { jwt: { scopes: ["a"] } }, target: { tools: [{ tool: "t", when: 'args.x == "1"' }] } },
  { name: "b", source: { jwt: { scopes: ["b"], claims: [{ name: "dept", values: ["eng"] }] } }, when: "args.x == '2'" },
];
const policyOf = (more: object = {}): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "p" },
  rules: RULES,
  ...more,
});

test("an allowed call: its policy, rule, names and outcomes, and nothing of arguments or token", () => {
  const { program } = compileDocument(policyOf());
  const payload = { sub: "ann", iss: "https://i", scope: "a secret-scope", dept: "eng" };
  const request = call("t", { x: "1", password: "hunter2" }, {}, payload);
  const record = recordOf(hostWith({ now: () => 1n }, policyOf()).request(request));
  const { id, ...rest } = record!;
  assert.match(String(id), /^[0-9a-f]{16}$/);
  assert.deepEqual(rest, {
    decision: "allow",
    reason: "allowed",
    rule: "a",
    policy: "p",
    digest: programDigest(program!),
    "mcp.method.name": "tools/call",
    "gen_ai.tool.name": "t",
    "jsonrpc.request.id": 'é\\"7'.replaceAll("\\", "\\\\\\"),
    when: "tf",
    tests: "yny",
  });
});

test("the digest is the beginning of the program's SHA-256", () => {
  for (const more of [{}, { metadata: { name: "x".repeat(64) } }, { metadata: { name: "y".repeat(100) } }]) {
    const { program } = compileDocument(policyOf(more));
    const digest = createHash("sha256").update(program!).digest("hex").slice(0, 16);
    assert.equal(programDigest(program!), digest);
    assert.equal(recordOf(hostWith({}, policyOf(more)).request(call("t", {})))!["digest"], digest);
  }
});

test("a refused client sees the id of the record", () => {
  const answer = hostWith().request(PRIVATE);
  const { error } = JSON.parse(answer.reply!.body) as { error: { data: { decisionId: string } } };
  assert.equal(recordOf(answer)!["id"], error.data.decisionId);
});

test("a challenge: the scopes asked for; refusals before the body: no call", () => {
  const host = hostWith({}, policyOf());
  const asked = recordOf(host.request(call("t", { x: "1" }, {}, {})))!;
  assert.deepEqual([asked["status"], asked["scopes.asked"], asked["tests"]], [403, ["a"], "nnn"]);
  host.request(call("t", { x: "1" }, {}, { scope: "a" }));
  const { id: _, digest: __, ...refused } = recordOf(host.request(call("t", {}, {}, null)))!;
  assert.deepEqual(refused, { decision: "unauthenticated", reason: "no_token", status: 401, policy: "p" });
});

describe("what a policy may ask for", () => {
  const payload = { sub: "ann", client_id: "c", iss: "https://i", scope: "a zz", act: { sub: "x", act: { sub: "y" } } };
  const requested = (record: object, args: object = { x: "1" }, more: Partial<SimulatedRequest> = {}): Struct =>
    recordOf(hostWith({}, policyOf({ record })).request(call("t", args, more, payload)))!;

  test("the token", () => {
    const { sub, client, iss, act } = requested({ token: true });
    assert.deepEqual([sub, client, iss, act], ["ann", "c", "https://i", ["x", "y"]]);
    assert.equal(requested({})["sub"], undefined);
  });

  test("the scopes that it holds", () => {
    assert.deepEqual(requested({ scopes: true })["scopes.held"], ["a", "zz"]);
  });

  test("arguments by their paths, as what they are", () => {
    const args = {
      x: "1",
      n: -1.5,
      t: true,
      f: false,
      z: null,
      s: 'a"\n',
      o: { in: "deep", l: [1, "2"] },
      other: "hidden",
    };
    const paths = ["x", "n", "t", "f", "z", "s", "o.in", "o.l", "missing"];
    const record = requested({ args: paths }, args);
    assert.deepEqual(record["facts"], {
      ...{ x: "1", n: -1.5, t: true, f: false, z: null, s: 'a\\"\\u000a', "o.in": "deep", "o.l": '[1,\\"2\\"]' },
    });
    assert.ok(!JSON.stringify(record).includes("hidden"));
    const { facts } = requested({ args: ["x"] }, { x: "v".repeat(300) }) as { facts: { x: string } };
    assert.equal(facts.x, `${"v".repeat(256)}…`);
  });

  test("hashes, only with a key", () => {
    const record = { hash: ["x", "o"], session: true, of: "all" };
    const key = createHash("sha256").update("k").digest("hex");
    const { program, policy } = compileDocument(policyOf({ record }));
    const host = new Host(filterModule());
    const headers: [string, string][] = [
      ["content-type", "application/json"],
      ["mcp-session-id", "s".repeat(70)],
    ];
    const request = call("t", { x: "1", o: [1] }, { headers }, payload);
    assert.ok(host.configure(JSON.stringify(pluginConfiguration(program!, policy!, { recordKey: key }))).ok);
    const hash = (text: string): string => createHmac("sha256", key).update(text).digest("hex").slice(0, 32);
    const got = recordOf(host.request(request))!;
    assert.deepEqual(got["facts"], { x: hash("1"), o: hash("[1]") });
    assert.equal(got["mcp.session.id"], hash("s".repeat(70)));
    assert.ok(host.configure(JSON.stringify(pluginConfiguration(program!, policy!))).ok);
    const bare = recordOf(host.request(request))!;
    assert.deepEqual([bare["facts"], bare["mcp.session.id"]], [{}, undefined]);
  });

  test("nothing at all", () => {
    const host = hostWith({}, policyOf({ record: { of: "off" } }));
    for (const request of [PUBLIC, PRIVATE, call("t", {}, {}, null)]) {
      const { objects, state } = host.request(request);
      assert.deepEqual([objects.size, state.size], [0, 0]);
    }
  });
});

test("what a call names is escaped and cut, and every record is whole", () => {
  const host = hostWith({}, OPEN);
  for (const name of [
    "a;b\n\u202e",
    "é".repeat(400),
    "\u0000x",
    "x".repeat(100_000),
    '"\\',
    "\ud83d\ude00".repeat(300),
  ]) {
    const record = recordOf(host.request(posting(message("tools/call", { name }))))!;
    const shown = record["gen_ai.tool.name"];
    assert.ok(shown === undefined || (typeof shown === "string" && shown.length < 4000), name.slice(0, 20));
    assert.equal(shown === undefined, name.includes("\u0000"));
    if (typeof shown === "string") assert.equal(shown.endsWith("…"), Buffer.byteLength(name) > 512);
  }
});

test("predicates after the deciding rule are run for the record, and change nothing", () => {
  const heavy = { name: "heavy", target: { tools: ["t"] }, when: 'args.l.all(x, args.l.all(y, x + y != "zz"))' };
  const rules = [{ name: "first", target: { tools: ["t"] } }, heavy];
  const list = Array.from({ length: 2000 }, (_, i) => `${i}`);
  const host = hostWith({}, policyOf({ rules }));
  const light = host.request(call("t", { l: ["a"] }));
  assert.equal(recordOf(light)!["when"], "t");
  const request = call("t", { l: list });
  const answer = host.request(request);
  assert.ok(answer.forwarded);
  assert.equal(recordOf(answer)!["when"], "-", "its steps ran out: nobody knows");
});

test("the record of a filtered list tells it", () => {
  const rules = [{ name: "a", source: { jwt: { scopes: ["a"] } }, target: { tools: ["t", "u"] } }];
  const tools = ["t", "u", "v"].map((name) => ({ name, inputSchema: {} }));
  const body = new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", id: 7, result: { tools } }));
  const request = posting(message("tools/list", {}), undefined, { scope: "a" });
  const response = { headers: [["content-type", "application/json"]] as [string, string][], body };
  const record = recordOf(hostWith({}, policyOf({ rules })).request({ ...request, response }))!;
  assert.deepEqual(record["list"], { kind: "tools", total: 3, shown: 2 });
  assert.equal(record["reason"], "lifecycle");
});

test("several policies: the record names the one that decided", () => {
  const record = recordOf(hostWith({}, POLICY).request(PUBLIC))!;
  assert.equal(record["policy"], "wasm-test");
});

test("a host that knows no objects gets lines of text", () => {
  const host = hostWith({ failure: (name) => (name === "proxy_call_foreign_function" ? 1 : undefined) });
  assert.equal(host.request(PUBLIC).state.get("scopegate"), "allowed;0;public;tools/call;fs__read");
});

test("with a guard behind it, the filter marks each request at its headers; without one, none", () => {
  for (const [guard, mark] of [
    [true, "1"],
    [false, undefined],
  ] as const) {
    const plain = JSON.parse(configuration(false)) as object;
    const host = hostWith();
    assert.ok(host.configure(JSON.stringify({ ...plain, guard })).ok);
    for (const request of [PUBLIC, { ...PUBLIC, metadata: {} }])
      assert.equal(host.request(request).state.get("scopegate.runs"), mark);
  }
});
