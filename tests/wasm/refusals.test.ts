// Refusals: the caller's id, bodies whose declared length says enough, requests without a body that end after their
// headers, revisions that nobody knows.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  JWT_NAMESPACE,
  type Answer,
  type Pair,
  type SimulatedRequest,
  type Struct,
} from "../../scripts/simulate/host.ts";
import {
  assertAllowed,
  assertRefused,
  call,
  hostWith,
  message,
  MODES,
  OPEN,
  POLICY,
  posting,
  PUBLIC,
  lineOf,
  reasonOf,
  sending,
} from "../support/host.ts";

type ErrorBody = { id?: unknown; error: { code: number; data: Record<string, unknown> } };
const errorOf = ({ reply }: Answer): ErrorBody => JSON.parse(reply!.body) as ErrorBody;
const SMALL = { ...POLICY, limits: { body: 300 } };

/** A request of a body that is longer than it says in `declared`. */
function declaring(body: string, declared: number | string, metadata = PUBLIC.metadata): SimulatedRequest {
  const headers: Pair[] = [
    ["content-type", "application/json"],
    ["content-length", String(declared)],
  ];
  return { headers, body: new TextEncoder().encode(body), metadata };
}

const padded = (first: string, pad: number): string =>
  `{${first},"jsonrpc":"2.0","method":"ping","params":{"pad":"${"x".repeat(pad)}"}}`;

for (const options of MODES) {
  const held = options.holdsHeaders === true;
  describe(held ? "headers held" : "headers forwarded", () => {
    test("a 401 has the caller's id only where its bytes may be awaited", () => {
      const answer = hostWith(options).request(call("t", {}, {}, null));
      assertRefused(answer, 401, "no token");
      assert.equal(errorOf(answer).id, held ? 'é"7' : undefined);
      assert.equal(answer.upstream.headers, undefined, "nothing unauthenticated is sent on");
    });

    test("a body whose declared length is above the limit is refused before it comes", () => {
      const host = hostWith(options, SMALL);
      const answer = host.request({ ...declaring(padded('"id":7', 500), 5_000_000), chunks: [40] });
      assertRefused(answer, 413, "declared");
      assert.equal(errorOf(answer).id, held ? 7 : undefined);
      assert.equal(answer.upstream.headers, undefined, "nothing is sent on");
      for (const declared of ["99999999999999999999", "0000301"])
        assertRefused(host.request(declaring(padded('"id":7', 9), declared)), 413, declared);
      const fits = declaring(padded('"id":7', 9), "300");
      assertAllowed(host.request(fits), fits, "the limit itself");
    });

    test("a body of undeclared length is refused as soon as it passes the limit, with its id", () => {
      const answer = hostWith(options, SMALL).request({ ...sending(padded('"id":"a"', 900)), chunks: [200, 200] });
      assertRefused(answer, 413, "undeclared");
      assert.equal(errorOf(answer).id, "a");
    });

    test("of an id that is cut off by the first piece nothing is sent back", () => {
      const host = hostWith(options, SMALL);
      for (const [chunk, id] of [
        [10, undefined],
        [9, undefined],
        [12, held ? 1234 : undefined],
      ] as const) {
        const answer = host.request({ ...declaring(padded('"id":1234', 500), 600), chunks: [chunk] });
        assert.equal(errorOf(answer).id, id, `${chunk} bytes`);
      }
    });

    for (const [method, reason] of [
      ["GET", "stream"],
      ["DELETE", "session_end"],
      ["OPTIONS", "preflight"],
    ] as const)
      test(`${method}: zero bytes at the end of the stream are no body, one is`, () => {
        const host = hostWith(options);
        for (const headers of [[], [["content-length", "0"]]] as Pair[][]) {
          const request = { ...PUBLIC, method, headers, body: new Uint8Array(), endsApart: true };
          const answer = host.request(request);
          assertAllowed(answer, request, method);
          assert.match(lineOf(answer), new RegExp(`^${reason};`));
          for (const more of [{ chunks: [1] }, { endWithData: true }]) {
            const full = host.request({ ...request, ...more, body: new TextEncoder().encode("{}") });
            assertRefused(full, 400, method);
            assert.equal(reasonOf(full), "unexpected_body");
          }
          assert.equal(reasonOf(host.request({ ...request, trailers: [["x-t", "1"]] })), "unexpected_body");
        }
        if (method === "OPTIONS") return;
        const bare = { method, headers: [], endsApart: true };
        assertRefused(host.request(bare), 401, "no token");
      });
  });
}

test("no refusal has a null id", () => {
  const host = hostWith();
  for (const body of ["", "[]", "{", '{"id":null}', '{"id":{}}', `{"id":"${"x".repeat(300)}"}`, "7"]) {
    const { reply } = host.request(sending(body));
    assert.ok(reply && !("id" in (JSON.parse(reply.body) as object)), body);
  }
});

describe("the protocol version", () => {
  const SUPPORTED = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"];

  test("one that is no known revision: -32022 with those that are, and the id", () => {
    const host = hostWith({}, OPEN);
    for (const [version, shown] of [
      ["DRAFT-2026-v1", "DRAFT-2026-v1"],
      ["2027-01-01", "2027-01-01"],
      ["2026-07-2", "2026-07-2"],
      ['a"\\;\x7f\x01', 'a"\\;\x7f\x01'],
      ["y".repeat(100), "y".repeat(64)],
    ] as const) {
      const answer = host.request(posting({ ...message("ping", {}), id: "probe" }, version));
      assertRefused(answer, 400, version);
      const { id, error } = errorOf(answer);
      assert.deepEqual([id, error.code, error.data["reason"]], ["probe", -32022, "unsupported_version"]);
      assert.deepEqual(error.data["supported"], SUPPORTED);
      assert.equal(error.data["requested"], shown);
    }
  });

  test("every known one passes", () => {
    const host = hostWith({}, OPEN);
    for (const version of SUPPORTED.slice(1)) {
      const request = posting(message("ping", {}), version);
      assertAllowed(host.request(request), request, version);
    }
  });
});

test("a client's error response without an id passes where the revision allows it", () => {
  const host = hostWith({}, OPEN);
  const error = { jsonrpc: "2.0", error: { code: -32600, message: "no id" } };
  const fine = posting(error, "2025-11-25");
  assertAllowed(host.request(fine), fine, "2025-11-25");
  for (const version of [undefined, "2025-06-18", "2026-07-28"])
    assert.equal(reasonOf(host.request(posting(error, version))), "not_jsonrpc", version);
  assert.equal(reasonOf(host.request(posting({ jsonrpc: "2.0", result: {} }, "2025-11-25"))), "not_jsonrpc");
  assert.equal(reasonOf(host.request(posting({ ...error, id: null }, "2025-11-25"))), "invalid_id");
});

test("half of a surrogate pair is named as such", () => {
  const host = hostWith({}, OPEN);
  for (const half of ["\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d"])
    assert.equal(
      reasonOf(host.request(sending(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"t":"a${half}"}}`))),
      "lone_surrogate",
    );
});

test("a NUL in a method, name, URI, task or reference is refused, whatever is governed", () => {
  const messages: [string, object][] = [
    ["tools/call\0", { name: "t" }],
    ["tools/call", { name: "t\0" }],
    ["prompts/get", { name: "\0p" }],
    ["resources/read", { uri: "file:///a\0b" }],
    ["subscriptions/listen", { notifications: { resourceSubscriptions: ["a:b", "file:///a\0"] } }],
    ["completion/complete", { ref: { type: "ref/prompt", name: "p\0" } }],
    ["completion/complete", { ref: { type: "ref/resource\0", uri: "file:///a" } }],
    ["tasks/get", { taskId: "1\0" }],
    ["acme/do", { name: "t\0" }],
  ];
  for (const govern of [["tools"], ["prompts"], undefined]) {
    const host = hostWith({}, { ...OPEN, ...(govern && { govern }) });
    for (const [method, params] of messages)
      assertRefused(host.request(posting(message(method, params))), 400, JSON.stringify([method, params, govern]));
    for (const fine of [
      message("tools/call", { name: "t\\u0000", arguments: { text: "a\0b" } }),
      message("ping", {}),
    ]) {
      const request = posting(fine);
      assertAllowed(host.request(request), request, JSON.stringify(fine));
    }
  }
});

describe("what a decision leaves for the log", () => {
  const stateOf = (name: string): string =>
    hostWith(
      {},
      { ...OPEN, record: { form: "text" }, rules: [{ name: "a;b", action: "Deny", target: { tools: [name] } }] },
    )
      .request(posting(message("tools/call", { name })))
      .state.get("scopegate")!;

  for (const [what, name, shown] of [
    ["a semicolon", "a;b", "a\\u003bb"],
    ["C0 and DEL", "a\n\x1b\x7f", "a\\u000a\\u001b\\u007f"],
    ["C1", "a\u0085\u009b", "a\\u0085\\u009b"],
    ["marks of direction and line breaks", "\u202e\u2066\u200f\u061c\u2028", "\\u202e\\u2066\\u200f\\u061c\\u2028"],
    ["quotes", 'a"\\', 'a\\"\\\\'],
    ["whole characters", "é".repeat(40), "é".repeat(32)],
    ["whole characters, cut", `x${"早".repeat(40)}`, `x${"早".repeat(21)}`],
    ["emoji", "🙂a", "🙂a"],
  ] as const)
    test(what, () => assert.equal(stateOf(name), `rule_denied;0;a\\u003bb;tools/call;${shown}`));
});

test("the Allow of a 405 names the methods that the policy lets through", () => {
  const allow = (transport?: object): string | undefined =>
    hostWith({}, { ...OPEN, ...(transport && { transport }) })
      .request({ ...PUBLIC, method: "PUT" })
      .reply?.headers.find(([name]) => name === "allow")?.[1];
  assert.equal(allow(), "POST, GET, DELETE, OPTIONS");
  assert.equal(allow({ GET: "Deny" }), "POST, DELETE, OPTIONS");
  assert.equal(allow({ GET: "Deny", DELETE: "Deny", OPTIONS: "Deny" }), "POST");
});

test("the metadata document is also at its path with a slash at the end", () => {
  const host = hostWith();
  const at = "/.well-known/oauth-protected-resource";
  for (const path of [`${at}/mcp`, `${at}/mcp/`, at, `${at}/`, `${at}/mcp/?x=1`])
    assert.equal(host.request({ method: "GET", path }).reply?.status, 200, path);
  for (const path of [`${at}/mcp//`, `${at}/other/`])
    assert.equal(host.request({ method: "GET", path }).reply?.status, 401, path);
});

describe("tokens that are bound to a key", () => {
  const DIGEST = "6f070ad1eb1cdc0082dc3d766397f9444b2c5c4a3d96d73439f3bd8dd37e760d";
  const THUMBPRINT = Buffer.from(DIGEST, "hex").toString("base64url");
  const bound = (cnf: unknown, more: object = {}): SimulatedRequest => ({
    ...posting(message("ping", {})),
    metadata: { [JWT_NAMESPACE]: { mcp: { scope: "a", cnf } as Struct } },
    ...more,
  });
  const hostOf = (senderConstrained?: string) =>
    hostWith({}, { ...OPEN, ...(senderConstrained !== undefined && { jwt: { senderConstrained } }) });

  test("refuse, the default: a reason and a 401 of its own, with every method", () => {
    for (const host of [hostOf(), hostOf("refuse")])
      for (const cnf of [{ jkt: "x" }, { "x5t#S256": THUMBPRINT }, {}, "x", [], 7, false])
        for (const method of ["POST", "GET", "DELETE"]) {
          const body = method === "POST" ? {} : { method, body: new Uint8Array() };
          const answer = host.request(bound(cnf, { ...body, certificateDigest: DIGEST }));
          assert.equal(answer.reply?.status, 401, JSON.stringify(cnf));
          assert.equal(reasonOf(answer), "sender_constrained");
          assert.match(JSON.stringify(answer.reply?.headers), /Bearer error=\\"invalid_token\\"/);
        }
    const unbound = bound(null);
    assertAllowed(hostOf().request(unbound), unbound, "null");
    const preflight = bound({}, { method: "OPTIONS", body: new Uint8Array() });
    assertAllowed(hostOf().request(preflight), preflight, "a preflight");
  });

  test("verify: only the certificate of the connection proves it", () => {
    const host = hostOf("verify");
    const fine = bound({ "x5t#S256": THUMBPRINT }, { certificateDigest: DIGEST });
    assertAllowed(host.request(fine), fine, "its own certificate");
    const upper = { ...fine, certificateDigest: DIGEST.toUpperCase() };
    assertAllowed(host.request(upper), upper, "in upper case");
    const other = `0${DIGEST.slice(1)}`;
    for (const [cnf, certificateDigest] of [
      [{ "x5t#S256": THUMBPRINT }, undefined],
      [{ "x5t#S256": THUMBPRINT }, other],
      [{ "x5t#S256": THUMBPRINT }, DIGEST.slice(2)],
      [{ "x5t#S256": THUMBPRINT }, "z".repeat(64)],
      [{ "x5t#S256": `${THUMBPRINT}=` }, DIGEST],
      [{ "x5t#S256": THUMBPRINT, jkt: "x" }, DIGEST],
      [{ jkt: "x", "x5t#S256": THUMBPRINT }, DIGEST],
      [{ jkt: THUMBPRINT }, DIGEST],
      [{ "x5t#S256": [THUMBPRINT] }, DIGEST],
      [{}, DIGEST],
      [THUMBPRINT, DIGEST],
    ] as const)
      assert.equal(
        reasonOf(host.request(bound(cnf, { certificateDigest }))),
        "sender_constrained",
        JSON.stringify(cnf),
      );
  });

  test("every byte of a digest in base64url", () => {
    const host = hostOf("verify");
    for (let seed = 0; seed < 64; seed++) {
      const digest = Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + seed * 101) & 255));
      const request = bound(
        { "x5t#S256": digest.toString("base64url") },
        { certificateDigest: digest.toString("hex") },
      );
      assertAllowed(host.request(request), request, digest.toString("hex"));
    }
  });

  test("accept: as one that is not bound", () => {
    for (const cnf of [{ jkt: "x" }, {}, "x"]) {
      const request = bound(cnf);
      assertAllowed(hostOf("accept").request(request), request, JSON.stringify(cnf));
    }
  });
});

test("denial: mixed answers with a 403 where a challenge helps, otherwise in-band", () => {
  const rules = [{ source: { jwt: { scopes: ["need"] } }, target: { tools: ["t"] } }];
  for (const [denial, statuses] of [
    ["http", [403, 403]],
    ["mixed", [403, 200]],
    ["in-band", [200, 200]],
  ] as const) {
    const host = hostWith({}, { ...OPEN, defaultAction: "Deny", denial, rules });
    const answers = ["t", "other"].map((name) => host.request(posting(message("tools/call", { name }))));
    assert.deepEqual(
      answers.map(({ reply }) => reply!.status),
      statuses,
      denial,
    );
    assert.deepEqual(answers.map(reasonOf), ["insufficient_scope", "no_rule"]);
    const challenged = answers.map(({ reply }) => reply!.headers.some(([name]) => name === "www-authenticate"));
    assert.deepEqual(challenged, [denial !== "in-band", false], denial);
    assert.deepEqual(errorOf(answers[1]!).id, 7);
  }
});

test("the subject is left for the log, escaped, where the policy asks for it", () => {
  const lineFor = (sub: string, record: object) =>
    hostWith({}, { ...OPEN, record: { form: "text", ...record } })
      .request(posting(message("ping", {}), undefined, { sub }))
      .state.get("scopegate");
  assert.equal(lineFor("ann", {}), "lifecycle;-;;ping;");
  assert.equal(lineFor("ann", { token: true }), "lifecycle;-;;ping;;ann");
  assert.equal(
    lineFor('a\n[2026] "x";\u202e\u0085', { token: true }),
    'lifecycle;-;;ping;;a\\u000a[2026] \\"x\\"\\u003b\\u202e\\u0085',
  );
  assert.equal(lineFor("é".repeat(100), { token: true }), `lifecycle;-;;ping;;${"é".repeat(64)}`);
});
