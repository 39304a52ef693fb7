// The built filter in the simulated host: pieces of bodies, trailers, both header modes, failing host calls, bad
// configurations. What the host imitates was measured on Envoy 1.40; tests/envoy.test.ts has the real one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { compileDocument, pluginConfiguration } from "../scripts/compiler/index.ts";
import { filterModule } from "../scripts/evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE, Rc, type Answer, type HostOptions, type SimulatedRequest, type Struct } from "../scripts/simulate.ts";

const POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "wasm-test" },
  resource: "https://mcp.example.com/mcp",
  authorizationServers: ["https://auth.example.com"],
  backend: { from: "toolPrefix", separator: "__" },
  scopes: { admin: { implies: ["files:read"] } },
  rules: [
    {
      name: "public",
      source: { jwt: { scopes: ["files:read"] } },
      target: { tools: [{ backend: "fs", tool: "read", when: 'args.path.startsWith("/public/")' }] },
    },
    { name: "staff", source: { jwt: { claims: [{ name: "org.unit", values: ["eng"] }] } }, target: { tools: ["stat"] } },
    { name: "by-header", source: { jwt: { scopes: ["files:read"] } }, target: { tools: ["ping"] }, when: 'request.headers["x-team"] == "a" && request.path == "/mcp"' },
  ],
};

const OPEN = { apiVersion: "scopegate/v1", kind: "Policy", defaultAction: "Allow" };

function configuration(holdHeaders: boolean, policy: object = POLICY): string {
  const { program, policy: model, problems } = compileDocument(policy);
  assert.ok(program && model, JSON.stringify(problems));
  return JSON.stringify(pluginConfiguration(program, model, { holdHeaders }));
}

function hostWith(options: HostOptions = {}, policy: object = POLICY): Host {
  const host = new Host(filterModule(), options);
  const { ok, logs } = host.configure(configuration(options.holdsHeaders === true, policy));
  assert.ok(ok, logs.join("\n"));
  return host;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function call(name: string, args: unknown, extra: Partial<SimulatedRequest> = {}, payload: Struct | null = { scope: "files:read" }): SimulatedRequest {
  return {
    headers: [["content-type", "application/json"]],
    body: bytes(JSON.stringify({ jsonrpc: "2.0", id: "é\"7", method: "tools/call", params: { name, arguments: args } })),
    metadata: payload === null ? {} : { [JWT_NAMESPACE]: { mcp: payload } },
    ...extra,
  };
}

const PUBLIC = call("fs__read", { path: "/public/a" });
const PRIVATE = call("fs__read", { path: "/etc/passwd" });
const MODES: HostOptions[] = [{ holdsHeaders: false }, { holdsHeaders: true }];

function assertAllowed(answer: Answer, request: SimulatedRequest, what: string): void {
  assert.equal(answer.trap, undefined, what);
  assert.equal(answer.reply, undefined, `${what}: ${answer.reply?.body}`);
  assert.ok(answer.forwarded, what);
  assert.deepEqual(answer.upstream.body, request.body, `${what}: the body is sent on unchanged`);
}

function assertRefused(answer: Answer, status: number, what: string): void {
  assert.equal(answer.trap, undefined, what);
  assert.equal(answer.reply?.status, status, what);
  assert.equal(answer.upstream.body.length, 0, `${what}: no byte of the body is sent on`);
}

for (const options of MODES) {
  describe(options.holdsHeaders ? "headers held" : "headers sent on", () => {
    test("one piece, with the end of stream of its own or with the data", () => {
      const host = hostWith(options);
      for (const endWithData of [false, true]) {
        assertAllowed(host.request({ ...PUBLIC, endWithData }), PUBLIC, `end with data: ${endWithData}`);
        assertRefused(host.request({ ...PRIVATE, endWithData }), 403, `end with data: ${endWithData}`);
      }
    });

    test("pieces of 1, 2, 3 and 5 bytes", () => {
      const host = hostWith(options);
      for (const size of [1, 2, 3, 5]) {
        const chunks = new Array<number>(PRIVATE.body!.length).fill(size);
        assertAllowed(host.request({ ...PUBLIC, chunks }), PUBLIC, `pieces of ${size}`);
        assertRefused(host.request({ ...PRIVATE, chunks }), 403, `pieces of ${size}`);
      }
    });

    test("two pieces, split at every place", () => {
      const host = hostWith(options);
      for (let at = 1; at < PUBLIC.body!.length; at++)
        assertAllowed(host.request({ ...PUBLIC, chunks: [at] }), PUBLIC, `split at ${at}`);
      for (let at = 1; at < PRIVATE.body!.length; at++)
        assertRefused(host.request({ ...PRIVATE, chunks: [at] }), 403, `split at ${at}`);
    });

    test("the end of stream in trailers", () => {
      const host = hostWith(options);
      for (const chunks of [[], [7], [1, 1, 1]]) {
        const trailers = [["x-checksum", "1"]] as const;
        assertAllowed(host.request({ ...PUBLIC, chunks, trailers }), PUBLIC, `pieces ${chunks.join()}`);
        assertRefused(host.request({ ...PRIVATE, chunks, trailers }), 403, `pieces ${chunks.join()}`);
      }
    });

    test("trailers without a body", () => {
      const answer = hostWith(options).request({ ...PUBLIC, body: new Uint8Array(), trailers: [["x-checksum", "1"]] });
      assertRefused(answer, 400, "no body");
    });

    test("what a `when` reads of the headers is still there when the body ends", () => {
      const host = hostWith(options);
      const request = (team: string): SimulatedRequest =>
        call("ping", {}, { headers: [["content-type", "application/json"], ["x-team", team]] });
      assertAllowed(host.request(request("a")), request("a"), "team a");
      assertRefused(host.request(request("b")), 403, "team b");
    });

    test("nothing of a refused request is sent on when the host holds the headers", () => {
      const { upstream } = hostWith(options).request(PRIVATE);
      assert.equal(upstream.headers === undefined, options.holdsHeaders === true);
    });
  });
}

describe("the payload", () => {
  test("no token: 401 with the metadata document, never an allow", () => {
    const answer = hostWith().request(call("fs__read", { path: "/public/a" }, {}, null));
    assertRefused(answer, 401, "no token");
    const challenge = answer.reply!.headers.find(([name]) => name === "www-authenticate")?.[1];
    assert.match(challenge ?? "", /^Bearer resource_metadata="https:\/\/mcp\.example\.com\/\.well-known\/oauth-protected-resource\/mcp"/);
  });

  test("a header or another metadata namespace is no payload", () => {
    const elsewhere = call("fs__read", { path: "/public/a" }, { metadata: { "envoy.filters.http.mcp": { mcp: { scope: "files:read" } } } });
    assertRefused(hostWith().request(elsewhere), 401, "other namespace");
  });

  const HELD: [string, Struct][] = [
    ["scope as a string", { scope: "other files:read" }],
    ["scope as a list", { scope: ["other", "files:read"] }],
    ["scp as a list", { scp: ["files:read"] }],
    ["scp as a string", { scp: "files:read" }],
    ["a scope that implies it", { scope: "admin" }],
    ["a null beside it", { scope: "files:read", gone: null, deep: { gone: [null] } }],
  ];
  for (const [what, payload] of HELD) {
    test(what, () => assertAllowed(hostWith().request(call("fs__read", { path: "/public/a" }, {}, payload)), PUBLIC, what));
  }

  const NOT_HELD: [string, Struct][] = [
    ["no scope", { sub: "ann" }],
    ["a null scope", { scope: null }],
    ["a number", { scope: 7 }],
    ["a list item with blanks is one scope", { scope: ["other files:read"] }],
    ["a scope that begins with it", { scope: "files:readx" }],
    ["an object", { scope: { "files:read": true } }],
  ];
  for (const [what, payload] of NOT_HELD) {
    test(`not held: ${what}`, () => {
      const answer = hostWith().request(call("fs__read", { path: "/public/a" }, {}, payload));
      assertRefused(answer, 403, what);
      const challenge = answer.reply!.headers.find(([name]) => name === "www-authenticate")?.[1];
      assert.match(challenge ?? "", /^Bearer error="insufficient_scope", scope="files:read", resource_metadata="/);
    });
  }

  test("claims by a dotted path, and by the name as written", () => {
    const host = hostWith();
    const holding: Struct[] = [{ org: { unit: "eng" } }, { "org.unit": "eng" }, { org: { unit: "eng" }, x: null }];
    for (const payload of holding) {
      const request = call("stat", {}, {}, payload);
      assertAllowed(host.request(request), request, JSON.stringify(payload));
    }
    const others: Struct[] = [{ org: { unit: "ops" } }, { org: "eng" }, { "org.unit": ["eng"], org: { unit: "eng" } }, {}];
    for (const payload of others)
      assertRefused(host.request(call("stat", {}, {}, payload)), 403, JSON.stringify(payload));
  });
});

describe("a host call that fails", () => {
  /** Calls without which a decision stands: they only tell about it. */
  const TELLING = /^proxy_(log|set_property|define_metric|increment_metric|record_metric|get_current_time|get_shared_data|set_shared_data)/;
  const CODES = [Rc.NotFound, Rc.BadArgument, Rc.SerializationFailure, Rc.InvalidMemoryAccess, Rc.InternalFailure];

  const READS = call("ping", {}, { headers: [["content-type", "application/json"], ["x-team", "a"]] });

  /** Host calls that a request makes, in order. */
  function callsOf(request: SimulatedRequest): string[] {
    const names: string[] = [];
    let configured = false;
    const host = hostWith({ failure: (name) => void (configured && names.push(name)) });
    configured = true;
    host.request(request);
    return names;
  }

  /** The answer when each of these calls of the request (from 0) fails, and the answer to the same request after that. */
  function requestWithFailures(request: SimulatedRequest, fails: (name: string, index: number) => boolean, code: Rc): Answer[] {
    let index: number | undefined;
    const failure = (name: string): Rc | undefined => (index !== undefined && fails(name, index++) ? code : undefined);
    const host = hostWith({ failure });
    index = 0;
    const answer = host.request(request);
    index = undefined;
    return [answer, host.request(request)];
  }

  test("for good: nothing that must be read may be missing", () => {
    const names = new Set(callsOf(READS));
    assert.ok(names.size >= 4, [...names].join());
    for (const name of names) {
      for (const code of CODES) {
        const [answer, next] = requestWithFailures(READS, (failing) => failing === name, code);
        const what = `${name} answers ${Rc[code]}`;
        assert.equal(answer!.trap, undefined, what);
        if (TELLING.test(name)) assertAllowed(answer!, READS, what);
        else assert.ok(!answer!.forwarded, what);
        assertAllowed(next!, READS, `the next request after: ${what}`);
      }
    }
  });

  test("once: it never turns a denial", () => {
    const denied = [PRIVATE, call("ping", {}), call("fs__read", { path: "/public/a" }, {}, { scope: "x", sub: null }), call("fs__read", {}, {}, null)];
    for (const request of denied) {
      for (const [index, name] of callsOf(request).entries()) {
        for (const code of CODES) {
          const [answer, next] = requestWithFailures(request, (_, at) => at === index, code);
          const what = `${name} (call ${index + 1}) answers ${Rc[code]}`;
          assert.equal(answer!.trap, undefined, what);
          assert.ok(!answer!.forwarded && !next!.forwarded, what);
        }
      }
    }
  });

  test("a refusal that cannot be sent still keeps the request back", () => {
    const host = hostWith({ failure: (name) => (name === "proxy_send_local_response" ? Rc.InternalFailure : undefined) });
    const answer = host.request(PRIVATE);
    assert.equal(answer.forwarded, false);
    assert.equal(answer.upstream.body.length, 0);
  });
});

describe("configurations", () => {
  test("a bad one is refused, says why, and the one before stays", () => {
    const good = configuration(false);
    const host = hostWith();
    const program = Buffer.from((JSON.parse(good) as { program: string }).program, "base64");
    const damaged = (change: (copy: Buffer) => Buffer): string => {
      const copy = change(Buffer.from(program));
      return JSON.stringify({ scopegate: 1, policy: "x", holdHeaders: false, program: copy.toString("base64") });
    };
    const flip = (at: number) => (copy: Buffer): Buffer => (copy.writeUInt8(copy.readUInt8(at) ^ 1, at), copy);
    const bad: [string, string | Uint8Array][] = [
      ["empty", ""],
      ["no JSON", "policy"],
      ["protobuf bytes of a Struct", Uint8Array.of(0x0a, 0x05, 0x0a, 0x01, 0x61, 0x12, 0x00)],
      ["a list", "[]"],
      ["no program", '{"scopegate":1,"policy":"x","holdHeaders":false}'],
      ["another version", good.replace('"scopegate":1', '"scopegate":2')],
      ["no base64", '{"scopegate":1,"policy":"x","holdHeaders":false,"program":"*"}'],
      ["cut short", damaged((copy) => copy.subarray(0, copy.length - 8))],
      ["a byte too many", damaged((copy) => Buffer.concat([copy, Buffer.alloc(1)]))],
      ["another magic", damaged(flip(0))],
      ["another program version", damaged(flip(4))],
      ["a flipped bit", damaged(flip(program.length >> 1))],
      ["a cut text", good.slice(0, -2)],
    ];
    for (const [what, text] of bad) {
      const { ok, logs } = host.configure(text);
      assert.equal(ok, false, what);
      assert.equal(logs.length, 1, `${what}: ${logs.join(" | ")}`);
      assertAllowed(host.request(PUBLIC), PUBLIC, `after: ${what}`);
      assertRefused(host.request(PRIVATE), 403, `after: ${what}`);
    }
  });

  test("a new one takes the place of the one before", () => {
    const host = hostWith();
    assert.ok(host.configure(configuration(false, OPEN)).ok);
    assertAllowed(host.request(PRIVATE), PRIVATE, "default allow");
  });

  test("several in one VM keep apart", () => {
    const host = hostWith();
    const open = host.addPlugin(configuration(false, OPEN)).root;
    assert.ok(open > 0);
    for (let i = 0; i < 3; i++) {
      assertAllowed(host.request(PRIVATE, open), PRIVATE, "the open one");
      assertRefused(host.request(PRIVATE), 403, "the strict one");
    }
  });

  test("without any, a request is kept back", () => {
    const host = new Host(filterModule());
    assert.equal(host.configure("{}").ok, false);
    assert.equal(host.request(PUBLIC, 1).forwarded, false);
  });
});

describe("memory", () => {
  test("does not grow with the number of requests", () => {
    const host = hostWith();
    const requests = [PUBLIC, PRIVATE, call("stat", {}, {}, { org: { unit: "eng" } }), call("fs__read", {}, {}, null)];
    for (let i = 0; i < 200; i++) host.request(requests[i % requests.length]!);
    const before = host.guest.size;
    for (let i = 0; i < 5000; i++) host.request(requests[i % requests.length]!);
    assert.equal(host.guest.size, before);
  });

  test("does not grow with the number of configurations", () => {
    const host = hostWith();
    const text = configuration(false);
    for (let i = 0; i < 20; i++) host.configure(text);
    const before = host.guest.size;
    for (let i = 0; i < 500; i++) assert.ok(host.configure(text).ok);
    assert.equal(host.guest.size, before);
  });
});

test("the answer to a refusal carries the caller's id and no argument", () => {
  const { reply } = hostWith().request(PRIVATE);
  const body = JSON.parse(reply!.body) as { jsonrpc: string; id: string; error: { code: number; data: { reason: string } } };
  assert.equal(body.jsonrpc, "2.0");
  assert.equal(body.id, 'é"7');
  assert.equal(body.error.code, 403);
  assert.equal(body.error.data.reason, "no_rule");
  assert.ok(!reply!.body.includes("passwd"));
  assert.equal(reply!.details, "scopegate{no_rule}");
});

test("the filter state and the counters tell the decision", () => {
  const host = hostWith();
  assert.match(host.request(PUBLIC).state.get("scopegate") ?? "", /^allowed;0;public/);
  assert.match(host.request(PRIVATE).state.get("scopegate") ?? "", /^no_rule;-;/);
  const counted = Object.entries(host.metrics.all()).filter(([, value]) => value > 0);
  assert.ok(counted.some(([name]) => name.includes("allowed")), JSON.stringify(counted));
  assert.ok(counted.some(([name]) => name.includes("no_rule")), JSON.stringify(counted));
});
