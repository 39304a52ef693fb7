// Changes of what is in force, through every gateway: another policy, image, keys, and what is damaged or very large.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { forged } from "../envoy/issuer.ts";
import { anonymous, bearer, toolCall } from "./client.ts";
import { CREDENTIALS } from "./outside.ts";
import { OPEN_RULE } from "./policy-steps.ts";
import { asReader, challengeOf, read, READER, write } from "./steps.ts";
import type { Stage, Step } from "./story.ts";

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

/** Once the filter's own object is gone, the authorization check after the filter refuses every call. */
export function withoutFilter(kind: string): Step {
  return {
    name: `the \`${kind}\` deleted, for a policy without and with an anonymous rule: every call`,
    async run(stage) {
      for (const policy of [stage.policy, stage.policy + OPEN_RULE]) {
        stage.apply(stage.print(policy).filter((object) => object.kind !== kind));
        await stage.until(({ status, body }) => status === 403 && body.startsWith("RBAC"), asReader(read()));
        for (const headers of [
          anonymous(),
          bearer({ scope: "files:write" }),
          anonymous({ authorization: "Bearer abc" }),
        ])
          for (const body of [read(), write(), toolCall("search_docs")])
            assert.ok((await stage.unseen(() => stage.send({ headers, body }))).status >= 400);
        for (const method of ["GET", "DELETE", "OPTIONS"])
          assert.ok((await stage.unseen(() => stage.send({ ...asReader(""), method }))).status >= 400, method);
      }
      stage.apply(stage.print(stage.policy));
      await stage.until(({ status }) => status === 200, asReader(read()));
      return "refused by the check after the filter; not a byte goes upstream";
    },
  };
}

/** The text of a program with its last bytes changed. */
export function damaged(program: string): string {
  return `${program.slice(0, -8)}AAAAAAA=`;
}
