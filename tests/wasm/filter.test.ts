// The built filter in the simulated host: pieces of bodies, trailers, both header modes, the token, the replies. The
// host's behaviour was measured on Envoy 1.40; tests/envoy/calls.test.ts has the real one.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SimulatedRequest, Struct } from "../../scripts/simulate/host.ts";
import {
  assertAllowed,
  assertRefused,
  call,
  hostWith,
  lineOf,
  POLICY,
  message,
  MODES,
  OPEN,
  posting,
  PRIVATE,
  PUBLIC,
} from "../support/host.ts";

const TWO_OF_A_NAME: [string, string][] = [
  ["x-a", "1"],
  ["x-b", "2"],
  ["x-a", "3"],
];

for (const options of MODES) {
  describe(options.holdsHeaders ? "headers held" : "headers forwarded", () => {
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

    test("the headers that a `when` reads are still available when the body ends", () => {
      const host = hostWith(options);
      const request = (team: string): SimulatedRequest =>
        call(
          "ping",
          {},
          {
            headers: [
              ["content-type", "application/json"],
              ["x-team", team],
            ],
          },
        );
      assertAllowed(host.request(request("a")), request("a"), "team a");
      assertRefused(host.request(request("b")), 403, "team b");
    });

    test("the headers as a whole", () => {
      const headers: SimulatedRequest["headers"] = [["content-type", "application/json"], ...TWO_OF_A_NAME];
      const id = 'request.headers["x-request-id"]'; // the host adds it
      const when = [
        `request.headers == {"content-type": "application/json", "x-a": "1", "x-b": "2", "x-request-id": ${id}}`,
        `request.headers_all == {"content-type": ["application/json"], "x-a": ["1", "3"], "x-b": ["2"], "x-request-id": [${id}]}`,
        "size(request.headers) == 4 && size(request.headers_all) == 4",
      ].join(" && ");
      const host = hostWith(options, { ...OPEN, defaultAction: "Deny", rules: [{ target: { tools: ["t"] }, when }] });
      const request = call("t", {}, { headers });
      assertAllowed(host.request(request), request, when);
    });

    test("no part of a refused request is forwarded if the host holds the headers", () => {
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
    assert.match(
      challenge ?? "",
      /^Bearer resource_metadata="https:\/\/mcp\.example\.com\/\.well-known\/oauth-protected-resource\/mcp"/,
    );
  });

  test("a header or another metadata namespace is not a payload", () => {
    const elsewhere = call(
      "fs__read",
      { path: "/public/a" },
      { metadata: { "envoy.filters.http.mcp": { mcp: { scope: "files:read" } } } },
    );
    assertRefused(hostWith().request(elsewhere), 401, "other namespace");
  });

  const HELD: [string, Struct][] = [
    ["scope as a string", { scope: "other files:read" }],
    ["scope as a list", { scope: ["other", "files:read"] }],
    ["scp as a list", { scp: ["files:read"] }],
    ["scp as a string", { scp: "files:read" }],
    ["a scope that implies it", { scope: "admin" }],
    ["a null next to it", { scope: "files:read", gone: null, deep: { gone: [null] } }],
  ];
  for (const [what, payload] of HELD) {
    test(what, () =>
      assertAllowed(hostWith().request(call("fs__read", { path: "/public/a" }, {}, payload)), PUBLIC, what),
    );
  }

  const NOT_HELD: [string, Struct][] = [
    ["no scope", { sub: "ann" }],
    ["a null scope", { scope: null }],
    ["a number", { scope: 7 }],
    ["a list item with spaces is one scope", { scope: ["other files:read"] }],
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

  test("scopes are separated by ASCII white space, anywhere in the string", () => {
    const host = hostWith();
    for (let before = 0; before < 40; before++)
      for (let code = 0; code < 0x100; code++) {
        const scope = `${"x".repeat(before)}${String.fromCharCode(code)}files:read`;
        const space = code === 0x20 || (code >= 9 && code <= 13);
        const { forwarded } = host.request(call("fs__read", { path: "/public/a" }, {}, { scope }));
        assert.equal(forwarded, space, `${before} letters, then U+${code.toString(16)}`);
      }
  });

  test("jwt.scopes lists the token's scopes, whatever else is read", () => {
    const scopes = Array.from({ length: 40 }, (_, i) => `s${i}`);
    const when = `jwt.scopes.size() == 40 && ${scopes.map((scope) => `"${scope}" in jwt.scopes`).join(" && ")}`;
    const rules = [
      { target: { tools: ["t"] }, when: `${when} && jwt.claims.sub == "ann" && args.n == "${"x".repeat(500)}"` },
    ];
    const host = hostWith({}, { ...OPEN, defaultAction: "Deny", rules });
    for (const scope of [scopes, scopes.join(" ")]) {
      const request = call("t", { n: "x".repeat(500) }, {}, { scope, sub: "ann", note: "y".repeat(2000) });
      assertAllowed(host.request(request), request, JSON.stringify(scope).slice(0, 20));
    }
  });

  test("claims by a dotted path, and by the name as written", () => {
    const host = hostWith();
    const holding: Struct[] = [
      { org: { unit: "eng" } },
      { "org.unit": "eng" },
      { org: { unit: "eng" }, x: null },
      { "org.unit": ["eng"], org: { unit: "ops" } },
    ];
    for (const payload of holding) {
      const request = call("stat", {}, {}, payload);
      assertAllowed(host.request(request), request, JSON.stringify(payload));
    }
    const others: Struct[] = [
      { org: { unit: "ops" } },
      { org: "eng" },
      { "org.unit": ["ops"], org: { unit: "eng" } },
      {},
    ];
    for (const payload of others)
      assertRefused(host.request(call("stat", {}, {}, payload)), 403, JSON.stringify(payload));
  });

  // If all claims are read by name, the filter skips the others.
  for (const when of [
    "size(jwt.claims) == 4",
    'jwt.claims[args.key] == "a"',
    'args.key in jwt.claims && jwt.claims.sub == "ann"',
    'jwt.claims.exists(name, name == "level") && has(jwt.claims.sub)',
    'jwt.claims == {"sub": "ann", "team": "a", "level": 3, "note": null}',
    "[jwt.claims][0].level == 3",
    "dyn(jwt.claims).level == 3",
    'jwt.?claims.?team.orValue("") == "a"',
    "jwt.claims.level == 3 && jwt.claims.?nothing == optional.none() && !has(jwt.claims.nothing)",
  ])
    test(`the claims as a whole and by name: ${when}`, () => {
      const host = hostWith({}, { ...OPEN, defaultAction: "Deny", rules: [{ target: { tools: ["t"] }, when }] });
      const payload = { sub: "ann", team: "a", level: 3, note: null, scope: "s" };
      const request = call("t", { key: "team" }, {}, payload);
      assertAllowed(host.request(request), request, when);
    });
});

test("the reply to a refused call has the caller's id and no argument", () => {
  const { reply } = hostWith().request(PRIVATE);
  const body = JSON.parse(reply!.body) as {
    jsonrpc: string;
    id: string;
    error: { code: number; data: { reason: string } };
  };
  assert.equal(body.jsonrpc, "2.0");
  assert.equal(body.id, 'é"7');
  assert.equal(body.error.code, 403);
  assert.equal(body.error.data.reason, "no_rule");
  assert.ok(!reply!.body.includes("passwd"));
  assert.equal(reply!.details, "scopegate{no_rule}");
});

test("the filter state and the counters show the decision", () => {
  const host = hostWith();
  assert.equal(lineOf(host.request(PUBLIC)), "allowed;public;tools/call;fs__read");
  assert.equal(lineOf(host.request(PRIVATE)), "no_rule;;tools/call;fs__read");
  const counted = Object.entries(host.metrics.all()).filter(([, value]) => value > 0);
  assert.ok(
    counted.some(([name]) => name.includes("allowed")),
    JSON.stringify(counted),
  );
  assert.ok(
    counted.some(([name]) => name.includes("no_rule")),
    JSON.stringify(counted),
  );
});

test("records of denials alone leave nothing for requests that pass, and both kinds are counted", () => {
  const host = hostWith({}, { ...POLICY, record: { of: "denials" } });
  const answer = host.request(PUBLIC);
  assert.ok(answer.forwarded);
  assert.equal(answer.objects.size, 0);
  assert.match(lineOf(host.request(PRIVATE)), /^no_rule;/);
  assert.equal(host.metrics.all()["scopegate.allowed.allowed"], 1);
});

test("a rule can name a subscription to no resource", () => {
  const rules = [{ action: "Deny", target: { methods: ["subscriptions/listen"] } }];
  for (const govern of [["tools"], ["tools", "subscriptions"]]) {
    const [named, unnamed] = [hostWith({}, { ...OPEN, govern, rules }), hostWith({}, { ...OPEN, govern })];
    for (const notifications of [{}, { resourceSubscriptions: [] }]) {
      const request = posting(message("subscriptions/listen", { notifications }));
      assertRefused(named.request(request), 403, JSON.stringify(notifications));
      assert.match(lineOf(unnamed.request(request)), /^lifecycle;;/);
    }
  }
});

test("the filter state of a batch has nothing from messages before the deciding one", () => {
  const host = hostWith({}, { ...OPEN, rules: [{ name: "rule", target: { tools: ["t"] } }] });
  const allowed = message("tools/call", { name: "t" });
  for (const [last, state] of [
    [{ jsonrpc: "2.0", id: 1, result: {} }, "response;;;"],
    [{ jsonrpc: "1.0" }, "not_jsonrpc;;;"],
    [5, "batch;;;"],
    [allowed, "allowed;rule;tools/call;t"],
  ]) {
    const answer = host.request(posting([allowed, last], "2025-03-26"));
    assert.equal(lineOf(answer), state);
    if (answer.reply) assert.ok(!("id" in (JSON.parse(answer.reply.body) as object)));
  }
});

test("no other spelling of a parameter names a charset", () => {
  const host = hostWith({}, OPEN);
  const typed = (type: string): SimulatedRequest => ({
    ...posting(message("ping", {})),
    headers: [["content-type", type]],
  });
  for (const parameter of ["charset*=utf-16", "charset*0=utf-16", "charset*=utf-8''utf-16", "charset"])
    assertRefused(host.request(typed(`application/json;${parameter}`)), 415, parameter);
  for (const parameter of ["", " charset=UTF-8", 'charset="utf-8"', "charset=utf8", "profile=x"]) {
    const request = typed(`application/json;${parameter}`);
    assertAllowed(host.request(request), request, parameter);
  }
});
