// What lists cost in Envoy: the CPU time of a filtered list beside that of a call as long, of a wasm filter that only copies
// the answer in and out, and of a filter in Lua; and how late an event of a stream arrives that is no list.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Envoy } from "../envoy/envoy.ts";
import { token } from "../envoy/issuer.ts";
import { Bed, noCosts, type Load } from "./bed.ts";
import { callOf } from "./bodies.ts";
import { middle, scaled } from "./measure.ts";
import { assemble, baseline, AGAIN, BASELINE, OURS, ours, stock, upstreamWith, type Peer } from "./peers.ts";
import { manyTools, SCOPE, TOOL } from "./policies.ts";
import type { ListResults } from "./results.ts";

/** Rules of the policy, a tool each: tool-0 to tool-998, and the one of calls. */
const RULES = 1_000;
const CONNECTIONS = 16;
/** Bytes of a tool, as servers with long descriptions have them. */
const TOOL_SIZE = 800;
const EVENTS = 500;
const OFF = "Scopegate, lists off";

interface Effort {
  sittings: number;
  rounds: number;
  share: number;
}

/** An answer to tools/list: `count` tools in a row, of which the policy's rules name the first half. */
export function listOf(count: number): string {
  const first = RULES - 1 - Math.floor(count / 2);
  const tools = Array.from({ length: count }, (_, i) => {
    const tool = { name: `tool-${first + i}`, description: "", inputSchema: { type: "object", properties: {} } };
    return { ...tool, description: "x".repeat(TOOL_SIZE - JSON.stringify(tool).length) };
  });
  return JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } });
}

export async function benchLists(
  { sittings, rounds, share }: Effort,
  say: (line: string) => void,
): Promise<ListResults> {
  assemble("lists-floor.wat", "build/bench-lists-floor.wasm");
  lua();
  const answers = { "/50": listOf(50), "/2000": listOf(2_000) };
  const plans = [
    load("a call of 200 B", "/mcp", callOf(TOOL, 200), 400 * share),
    load("a call of 40 KiB", "/mcp", callOf(TOOL, 40 << 10), 200 * share),
    load("a list of 50 tools, 40 KiB", "/50", LIST, 200 * share),
    load("a list of 2,000 tools, 1.6 MB", "/2000", LIST, 32 * share),
  ].map((of) => ({ of, costs: noCosts() }));
  const absent: Record<string, string> = {};
  for (let sitting = 1; sitting <= sittings; sitting++)
    await Bed.sitting(
      peers(),
      async (bed) => {
        Object.assign(absent, bed.absent);
        for (const { of, costs } of plans) {
          say(`lists in Envoy: ${of.name} (${sitting} of ${sittings})`);
          await bed.measure(of, rounds, costs);
        }
      },
      {},
      upstreamWith(answers),
    );
  const names = peers().map(({ name }) => name);
  const loads = plans.map(({ of, costs }) => ({
    load: of.name,
    added: names
      .filter((name) => name !== BASELINE && absent[name] === undefined)
      .map((peer) => ({ peer, ...scaled(costs.envoy.difference(peer, BASELINE), 1e3) })),
  }));
  say("lists in Envoy: events that are no lists");
  return { sittings, rounds, loads, events: await benchEvents() };
}

const LIST = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }));

function load(name: string, path: string, body: Buffer, requests: number): Load {
  return { name, path, body, requests: Math.max(CONNECTIONS, Math.ceil(requests)), connections: CONNECTIONS };
}

function peers(): Peer[] {
  return [
    baseline(),
    { ...baseline(), name: AGAIN },
    { ...stock("wasm floor", "copies the answer in and out", "lists-floor.yaml"), undecided: true },
    { ...ours(manyTools(RULES)), name: OURS },
    { ...ours(manyTools(RULES, { lists: "off" })), name: OFF },
    { ...stock("Lua", "reads, filters and writes the answer in Lua", "lists-lua.yaml"), undecided: true },
  ];
}

function lua(): void {
  const parts = ["authorize.lua", "lists.lua"].map((file) => readFileSync(`scripts/bench/peers/${file}`, "utf8"));
  writeFileSync("build/bench-lists.lua", parts.join("\n"));
}

/** Milliseconds from the server's write of an event to its arrival, through both Envoys in turn. */
async function benchEvents(): Promise<ListResults["events"]> {
  const streams: ServerResponse[] = [];
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    streams.push(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const envoys = await Promise.all(
    [baseline(), ours(manyTools(RULES))].map((peer) => Envoy.start(peer.config(port, 0), { concurrency: 1 })),
  );
  try {
    const lates: number[][] = [];
    for (const envoy of envoys) lates.push(await listen(envoy.port));
    for (let i = 0; i < EVENTS; i++) {
      for (const stream of streams) {
        const params = { level: "info", data: String(performance.now()) };
        const note = { jsonrpc: "2.0", method: "notifications/message", params };
        stream.write(`event: message\ndata: ${JSON.stringify(note)}\n\n`);
        await sleep(2);
      }
    }
    const [without, withFilter] = lates.map((late) => middle(late));
    return { without: without!, with: withFilter! };
  } finally {
    for (const stream of streams) stream.end();
    server.close();
    for (const envoy of envoys) await envoy.stop();
  }
}

/** Opens a stream; returns how late its events came, filled as they come. */
async function listen(port: number): Promise<number[]> {
  const headers = { accept: "text/event-stream", authorization: `Bearer ${token({ scope: SCOPE })}` };
  const call = httpRequest({ host: "127.0.0.1", port, path: "/mcp", headers });
  call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  const late: number[] = [];
  response.setEncoding("utf8").on("data", (text: string) => {
    for (const [, sent] of text.matchAll(/"data":"([\d.]+)"/g)) late.push(performance.now() - Number(sent));
  });
  return late;
}
