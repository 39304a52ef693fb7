// Filtered lists, again and again: the recorded answers of servers over HTTP/1.1 and HTTP/2, each compared with what the
// client must get, while clients leave in the middle of an answer and streams stay open for the whole time. Envoy's memory
// must stay flat after the warm-up, and no request may stay open.
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Envoy } from "../envoy/envoy.ts";
import { ISSUER, token } from "../envoy/issuer.ts";
import { envoyBootstrap } from "../targets/envoy.ts";
import { listCases, listPolicy, tokens } from "../../tests/reference/list-cases.ts";
import { http1, http2 } from "../../tests/support/clients.ts";
import { LOOPBACK, targetFor } from "../../tests/support/envoy.ts";
import { faultOf } from "../../tests/support/list-faults.ts";
import type { ListCase } from "../../tests/support/lists.ts";
import { Choice, seeded } from "../../tests/support/random.ts";
import { Replay } from "../../tests/support/replay.ts";
import { Memory } from "./memory.ts";
import type { Scenario } from "./scenario.ts";

const AT_ONCE = 8;
const STREAMS = 20;
/** Of the requests of a worker one in so many is given up in the middle. */
const LEAVES = 10;
/** Bytes of an answer that is no use in a soak: it would be most of the time. */
const LARGE = 200_000;

interface Run {
  port: number;
  replay: Replay;
  choice: Choice;
  faults: string[];
}

const CASES = (listCases() as ListCase[]).filter(
  ({ response }) => response.splits !== "all" && (response.body?.length ?? response.body_gz?.length ?? 0) < LARGE,
);
const EVENTS = CASES.filter(({ expect, request }) => expect.how === "sse" && request.http !== "GET");

/** Sends a request and leaves once the head of the answer is there, or before. */
async function leave({ port, replay, choice }: Run, item: ListCase): Promise<void> {
  const { iss: _, ...claims } = tokens[item.token] as Record<string, unknown>;
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    authorization: `Bearer ${token(claims)}`,
    "x-case": replay.expect(item),
  };
  const call = httpRequest({ host: "127.0.0.1", port, path: "/mcp", method: "POST", headers, agent: false });
  call.on("error", () => {}).end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }));
  if (choice.chance(0.5)) await Promise.race([once(call, "response"), sleep(200)]).catch(() => undefined);
  call.destroy();
}

/** A stream that the server keeps open: all of its events must arrive. */
async function stream(port: number, replay: Replay, seconds: number): Promise<string | undefined> {
  const id = replay.drip(seconds);
  const headers = { accept: "text/event-stream", authorization: `Bearer ${token({})}`, "x-case": id };
  const call = httpRequest({ host: "127.0.0.1", port, path: "/mcp", headers, agent: false }).end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  let text = "";
  response.setEncoding("utf8").on("data", (part: string) => (text += part));
  await once(response, "close");
  const got = text.split("\n\n").length - 1;
  return got === replay.dripped(id) ? undefined : `a stream got ${got} events of ${replay.dripped(id)}`;
}

export const lists: Scenario = async ({ requests, seconds, seed, say }) => {
  const replay = await Replay.start();
  const policy = listPolicy("policy.yaml") as object;
  const target = targetFor({ ...policy, authorizationServers: [ISSUER] }, replay.port);
  const envoy = await Envoy.start(envoyBootstrap({ ...target, listen: LOOPBACK, admin: LOOPBACK }));
  const memory = new Memory(envoy, requests, say);
  const run: Run = { port: envoy.port, replay, choice: new Choice(seeded(seed)), faults: [] };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < requests && run.faults.length < 10) {
      const item = CASES[next++ % CASES.length]!;
      const send = run.choice.chance(0.5) ? http1 : http2;
      if (next % LEAVES === 0) await leave(run, run.choice.one(EVENTS));
      else {
        const fault = await faultOf(item, replay, envoy.port, send).catch((error: Error) => error.message);
        if (fault) run.faults.push(`${item.id}: ${fault}`);
      }
      memory.sample(next);
    }
  };
  try {
    const streams = Array.from({ length: STREAMS }, () => stream(envoy.port, replay, seconds));
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    run.faults.push(...(await Promise.all(streams)).filter((fault) => fault !== undefined));
    await sleep(500);
    const active = await envoy.stats("^http.mcp.downstream_rq_active$");
    if (Object.values(active)[0] !== 0) run.faults.push(`requests are still open: ${JSON.stringify(active)}`);
    const { "wasm.scopegate.vm_reload_success": reloads = 0 } = await envoy.stats("vm_reload_success");
    if (reloads > 0) run.faults.push(`the module was started ${reloads} times more: it trapped`);
  } finally {
    await envoy.stop();
    replay.stop();
  }
  say(`${requests} answers, one in ${LEAVES} given up by its client; ${STREAMS} streams of ${seconds} s`);
  return [...run.faults, ...memory.report()];
};
