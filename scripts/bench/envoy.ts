// The filter in Envoy: processor time a request with and without it. Both run at once and are loaded in turn, so that
// a slow moment of the machine falls on both.
import { parse } from "yaml";
import { Envoy } from "../envoy/envoy.ts";
import { ISSUER, JWKS, RESOURCE, token } from "../envoy/issuer.ts";
import { loadDocument } from "../evaluate/engine.ts";
import { envoyBootstrap, type EnvoyTarget } from "../targets/envoy.ts";
import { callOf, lastTool, policyOf, SIZES } from "./bodies.ts";
import { loadFor } from "./load.ts";

const CONNECTIONS = 16;
const RULES = 100;
const LOOPBACK = { host: "127.0.0.1", port: 0 };

export interface EnvoyResult {
  body: string;
  bytes: number;
  /** Microseconds of processor time a request: jwt_authn and router only, and with the filter; medians of the rounds. */
  without: number;
  with: number;
  /** Median of the differences within a round. */
  added: number;
  /** Requests a second with the filter; bound by the machine, which also runs the load and the upstream. */
  rate: number;
}

export interface EnvoyReport {
  results: EnvoyResult[];
  /** Resident memory in MiB after the load. */
  memory: { without: number; with: number };
}

/** @param seconds length of one load; @param rounds loads a cell, after one that only warms up */
export async function benchEnvoy(seconds: number, rounds: number): Promise<EnvoyReport> {
  const started: Envoy[] = [];
  const start = async (config: string) => {
    const envoy = await Envoy.start(config);
    started.push(envoy);
    return envoy;
  };
  try {
    const upstream = await start(upstreamConfig());
    const target = targetFor(upstream.port);
    const gated = await start(envoyBootstrap(target));
    const bare = await start(withoutFilter(envoyBootstrap(target)));
    const results: EnvoyResult[] = [];
    for (const [body, bytes] of SIZES)
      results.push(await benchSize(body, callOf(lastTool(RULES), bytes), { bare, gated }, seconds, rounds));
    const mebibytes = (envoy: Envoy) => envoy.residentBytes() / (1 << 20);
    return { results, memory: { without: mebibytes(bare), with: mebibytes(gated) } };
  } finally {
    await Promise.all(started.map((envoy) => envoy.stop()));
  }
}

async function benchSize(
  name: string,
  body: Buffer,
  { bare, gated }: { bare: Envoy; gated: Envoy },
  seconds: number,
  rounds: number,
): Promise<EnvoyResult> {
  const request = requestOf(body);
  const [without, withIt, rates]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round++) {
    const cost = new Map<Envoy, { micros: number; rate: number }>();
    for (const envoy of round % 2 ? [bare, gated] : [gated, bare])
      cost.set(envoy, await costOf(envoy, request, seconds));
    if (round === 0) continue;
    without.push(cost.get(bare)!.micros);
    withIt.push(cost.get(gated)!.micros);
    rates.push(cost.get(gated)!.rate);
  }
  const added = median(withIt.map((micros, i) => micros - without[i]!));
  return { body: name, bytes: body.length, without: median(without), with: median(withIt), added, rate: median(rates) };
}

async function costOf(envoy: Envoy, request: Buffer, seconds: number): Promise<{ micros: number; rate: number }> {
  const before = envoy.cpuSeconds();
  const load = await loadFor(envoy.port, request, CONNECTIONS, seconds);
  return { micros: ((envoy.cpuSeconds() - before) * 1e6) / load.requests, rate: load.requests / load.seconds };
}

function requestOf(body: Buffer): Buffer {
  const head = [
    "POST /mcp HTTP/1.1",
    "host: mcp.example.com",
    "content-type: application/json",
    "accept: application/json, text/event-stream",
    `authorization: Bearer ${token({ scope: "openid call files:read" })}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

function targetFor(upstreamPort: number): EnvoyTarget {
  const loaded = loadDocument(policyOf(RULES));
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  const plugin = JSON.stringify({ ...(JSON.parse(loaded.configuration) as object), holdHeaders: true });
  return {
    plugin,
    wasm: "build/scopegate.wasm",
    metadataKeys: loaded.policy.metadataKeys,
    maxBody: loaded.policy.limits.body,
    holdHeaders: true,
    token: { issuer: ISSUER, audiences: [RESOURCE], jwks: { inline: JWKS } },
    listen: LOOPBACK,
    admin: LOOPBACK,
    upstream: { ...LOOPBACK, port: upstreamPort },
  };
}

interface Config {
  static_resources: { listeners: { filter_chains: { filters: { typed_config: Manager }[] }[] }[]; clusters: object[] };
}
interface Manager {
  access_log?: object[];
  http_filters: { name: string }[];
  route_config: { virtual_hosts: { routes: object[] }[] };
}

function edit(yaml: string, change: (manager: Manager, config: Config) => void): string {
  const config = parse(yaml) as Config;
  change(config.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config, config);
  return JSON.stringify(config);
}

function withoutFilter(yaml: string): string {
  return edit(yaml, (manager) => {
    manager.http_filters = manager.http_filters.filter(({ name }) => name !== "scopegate");
  });
}

/** An Envoy that takes the whole request and answers a fixed result: cheaper than any server in this process. */
function upstreamConfig(): string {
  const body = { inline_string: '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}' };
  const buffer = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
    max_request_bytes: 16 << 20,
  };
  return edit(envoyBootstrap(targetFor(1)), (manager) => {
    const router = manager.http_filters.at(-1)!;
    manager.http_filters = [{ name: "buffer", typed_config: buffer } as { name: string }, router];
    delete manager.access_log;
    manager.route_config.virtual_hosts[0]!.routes = [
      { match: { prefix: "/" }, direct_response: { status: 200, body } },
    ];
  });
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
