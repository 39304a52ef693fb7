// Many requests, drawn from the fuzzer's bodies with the decision that its model expects: every status must be as
// expected, no part of a refused body may arrive upstream, and Envoy's memory must stay flat after the warm-up.
import { token } from "../envoy/issuer.ts";
import { BodySuite } from "../fuzz/bodies.ts";
import { judgeBody } from "../fuzz/message.ts";
import { PAYLOAD, POLICY } from "../fuzz/policy.ts";
import { Choice, seeded } from "../../tests/support/random.ts";
import { Gateway } from "../../tests/support/envoy.ts";
import { Memory } from "./memory.ts";
import { post, RawClient } from "./socket.ts";
import type { Scenario } from "./scenario.ts";

const POOL = 4000;

interface Prepared {
  request: Buffer;
  statuses: [least: number, most: number];
  body: Buffer;
  allowed: boolean;
}

/** Bodies, about as many allowed as denied, and some of those that must be refused. */
function prepare(seed: number): Prepared[] {
  const suite = new BodySuite();
  const bearer = token(PAYLOAD);
  const pool: Prepared[] = [];
  for (let i = 0; pool.length < POOL; i++) {
    const input = suite.generate(new Choice(seeded(seed + i)));
    const body = Buffer.from(input.body, "base64");
    const verdict = judgeBody(body, input.version);
    if (verdict === "reject" && i % 8 !== 0) continue;
    const version = input.version === undefined ? undefined : { "mcp-protocol-version": input.version };
    const statuses: Prepared["statuses"] = { allow: [200, 200], deny: [403, 403], reject: [400, 415] }[verdict] as [
      number,
      number,
    ];
    pool.push({ request: post(body, bearer, version), statuses, body, allowed: verdict === "allow" });
  }
  suite.stop();
  return pool;
}

export const load: Scenario = async ({ requests, seed, say }) => {
  const pool = prepare(seed);
  const gateway = await Gateway.start({ policy: POLICY, concurrency: 1 });
  const memory = new Memory(gateway.envoy, requests, say);
  const faults: string[] = [];
  const passed = { allowed: 0, refused: 0 };
  let next = 0;
  const worker = async (): Promise<void> => {
    const client = new RawClient(gateway.port);
    while (next < requests && faults.length < 10) {
      const item = pool[next++ % POOL]!;
      const { status } = await client.send(item.request);
      passed[item.allowed ? "allowed" : "refused"]++;
      if (status < item.statuses[0] || status > item.statuses[1])
        faults.push(`${status} in place of ${item.statuses[0]}: ${item.body.toString("base64").slice(0, 2000)}`);
      memory.sample(next);
    }
    client.close();
  };
  const watch = setInterval(() => {
    faults.push(...strangers(gateway, pool));
    gateway.upstream.forget();
  }, 200);
  const start = performance.now();
  try {
    await Promise.all(Array.from({ length: 16 }, worker));
  } finally {
    clearInterval(watch);
    await gateway.stop();
  }
  const seconds = (performance.now() - start) / 1000;
  say(
    `${requests} requests in ${seconds.toFixed(0)} s (${(requests / seconds).toFixed(0)}/s): ${passed.allowed} allowed, ${passed.refused} refused`,
  );
  faults.push(...memory.report());
  return faults;
};

/** Bodies that arrived upstream but must not have. */
function strangers({ upstream }: Gateway, pool: Prepared[]): string[] {
  const allowed = new Set(pool.filter((item) => item.allowed).map(({ body }) => body.toString("latin1")));
  const arrived = upstream.requests.map(({ body }) => body.toString("latin1")).filter((body) => !allowed.has(body));
  return arrived.map((body) => `arrived upstream: ${body.slice(0, 200)}`);
}
