// The attack corpus (tests/data/README.md) through a real Envoy: no part of a request that must be refused may reach the upstream.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { ATTACK_PAYLOAD, ATTACK_POLICY, bodyOf, type AttackCase } from "../support/attacks.ts";
import { readCases } from "../support/cases.ts";
import { Gateway } from "../support/envoy.ts";
import { token } from "../../scripts/envoy/issuer.ts";
import { fitsHttp2, isHttp2, sendHttp1, sendHttp2, type Seen } from "../support/wire.ts";

const CASES = readCases<AttackCase & { accept_reset?: boolean }>("attacks");
const GOOD: AttackCase = {
  id: "good",
  group: "",
  why: "a call that passes",
  body_base64: btoa(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"Hello, x!"}}}',
  ),
  expect: "allow",
  accept: ["allow"],
};
/** One caller lacks the same scope over and over: each time it must be challenged. */
const POLICY = { ...ATTACK_POLICY, loop: "off" };
const SETTLE_MS = 10; // for what Envoy may still send upstream after its response

type Send = (port: number, bearer: string, item: AttackCase) => Promise<Seen>;

/** What is wrong with how the gateway handled a case; empty: nothing. */
async function faultsOf(gateway: Gateway, send: Send, item: (typeof CASES)[number], bearer: string): Promise<string[]> {
  const { upstream, port } = gateway;
  upstream.forget();
  const seen = await send(port, bearer, item);
  await sleep(SETTLE_MS);
  const arrived = upstream.requests[0];
  const status = seen.statuses[0];
  const accepts = (...outcomes: string[]) => item.accept.some((outcome) => outcomes.includes(outcome));
  const faults: string[] = [];
  if (arrived) {
    if (!accepts("allow", "pass")) faults.push("BYPASS: it reached the upstream");
    else if (!arrived.body.equals(bodyOf(item)) && item.raw_base64 === undefined) faults.push("the body was changed");
  } else if (!isRefusal(item, status, accepts)) faults.push(`answered ${status ?? "nothing"}`);
  else if (upstream.bytes.includes('"jsonrpc"')) faults.push("BYPASS: a part of the body reached the upstream");
  if (status === 403 && item.challenge_scope && !challenges(seen, item.challenge_scope)) faults.push("no challenge");
  faults.push(...(await checkFaults(gateway, send, item, seen, bearer)));
  return faults;
}

function isRefusal(
  { accept_status: statuses = [], accept_reset: reset }: (typeof CASES)[number],
  status: number | undefined,
  accepts: (...outcomes: string[]) => boolean,
): boolean {
  if (status === undefined) return reset === true;
  if (status === 403) return accepts("deny") || (accepts("reject") && statuses.includes(403));
  return status >= 400 && status < 500 && accepts("reject");
}

function challenges({ head }: Seen, scope: string): boolean {
  return new RegExp(`scope="([^"]* )?${scope}[ "]`).test(head);
}

async function checkFaults(
  gateway: Gateway,
  send: Send,
  { check }: AttackCase,
  { head }: Seen,
  bearer: string,
): Promise<string[]> {
  if (check === "no-header-injection")
    return /^(set-cookie|x):|scope="admin/im.test(head) ? ["a header was injected"] : [];
  if (check === "response-headers-under-8k") return head.length < 8192 ? [] : [`${head.length} bytes of headers`];
  if (check !== "alive-after") return [];
  gateway.upstream.forget();
  await send(gateway.port, bearer, GOOD);
  return gateway.upstream.requests.length === 1 ? [] : ["the next good call does not pass"];
}

for (const [holdHeaders, concurrency] of [
  [true, 1],
  [false, 2],
] as const) {
  describe(`attacks, headers ${holdHeaders ? "held" : "let go on"}, workers: ${concurrency}`, () => {
    let gateway: Gateway;
    const bearer = token(ATTACK_PAYLOAD);
    before(async () => void (gateway = await Gateway.start({ policy: POLICY, holdHeaders, concurrency })));
    after(() => gateway?.stop());

    const run = (name: string, send: Send, cases: typeof CASES) =>
      test(`${cases.length} cases over ${name}`, async (t) => {
        const failed: string[] = [];
        let heads = 0;
        for (const item of cases) {
          const faults = await faultsOf(gateway, send, item, bearer);
          if (gateway.upstream.requests.length === 0) heads += gateway.upstream.heads;
          failed.push(...faults.map((fault) => `${item.id}: ${fault} (${item.why})`));
        }
        t.diagnostic(
          `${cases.length - failed.length} acceptable, ${heads} heads of refused requests reached the upstream`,
        );
        assert.deepEqual(failed, []);
        if (holdHeaders) assert.equal(heads, 0, "with held headers nothing of a refused request goes upstream");
      });

    run(
      "HTTP/1.1",
      sendHttp1,
      CASES.filter((item) => !isHttp2(item)),
    );
    run("HTTP/2", sendHttp2, CASES.filter(isHttp2));
    run("HTTP/2, the cases without a framing of their own", sendHttp2, CASES.filter(fitsHttp2));
  });
}
