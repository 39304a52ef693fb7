// Decisions in a real Envoy: who may call what, what the replies look like, and what the upstream receives.
import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { after, before, describe, test } from "node:test";
import { http1, http2, type Response } from "../support/clients.ts";
import { call, Gateway, headers } from "../support/envoy.ts";
import { forged, ISSUER, RESOURCE, token } from "../../scripts/envoy/issuer.ts";

const METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
const HELLO = call("echo", { text: "Hello, World!" });
const SUM = call("sum", { a: 1, b: 2 });

interface Line {
  code: number;
  details: string;
  token: string | null;
  scopegate: Record<string, unknown>;
}

function challengeOf(response: Response): string | undefined {
  const header = response.headers["www-authenticate"];
  assert.ok(!Array.isArray(header), "one WWW-Authenticate line");
  return header;
}

function bearer(text: string): Record<string, string> {
  return { ...headers(null), authorization: `Bearer ${text}` };
}

for (const [protocol, send] of [
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
] as const) {
  describe(`decisions over ${protocol}`, () => {
    let gateway: Gateway;
    before(async () => void (gateway = await Gateway.start()));
    after(() => gateway?.stop());

    const post = (body: string, own = headers()) => {
      gateway.upstream.forget();
      return send(gateway.port, { body, headers: own });
    };

    test("an allowed call arrives unchanged, without its token", async () => {
      const response = await post(HELLO);
      assert.equal(response.status, 200);
      const [arrived] = gateway.upstream.requests;
      assert.equal(arrived?.body.toString(), HELLO);
      assert.equal(arrived?.headers.authorization, undefined);
    });

    test("a missing scope gives a 403 with the scope to request and the caller's id", async () => {
      const response = await post(call("sum", {}, "seven"));
      assert.equal(response.status, 403);
      assert.equal(
        challengeOf(response),
        `Bearer error="insufficient_scope", scope="sum", resource_metadata="${METADATA}", ` +
          'error_description="This call needs more scopes than the token has"',
      );
      const { id, error } = JSON.parse(response.body) as { id: string; error: { code: number; data: object } };
      assert.deepEqual([id, error.code], ["seven", 403]);
      assert.equal((error.data as { reason: string }).reason, "insufficient_scope");
      assert.equal(gateway.upstream.bytes.length, 0);
    });

    test("granting the challenge allows the call", async () => {
      const scope = /scope="([^"]*)"/.exec(challengeOf(await post(SUM))!)![1]!;
      assert.equal((await post(SUM, headers(`echo ${scope}`))).status, 200);
    });

    test("arguments that do not match give a 403 without a challenge", async () => {
      const response = await post(call("echo", { text: "Goodbye!" }));
      assert.deepEqual([response.status, challengeOf(response)], [403, undefined]);
      assert.equal(gateway.upstream.bytes.length, 0);
    });

    test("a tool that no rule names gives a 403 without a challenge", async () => {
      const response = await post(call("shutdown"));
      assert.deepEqual([response.status, challengeOf(response)], [403, undefined]);
    });

    test("other methods pass with a valid token", async () => {
      assert.equal((await post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}')).status, 200);
    });

    test("no token gives a 401 without an error code", async () => {
      const response = await post(HELLO, headers(null));
      assert.deepEqual(
        [response.status, challengeOf(response)],
        [401, `Bearer resource_metadata="${METADATA}", scope="echo"`],
      );
      assert.equal(gateway.upstream.bytes.length, 0);
    });

    const refused: Record<string, () => string> = {
      "a wrong signature": () => forged({ scope: "echo" }),
      "an expired token": () => token({ scope: "echo", exp: Math.floor(Date.now() / 1000) - 600 }),
      "a token for another server": () => token({ scope: "echo", aud: "https://other.example.com" }),
      "a token of another issuer": () => token({ scope: "echo", iss: "https://evil.example.com" }),
      "no token at all": () => "abc",
    };
    for (const [what, make] of Object.entries(refused))
      test(`${what} in the header is 401 invalid_token`, async () => {
        const response = await post(HELLO, bearer(make()));
        assert.equal(response.status, 401);
        assert.equal(
          challengeOf(response),
          `Bearer error="invalid_token", resource_metadata="${METADATA}", scope="echo"`,
        );
        assert.equal(gateway.upstream.bytes.length, 0);
      });

    test("a token in the query string is ignored", async () => {
      const path = `/mcp?access_token=${token({ scope: "echo" })}`;
      assert.equal((await send(gateway.port, { path, body: HELLO, headers: headers(null) })).status, 401);
    });

    const scopes: Record<string, object> = {
      "a string": { scope: "openid echo files" },
      "a list": { scope: ["openid", "echo"] },
      "a list of one": { scope: ["echo"] },
      "scp, a list": { scp: ["echo"] },
      "scp, a string": { scp: "files echo" },
      "scope and scp": { scope: "files", scp: ["echo"] },
      "a token with a null claim": { scope: "echo", nothing: null },
      "a large token": { scope: "echo", groups: Array.from({ length: 300 }, (_, i) => `group-${i}`) },
    };
    for (const [form, claims] of Object.entries(scopes))
      test(`the scope is found: ${form}`, async () => {
        assert.equal((await post(HELLO, bearer(token(claims as Record<string, unknown>)))).status, 200);
      });

    const absent: Record<string, object> = {
      "an empty string": { scope: "" },
      "an empty list": { scope: [] },
      "a longer name": { scope: "echoes" },
      "another case": { scope: "Echo" },
      "an object": { scope: { echo: true } },
      "a list item with a space": { scope: ["files echo"] },
      "no claim": {},
    };
    for (const [form, claims] of Object.entries(absent))
      test(`the scope is not there: ${form}`, async () => {
        const response = await post(HELLO, bearer(token(claims as Record<string, unknown>)));
        assert.equal(response.status, 403);
        assert.match(challengeOf(response)!, /scope="echo"/);
      });

    test("the metadata document is served without a token", async () => {
      for (const path of ["/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"]) {
        const response = await send(gateway.port, { method: "GET", path });
        assert.equal(response.status, 200);
        assert.equal(response.headers["content-type"], "application/json");
        const document = JSON.parse(response.body) as Record<string, unknown>;
        assert.equal(document["resource"], RESOURCE);
        assert.deepEqual(document["authorization_servers"], [ISSUER]);
      }
      assert.equal((await send(gateway.port, { method: "GET", path: "/.well-known/other" })).status, 401);
    });

    test("a GET stream and a DELETE need a valid token, and no scope", async () => {
      for (const method of ["GET", "DELETE"]) {
        assert.equal((await send(gateway.port, { method, headers: headers("none") })).status, 200);
        assert.equal((await send(gateway.port, { method, headers: headers(null) })).status, 401);
      }
    });
  });
}

describe("what operators see", () => {
  let gateway: Gateway;
  before(async () => void (gateway = await Gateway.start()));
  after(() => gateway?.stop());

  test("the access log has the record of each decision, an object", async () => {
    await http1(gateway.port, { body: HELLO, headers: headers() });
    await http1(gateway.port, { body: SUM, headers: headers() });
    await http1(gateway.port, { body: SUM, headers: headers(null) });
    const lines = (await gateway.envoy.accessLines(3)).map((line) => JSON.parse(line) as Line);
    assert.deepEqual(
      lines.map((line) => [line.code, line.details, line.token]),
      [
        [200, "via_upstream", null],
        [403, "scopegate{insufficient_scope}", null],
        [401, "scopegate{no_token}", "Jwt is missing"],
      ],
    );
    const told = lines.map(({ scopegate: { id, digest, ...record } }) => {
      assert.match(`${id} ${digest}`, /^[0-9a-f]{16} [0-9a-f]{16}$/);
      return record;
    });
    const common = { "mcp.method.name": "tools/call", "jsonrpc.request.id": "1", policy: "tests", sub: "alice" };
    assert.deepEqual(told, [
      {
        ...{ decision: "allow", reason: "allowed", rule: "greet", ...common, iss: ISSUER, tests: "yn", when: "t" },
        "gen_ai.tool.name": "echo",
      },
      {
        ...{ decision: "deny", reason: "insufficient_scope", status: 403, rule: "add", ...common, iss: ISSUER },
        ...{ "gen_ai.tool.name": "sum", "scopes.asked": ["sum"], tests: "yn", when: "-" },
      },
      { decision: "unauthenticated", reason: "no_token", status: 401, policy: "tests" },
    ]);
  });

  test("the counters have the reason as a label", async () => {
    await http1(gateway.port, { body: call("nothing"), headers: headers() });
    const text = await gateway.envoy.adminPage("/stats/prometheus?usedonly");
    assert.match(text, /^scopegate_denied\{scopegate_reason="no_rule"\} 1$/m);
  });

  test("the connection stays open after a refusal", async () => {
    const session = connectHttp2(`http://127.0.0.1:${gateway.port}`);
    for (const status of [403, 200, 403, 200])
      assert.equal(
        (await http2(gateway.port, { body: status === 200 ? HELLO : SUM, headers: headers() }, session)).status,
        status,
      );
    session.destroy();
  });
});
