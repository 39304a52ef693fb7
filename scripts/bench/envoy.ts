// In Envoy: CPU time of the Envoy process per request, for ours and other ways to enforce the same rule, on top of an
// Envoy that only verifies the token. One worker each.
import { callOf, SIZES } from "./bodies.ts";
import { Bed, noCosts, type Costs, type Load } from "./bed.ts";
import { middle, scaled } from "./measure.ts";
import { BASELINE, type Peer } from "./peers.ts";
import { TOOL } from "./policies.ts";
import { residentMemory } from "./process.ts";
import type { EnvoyResults, LoadResult } from "./results.ts";

const CONNECTIONS = 16;
/** Finished requests per batch, by body size. */
const REQUESTS = [400, 300, 100, 32];
/** Small bodies cost least and are measured more often, since the differences are smaller too. */
const SMALL = 5 << 10;

interface EnvoyEffort {
  /** How often all Envoys are started anew: two processes of the same configuration differ, for as long as they run. */
  sittings: number;
  /** Rounds per sitting; small bodies have twice as many. */
  rounds: number;
  /** Share of the usual number of requests. */
  share: number;
}

type Memory = Map<string, { start: number[]; end: number[] }>;

export async function benchEnvoy(
  peers: Peer[],
  { sittings, rounds, share }: EnvoyEffort,
  say: (line: string) => void,
): Promise<EnvoyResults> {
  const loads = plan(share).map((load) => ({ load, costs: noCosts() }));
  const memory: Memory = new Map();
  const absent = build(peers, say);
  const present = () => peers.filter(({ name }) => absent[name] === undefined);
  for (let sitting = 1; sitting <= sittings; sitting++) {
    await Bed.sitting(present(), async (bed) => {
      Object.assign(absent, bed.absent);
      for (const { load, costs } of loads) {
        say(`in Envoy: ${load.name} (${sitting} of ${sittings})`);
        await bed.measure(load, load.body.length < SMALL ? rounds * 2 : rounds, costs);
      }
      noteMemory(bed, memory);
    });
  }
  const what = Object.fromEntries(peers.map((peer) => [peer.name, peer.what]));
  const results = loads.map(({ load, costs }) => resultOf(load, costs, present()));
  return { rounds, sittings, connections: CONNECTIONS, peers: what, loads: results, memory: medians(memory), absent };
}

/** Why some peers cannot run here. */
function build(peers: Peer[], say: (line: string) => void): Record<string, string> {
  const absent: Record<string, string> = {};
  for (const peer of peers) {
    if (!peer.build) continue;
    say(`building: ${peer.name}`);
    const why = peer.build();
    if (why !== undefined) absent[peer.name] = why;
  }
  return absent;
}

function noteMemory(bed: Bed, memory: Memory): void {
  for (const { peer, envoy, memory: start } of bed.peers) {
    const noted = memory.get(peer.name) ?? { start: [], end: [] };
    noted.start.push(start);
    noted.end.push(residentMemory(envoy.pid));
    memory.set(peer.name, noted);
  }
}

function medians(memory: Memory): EnvoyResults["memory"] {
  return [...memory].map(([peer, { start, end }]) => ({ peer, start: middle(start).median, end: middle(end).median }));
}

function plan(share: number): Load[] {
  const load = (name: string, bytes: number, requests: number): Load => ({
    name,
    body: callOf(TOOL, bytes),
    requests: Math.max(CONNECTIONS, Math.ceil(requests * share)),
    connections: CONNECTIONS,
  });
  const sizes = SIZES.map(([name, bytes], i) => load(name, bytes, REQUESTS[i]!));
  return [...sizes, { ...load("200 B, denied", 200, REQUESTS[0]!), denied: true }];
}

function resultOf(load: Load, { envoy, service, rates }: Costs, measured: Peer[]): LoadResult {
  const peers = measured.map(({ name }) => {
    const { cpu, spread } = envoy.cost(name);
    return {
      peer: name,
      total: scaled({ median: cpu, spread }, 1e3),
      ...(name === BASELINE ? {} : { added: scaled(envoy.difference(name, BASELINE), 1e3) }),
      ...(service.has(name)
        ? { service: scaled({ median: service.cost(name).cpu, spread: service.cost(name).spread }, 1e3) }
        : {}),
      rate: middle(rates.get(name)!).median,
    };
  });
  return { load: load.name, bytes: load.body.length, requests: load.requests, peers };
}
