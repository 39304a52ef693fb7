// What must be seen through every gateway: the same answers as from a plain Envoy.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ANSWER } from "../../tests/support/upstream.ts";
import { forged, ISSUER, token } from "../envoy/issuer.ts";
import { anonymous, bearer, toolCall, type Answer, type Outgoing } from "./client.ts";
import { CREDENTIALS } from "./outside.ts";
import type { Step, Stage } from "./story.ts";

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

const challengeOf = ({ headers }: Answer): string => headers["www-authenticate"] ?? "";

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

/** The policy with write_file open to files:read. */
export function looser(policy: string): string {
  return policy.replace("scopes: [files:write]", "scopes: [files:read]");
}

/** A new policy, and the first again, under calls all the time. */
export const UPDATES: Step[] = [
  {
    name: "a new policy; an answer that is on its way",
    async run(stage) {
      const slow = stage.send(asReader(read(), { "x-answer-after-ms": "8000" }));
      await sleep(200);
      const started = Date.now();
      stage.apply(stage.print(looser(stage.policy)));
      const seen = new Set<number>();
      await stage.until((answer) => {
        seen.add(answer.status);
        return answer.status === 200;
      }, asReader(write()));
      const seconds = Math.max(1, Math.round((Date.now() - started) / 1000));
      assert.deepEqual(
        [...seen].filter((status) => status !== 200 && status !== 403),
        [],
      );
      assert.equal((await slow).status, 200);
      return `in force after ${seconds} s, with no other answer in between; it arrives`;
    },
  },
  {
    name: "the first policy again",
    async run(stage) {
      stage.apply(stage.print(stage.policy));
      await stage.until(({ status }) => status === 403, asReader(write()));
      assert.equal((await stage.send(asReader(read()))).status, 200);
      return "judges as before";
    },
  },
];

/** The image where it is only given out for a name and a password. */
export function privateImage(namespace: string): Step {
  return {
    name: "an image that needs credentials, with `--pull-secret`",
    async run(stage) {
      const { privateRegistry, privateImage: image } = stage.outside;
      stage.cluster.apply([pullSecret(privateRegistry.address, namespace)]);
      await sleep(1_000); // control planes must have seen it
      const fetched = (): number =>
        privateRegistry.log.filter((line) => line.startsWith("GET") && line.includes("/blobs/")).length;
      const before = fetched();
      stage.apply(stage.print(stage.policy, "--wasm", image, "--pull-secret", "registry"));
      for (let i = 0; i < 100 && fetched() === before; i++) await sleep(100);
      assert.ok(fetched() > before, "nobody has fetched it");
      await stage.until(({ status }) => status === 200, asReader(read()));
      assert.equal((await stage.send(asReader(write()))).status, 403);
      stage.apply(stage.print(stage.policy));
      await stage.until(({ status }) => status === 200, asReader(read()));
      return "is fetched, and judges";
    },
  };
}

/** A Secret as `kubectl create secret docker-registry` makes it. */
function pullSecret(registry: string, namespace: string): object {
  const auth = Buffer.from(`${CREDENTIALS.username}:${CREDENTIALS.password}`).toString("base64");
  const text = JSON.stringify({ auths: { [registry]: { ...CREDENTIALS, auth } } });
  const data = { ".dockerconfigjson": Buffer.from(text).toString("base64") };
  const secret = { apiVersion: "v1", kind: "Secret", type: "kubernetes.io/dockerconfigjson", data };
  return { ...secret, metadata: { name: "registry", namespace } };
}

/** The keys where the host fetches them, in place of their text. */
export const REMOTE_KEYS: Step = {
  name: "keys from a URL",
  async run(stage) {
    stage.apply(stage.print(stage.policy, "--jwks", stage.outside.jwksUrl));
    await sleep(3_000); // until then the text's keys may still be in force
    await stage.until(({ status }) => status === 200, asReader(read()));
    const headers = anonymous({ authorization: `Bearer ${forged(READER)}` });
    assert.equal((await stage.unseen(() => stage.send({ headers, body: read() }))).status, 401);
    stage.apply(stage.print(stage.policy));
    return "are fetched";
  },
};

/** A policy with so many rules that no annotation holds it. */
export const LARGE: Step = {
  name: "a policy of 1,000 rules: `kubectl apply`, `kubectl apply --server-side`",
  async run(stage: Stage) {
    const objects = stage.print(withRules(stage.policy, 1000));
    const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
    const { ok, error } = stage.cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], text);
    assert.equal(ok, false);
    assert.match(error, /metadata\.annotations: Too long/);
    stage.apply(objects);
    const call = toolCall("tool_999", { path: "/a" });
    await stage.until(({ status }) => status === 200, { headers: bearer({ scope: "scope-999" }), body: call });
    const refused = await stage.send({ headers: bearer({ scope: "scope-998" }), body: call });
    assert.match(challengeOf(refused), /scope="scope-999"/);
    stage.apply(stage.print(stage.policy));
    await stage.until(({ status }) => status === 403, { headers: bearer({ scope: "scope-999" }), body: call });
    return "refused by the API server (an annotation of 262,144 bytes), taken and in force";
  },
};

function withRules(policy: string, count: number): string {
  const rules = Array.from(
    { length: count },
    (_, i) =>
      `  - {name: rule-${i}, source: {jwt: {scopes: [scope-${i}]}}, target: {tools: [{tool: tool_${i}, when: 'args.path != "/${i}/private"'}]}}\n`,
  );
  return policy + rules.join("");
}

/** The text of a program with its last bytes changed. */
export function damaged(program: string): string {
  return `${program.slice(0, -8)}AAAAAAA=`;
}
