// The test bed: one Envoy per peer, all running at once, one upstream for all of them, and a load generator in its own process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { EnvoyError } from "../envoy/binary.ts";
import { Envoy, type EnvoyOptions } from "../envoy/envoy.ts";
import { token } from "../envoy/issuer.ts";
import { callOf } from "./bodies.ts";
import { LoadGenerator } from "./load.ts";
import { Comparison } from "./measure.ts";
import { BASELINE, upstreamConfig, type Peer } from "./peers.ts";
import { SCOPE, TOOL } from "./policies.ts";
import { processTime, residentMemory } from "./process.ts";

const GRANTED = { scope: `openid ${SCOPE} files:read` };
const WITHOUT = { scope: "openid files:read" };

/** What is sent. */
export interface Load {
  name: string;
  /** Default: /mcp. */
  path?: string;
  body: Buffer;
  /** Finished requests per round; the same for every peer. */
  requests: number;
  connections: number;
  claims?: Record<string, unknown>;
  /** Every peer that decides must reply 403. */
  denied?: boolean;
}

/** What one load costs each peer, in nanoseconds of CPU time per request, and the rates. */
export interface Costs {
  envoy: Comparison;
  service: Comparison;
  /** Peer → requests per second, one value per round. */
  rates: Map<string, number[]>;
}

export function noCosts(): Costs {
  return { envoy: new Comparison(), service: new Comparison(), rates: new Map() };
}

interface Running {
  peer: Peer;
  envoy: Envoy;
  service?: ChildProcess;
  memory: number;
}

export class Bed {
  readonly peers: Running[] = [];
  /** Peers that cannot run here or make a wrong decision, and why. */
  readonly absent: Record<string, string> = {};

  private constructor(
    private readonly upstream: Envoy,
    private readonly load: LoadGenerator,
  ) {}

  /** Starts the peers that can run and decide correctly. */
  private static async start(peers: Peer[], options: EnvoyOptions, upstream: string): Promise<Bed> {
    const bed = new Bed(await Envoy.start(upstream, { concurrency: options.concurrency ?? 1 }), LoadGenerator.start());
    try {
      for (const peer of peers) await bed.add(peer, options);
    } catch (error) {
      await bed.stop();
      throw error;
    }
    return bed;
  }

  /** Starts the peers that can run, measures them, and stops everything. */
  static async sitting(
    peers: Peer[],
    measure: (bed: Bed) => Promise<void>,
    options: EnvoyOptions = {},
    upstream = upstreamConfig(),
  ): Promise<void> {
    const bed = await Bed.start(peers, options, upstream);
    try {
      await measure(bed);
    } finally {
      await bed.stop();
    }
  }

  async stop(): Promise<void> {
    this.load.stop();
    for (const { service } of this.peers) service?.kill();
    await Promise.all([this.upstream, ...this.peers.map(({ envoy }) => envoy)].map((envoy) => envoy.stop()));
  }

  /** Loads all peers in turn, `rounds` times after a warm-up round; adds to `costs`. */
  async measure(load: Load, rounds: number, costs = noCosts()): Promise<Costs> {
    for (let round = 0; round <= rounds; round++)
      for (const running of round % 2 ? this.peers : [...this.peers].reverse())
        await this.one(running, load, round === 0 ? undefined : costs);
    return costs;
  }

  private async one({ peer, envoy, service }: Running, load: Load, costs: Costs | undefined): Promise<void> {
    const { requests, connections } = load;
    const status = load.denied && !peer.undecided ? 403 : 200;
    const request = requestOf(load, load.claims ?? (load.denied ? WITHOUT : GRANTED)).toString("base64");
    const before = [processTime(envoy.pid), service ? processTime(service.pid!) : 0] as const;
    const seconds = await this.load.run({ port: envoy.port, request, connections, requests, status });
    const cpu = (processTime(envoy.pid) - before[0]) / requests;
    if (!costs) return;
    costs.envoy.note(peer.name, cpu, (seconds * 1e9) / requests);
    if (service) costs.service.note(peer.name, (processTime(service.pid!) - before[1]) / requests, 0);
    costs.rates.set(peer.name, [...(costs.rates.get(peer.name) ?? []), requests / seconds]);
  }

  private async add(peer: Peer, options: EnvoyOptions): Promise<void> {
    const service = peer.service === undefined ? undefined : await startService(peer.service);
    const envoy = await startOr(peer, peer.config(this.upstream.port, service?.port ?? 0), options);
    if (typeof envoy === "string") {
      service?.child.kill();
      return void (this.absent[peer.name] = envoy);
    }
    const running = { peer, envoy, service: service?.child, memory: residentMemory(envoy.pid) };
    this.peers.push(running);
    const wrong = await this.mistake(running);
    if (wrong === undefined) return;
    this.absent[peer.name] = wrong;
    this.peers.pop();
    service?.child.kill();
    await envoy.stop();
  }

  /** The first case that the peer decides wrongly; such a peer is not measured. */
  private async mistake({ peer, envoy }: Running): Promise<string | undefined> {
    const cases = [
      { name: "an allowed call", text: "Hello, World!", claims: GRANTED, allowed: true },
      { name: "a call without the scope", text: "Hello, World!", claims: WITHOUT, allowed: false },
      { name: "an argument that does not match", text: "Bye", claims: GRANTED, allowed: false },
    ];
    for (const { name, text, claims, allowed } of cases) {
      const { status } = await fetch(`http://127.0.0.1:${envoy.port}/mcp`, {
        method: "POST",
        headers: { ...HEADERS, authorization: `Bearer ${token(claims)}` },
        body: callOf(TOOL, 200, "mixed", text).toString(),
      });
      if (status !== (allowed || peer.undecided ? 200 : 403)) return `${name} got status ${status}`;
    }
    return undefined;
  }
}

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-06-18",
};

function requestOf({ path = "/mcp", body }: Load, claims: Record<string, unknown>): Buffer {
  const headers = { host: "mcp.example.com", ...HEADERS, authorization: `Bearer ${token(claims)}` };
  const lines = Object.entries({ ...headers, "content-length": body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`), body]);
}

/** An Envoy of another version may not know what a peer needs; without the baseline there is nothing to measure. */
async function startOr(peer: Peer, config: string, options: EnvoyOptions): Promise<Envoy | string> {
  try {
    return await Envoy.start(config, options);
  } catch (error) {
    if (peer.name === BASELINE || !(error instanceof EnvoyError)) throw error;
    return `Envoy does not start with this filter (${error.message.trim().split("\n").at(-1)})`;
  }
}

async function startService(file: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(file, { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, GOMAXPROCS: "1" } });
  process.once("exit", () => child.kill());
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: Number(line.toString()) };
}
