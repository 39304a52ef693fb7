// What must be observed through Envoy Gateway: the same replies as from a plain Envoy, and how updates take effect.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ANSWER, type Upstream } from "../../tests/support/upstream.ts";
import { forged } from "../envoy/issuer.ts";
import { bearer, send, toolCall, type Answer } from "./client.ts";
import type { EnvoyGateway } from "./gateway.ts";
import { the, type Resource } from "./objects.ts";

const UPDATE_TIMEOUT_MS = 60_000;
/** Envoy's counter of listener updates that it refused. */
const REFUSED = "listener_manager.lds.update_rejected";

export interface Stage {
  gateway: EnvoyGateway;
  upstream: Upstream;
  resource: URL;
  /** The protected resource metadata, as the command line made it. */
  document: string;
  metadata: URL;
  /** The objects for a policy text, ready to be applied. */
  objects(policy: string): Resource[];
  policy: string;
}

type Step = [name: string, run: (stage: Stage) => Promise<void>];

function call(
  stage: Stage,
  scope: string,
  tool: string,
  args?: object,
  more?: Record<string, string>,
): Promise<Answer> {
  return send(stage.resource, "POST", { ...bearer(scope), ...more }, toolCall(tool, args));
}

const read = (stage: Stage, path = "/public/a") => call(stage, "files:read", "read_file", { path });
const write = (stage: Stage) => call(stage, "files:read", "write_file", { path: "/public/a" });

/** Sends the request until the response has this status. */
async function until(status: number, ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + UPDATE_TIMEOUT_MS;
  let answer = await ask();
  while (answer.status !== status && Date.now() < deadline) {
    await sleep(250);
    answer = await ask();
  }
  assert.equal(answer.status, status, answer.body);
  return answer;
}

/** Runs the request and makes sure that no byte of it reached the MCP server. */
async function unseen({ upstream }: Stage, ask: () => Promise<Answer>): Promise<Answer> {
  upstream.forget();
  const answer = await ask();
  await sleep(100);
  assert.equal(upstream.bytes.toString(), "", "the MCP server saw it");
  return answer;
}

export const STEPS: Step[] = [
  [
    "the objects are accepted: a call without a token gets a 401 with the metadata URL and a scope",
    async (stage) => {
      const { headers } = await until(401, () => send(stage.resource, "POST", {}, toolCall("read_file")));
      assert.equal(
        headers["www-authenticate"],
        `Bearer resource_metadata="${stage.metadata.href}", scope="files:read"`,
      );
    },
  ],
  [
    "a forged token gets the same reply",
    async (stage) => {
      const headers = { ...bearer(""), authorization: `Bearer ${forged({ scope: "files:write" })}` };
      const answer = await unseen(stage, () => send(stage.resource, "POST", headers, toolCall("write_file")));
      assert.equal(answer.status, 401);
      assert.match(answer.headers["www-authenticate"]!, /resource_metadata=/);
    },
  ],
  [
    "the metadata document is served without a token",
    async ({ metadata, document }) => {
      const answer = await send(metadata, "GET");
      assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
      assert.deepEqual(JSON.parse(answer.body), JSON.parse(document));
    },
  ],
  [
    "an allowed call reaches the MCP server unchanged, without the token",
    async (stage) => {
      stage.upstream.forget();
      const answer = await read(stage);
      assert.deepEqual([answer.status, answer.body], [200, ANSWER]);
      const [arrived] = stage.upstream.requests;
      assert.equal(arrived!.body.toString(), toolCall("read_file", { path: "/public/a" }));
      assert.equal(arrived!.headers.authorization, undefined);
    },
  ],
  [
    "a call that lacks a scope is challenged, and no part of it goes upstream",
    async (stage) => {
      const { status, headers, body } = await unseen(stage, () => write(stage));
      assert.equal(status, 403);
      assert.match(headers["www-authenticate"]!, /^Bearer error="insufficient_scope", scope="files:write", resource_/);
      assert.equal((JSON.parse(body) as { error: { data: { rule: string } } }).error.data.rule, "write");
    },
  ],
  [
    "the same call passes with that scope",
    async (stage) => assert.equal((await call(stage, "files:write", "write_file")).status, 200),
  ],
  [
    "a call that no scope would help is refused without a challenge, and no part of it goes upstream",
    async (stage) => {
      const { status, headers } = await unseen(stage, () => call(stage, "files:read", "delete_file"));
      assert.equal(status, 403);
      assert.equal(headers["www-authenticate"], undefined);
    },
  ],
  [
    "a call above 32 KiB is decided; one above the policy's limit gets the filter's 413",
    async (stage) => {
      const sized = (bytes: number) => call(stage, "files:read", "read_file", { path: `/public/${"a".repeat(bytes)}` });
      assert.equal((await sized(900_000)).status, 200);
      const { status, headers } = await unseen(stage, () => sized(4 << 20));
      assert.deepEqual([status, headers["content-type"]], [413, "application/json"]);
    },
  ],
  [
    "a response may take longer than Envoy's 15 seconds",
    async (stage) => {
      const slow = { "x-answer-after-ms": "17000" };
      assert.equal((await call(stage, "files:read", "list_files", {}, slow)).status, 200);
    },
  ],
  [
    "the access log has the reason",
    async ({ gateway }) => {
      await sleep(1_000); // it is flushed only now and then
      assert.match(gateway.envoyLog, /"details":"scopegate\{insufficient_scope\}"/);
      assert.match(gateway.envoyLog, /"sub":"alice"/);
    },
  ],
  [
    "a new policy takes effect without an interruption",
    async (stage) => {
      stage.gateway.apply(stage.objects(looser(stage.policy)));
      const seen = new Set<number>();
      await until(200, async () => {
        const answer = await write(stage);
        seen.add(answer.status);
        return answer;
      });
      assert.deepEqual([...seen].sort(), [200, 403]);
    },
  ],
  [
    "a damaged policy is refused, and the previous one stays in force",
    async (stage) => {
      const before = await stage.gateway.counter(REFUSED);
      const objects = stage.objects(looser(stage.policy));
      const { config } = the("EnvoyExtensionPolicy", objects).spec.wasm[0] as { config: { program: string } };
      config.program = `${config.program.slice(0, -8)}AAAAAAA=`;
      stage.gateway.apply(objects);
      const deadline = Date.now() + UPDATE_TIMEOUT_MS;
      while ((await stage.gateway.counter(REFUSED)) === before && Date.now() < deadline) {
        assert.equal((await write(stage)).status, 200);
        await sleep(250);
      }
      assert.ok((await stage.gateway.counter(REFUSED)) > before, "no update was refused");
      assert.match(stage.gateway.envoyLog, /scopegate: configuration refused: the program is damaged/);
      assert.equal((await write(stage)).status, 200);
      assert.equal((await call(stage, "files:read", "delete_file")).status, 403);
    },
  ],
  [
    "back to the first policy",
    async (stage) => {
      stage.gateway.apply(stage.objects(stage.policy));
      await until(403, () => write(stage));
      assert.equal((await read(stage)).status, 200);
    },
  ],
  [
    "a missing image closes the route: 500, and nothing goes upstream",
    async (stage) => {
      const objects = stage.objects(stage.policy);
      const { image } = (the("EnvoyExtensionPolicy", objects).spec.wasm[0] as { code: { image: { url: string } } })
        .code;
      image.url = image.url.replace(/@sha256:.*/, `@sha256:${"0".repeat(64)}`);
      stage.gateway.apply(objects);
      await until(500, () => read(stage));
      assert.equal((await unseen(stage, () => read(stage))).status, 500);
    },
  ],
];

/** The policy with write_file open to files:read. */
function looser(policy: string): string {
  return policy.replace("scopes: [files:write]", "scopes: [files:read]");
}
