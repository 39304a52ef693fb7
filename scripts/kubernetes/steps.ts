// What must be seen through every gateway: the same answers as from a plain Envoy.
import assert from "node:assert/strict";
import { ANSWER } from "../../tests/support/upstream.ts";
import { forged, ISSUER, token } from "../envoy/issuer.ts";
import { anonymous, bearer, toolCall, type Answer, type Outgoing } from "./client.ts";
import type { Step } from "./story.ts";

const METADATA = "/.well-known/oauth-protected-resource/mcp";
const ROOT_METADATA = "/.well-known/oauth-protected-resource";
export const ORIGIN = "https://app.example.com";

/** Calls of the policy: reading below /public takes files:read, writing takes files:write. */
export const read = (path = "/public/a"): string => toolCall("read_file", { path });
export const write = (): string => toolCall("write_file", { path: "/public/a" });
export const READER = { scope: "files:read" };
/** One token for all calls: new ones that meet the same challenge again and again would be taken for a loop. */
const AS_READER = bearer(READER);
export const asReader = (body: string, more: Record<string, string> = {}): Outgoing => ({
  headers: { ...AS_READER, ...more },
  body,
});

/** Statuses of several answers that must all be the same. */
function same(answers: Answer[], status: number): void {
  assert.deepEqual(
    answers.map((answer) => answer.status),
    answers.map(() => status),
    answers.map(({ body }) => body.slice(0, 200)).join("\n"),
  );
}

export const challengeOf = ({ headers }: Answer): string => headers["www-authenticate"] ?? "";

export const CALLS: Step[] = [
  {
    name: "no token",
    async run(stage) {
      const answer = await stage.until(({ status }) => status === 401, { headers: anonymous(), body: read() });
      assert.match(
        challengeOf(answer),
        /^Bearer resource_metadata="https:\/\/mcp\.example\.com\/[^"]+", scope="files:read"$/,
      );
      const { heads } = await stage.watched(() => stage.send({ headers: anonymous(), body: read() }));
      assert.equal(heads, 0);
      return "401 with `resource_metadata` and `scope`";
    },
  },
  {
    name: "a forged token, an expired one, one of another issuer, one for another audience, no JWT at all",
    async run(stage) {
      const tokens = [
        forged({ scope: "files:write" }),
        token({ ...READER, exp: 1000 }),
        token({ ...READER, iss: `${ISSUER}/evil` }),
        token({ ...READER, aud: "https://other.example.com" }),
        "abc",
      ];
      for (const text of tokens) {
        const answer = await stage.unseen(() =>
          stage.send({ headers: anonymous({ authorization: `Bearer ${text}` }), body: read() }),
        );
        assert.equal(answer.status, 401, `${text}: ${answer.body}`);
        assert.match(challengeOf(answer), /error="invalid_token", resource_metadata="/);
      }
      return '401 with `resource_metadata` and `error="invalid_token"`';
    },
  },
  {
    name: "a token in the query string",
    async run(stage) {
      const path = `/mcp?access_token=${token(READER)}`;
      assert.equal((await stage.unseen(() => stage.send({ path, headers: anonymous(), body: read() }))).status, 401);
      return "401; not a byte goes upstream";
    },
  },
  {
    name: "`Authorization` with `Bearer`, `bearer`, `BEARER`",
    async run(stage) {
      for (const scheme of ["Bearer", "bearer", "BEARER"]) {
        const headers = anonymous({ authorization: `${scheme} ${token(READER)}` });
        const { status } = await stage.watched(() => stage.send({ headers, body: read() }));
        assert.equal(status, 200, scheme);
        assert.equal(stage.upstream.requests[0]!.headers.authorization, undefined);
      }
      return "200; the MCP server gets no token";
    },
  },
  {
    name: "the metadata document: GET, HEAD, OPTIONS, also at the root's path",
    async run(stage) {
      for (const path of [METADATA, ROOT_METADATA]) {
        const headers = { origin: ORIGIN };
        const got = await stage.send({ method: "GET", path, headers });
        assert.equal(got.status, 200, `${path}: ${got.body}`);
        assert.equal((JSON.parse(got.body) as { resource: string }).resource, "https://mcp.example.com/mcp");
        assert.match(got.headers["access-control-allow-origin"] ?? "", /\S/);
        assert.equal((await stage.send({ method: "HEAD", path, headers })).status, 200);
        assert.equal((await stage.send({ method: "OPTIONS", path, headers })).status, 204);
      }
      return "200, 200, 204 without a token, readable from every origin";
    },
  },
  {
    name: "an allowed call",
    async run(stage) {
      const answer = await stage.watched(() => stage.send(asReader(read())));
      assert.deepEqual([answer.status, answer.body], [200, ANSWER]);
      const [arrived] = stage.upstream.requests;
      assert.equal(arrived!.body.toString(), read());
      assert.equal(arrived!.headers.authorization, undefined);
      return "the MCP server's; it gets the body as sent";
    },
  },
  {
    name: "a missing scope",
    async run(stage) {
      const answer = await stage.unseen(() => stage.send(asReader(write())));
      assert.equal(answer.status, 403);
      assert.match(challengeOf(answer), /^Bearer error="insufficient_scope", scope="files:write", resource_metadata="/);
      return "403 with that scope; not a byte goes upstream";
    },
  },
  {
    name: "no scope would help",
    async run(stage) {
      for (const body of [toolCall("delete_file"), read("/secret")]) {
        const answer = await stage.unseen(() => stage.send(asReader(body)));
        assert.deepEqual([answer.status, challengeOf(answer)], [403, ""]);
      }
      return "403 without a challenge; not a byte goes upstream";
    },
  },
  {
    name: "scopes as text, as a list, in `scp`, beside a null claim",
    async run(stage) {
      const claims = [
        { scope: "x files:read" },
        { scope: ["x", "files:read"] },
        { scp: "files:read" },
        { scp: ["files:read"] },
      ];
      const answers: Answer[] = [];
      for (const one of claims)
        answers.push(await stage.send({ headers: bearer({ ...one, nothing: null }), body: read() }));
      same(answers, 200);
      return "200";
    },
  },
  {
    name: "HTTP/2 with trailers: allowed, a missing scope",
    async run(stage) {
      assert.equal((await stage.sendWithTrailers(asReader(read()))).status, 200);
      assert.equal((await stage.unseen(() => stage.sendWithTrailers(asReader(write())))).status, 403);
      return "200, 403";
    },
  },
  {
    name: "calls of 40 kB, 900 kB, 1.5 MB, 3.9 MB; one above `limits.body`",
    async run(stage) {
      const sized = (bytes: number): Promise<Answer> => stage.send(asReader(read(`/public/${"a".repeat(bytes)}`)));
      for (const bytes of [40_000, 900_000, 1_500_000, 3_900_000])
        assert.equal((await sized(bytes)).status, 200, `${bytes}`);
      const answer = await stage.unseen(() => sized(4 << 20));
      assert.deepEqual([answer.status, answer.headers["content-type"]], [413, "application/json"]);
      return "judged; 413 from the filter, not a byte goes upstream";
    },
  },
  {
    name: "GET for an event stream, DELETE, without and with a token",
    async run(stage) {
      for (const method of ["GET", "DELETE"]) {
        assert.equal((await stage.send({ method, headers: {} })).status, 401, method);
        assert.equal(
          (await stage.send({ method, headers: { authorization: `Bearer ${token(READER)}` } })).status,
          200,
          method,
        );
      }
      return "401, the MCP server's";
    },
  },
  {
    name: "an `X-Forwarded-For` of the caller",
    async run(stage) {
      await stage.watched(() => stage.send(asReader(read(), { "x-forwarded-for": "203.0.113.7" })));
      const seen = stage.upstream.requests[0]!.headers["x-envoy-external-address"];
      assert.ok(seen !== undefined && seen !== "203.0.113.7", `taken for ${String(seen)}`);
      return "is not taken for its address";
    },
  },
  {
    name: "an answer that takes 17 seconds",
    async run(stage) {
      assert.equal((await stage.send(asReader(read(), { "x-answer-after-ms": "17000" }))).status, 200);
      return "arrives";
    },
  },
];
