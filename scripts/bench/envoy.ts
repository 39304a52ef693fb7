// In Envoy: processor time of the Envoy process a request, ours and other ways to enforce the same rule, over an Envoy
// that only verifies the token. One worker each.
import { callOf, SIZES } from "./bodies.ts";
import { Bed, type Costs, type Load } from "./bed.ts";
import { middle, scaled } from "./measure.ts";
import { allPeers, BASELINE } from "./peers.ts";
import { TOOL } from "./policies.ts";
import { residentMemory } from "./process.ts";
import type { EnvoyResults, LoadResult } from "./results.ts";

const CONNECTIONS = 16;
/** Finished requests a round by body size. */
const REQUESTS = [4_000, 3_000, 1_000, 120];

/** @param share of the usual number of requests */
export async function benchEnvoy(rounds: number, share: number, say: (line: string) => void): Promise<EnvoyResults> {
  const peers = allPeers();
  const bed = await Bed.start(peers);
  try {
    const loads: LoadResult[] = [];
    for (const load of plan(share)) {
      say(`in Envoy: ${load.name}`);
      loads.push(resultOf(load, await bed.measure(load, rounds), bed));
    }
    const memory = bed.peers.map(({ peer, envoy, memory: start }) => ({
      peer: peer.name,
      start,
      end: residentMemory(envoy.pid),
    }));
    const what = Object.fromEntries(peers.map((peer) => [peer.name, peer.what]));
    return { rounds, connections: CONNECTIONS, peers: what, loads, memory, absent: bed.absent };
  } finally {
    await bed.stop();
  }
}

function plan(share: number): Load[] {
  const load = (name: string, bytes: number, requests: number): Load => ({
    name,
    body: callOf(TOOL, bytes),
    requests: Math.ceil(requests * share),
    connections: CONNECTIONS,
  });
  const sizes = SIZES.map(([name, bytes], i) => load(name, bytes, REQUESTS[i]!));
  return [...sizes, { ...load("200 B, denied", 200, REQUESTS[0]!), denied: true }];
}

function resultOf(load: Load, { envoy, service, rates }: Costs, bed: Bed): LoadResult {
  const peers = bed.peers.map(({ peer: { name }, service: beside }) => {
    const { cpu, spread } = envoy.cost(name);
    return {
      peer: name,
      total: scaled({ median: cpu, spread }, 1e3),
      ...(name === BASELINE ? {} : { added: scaled(envoy.difference(name, BASELINE), 1e3) }),
      ...(beside
        ? { service: scaled({ median: service.cost(name).cpu, spread: service.cost(name).spread }, 1e3) }
        : {}),
      rate: middle(rates.get(name)!).median,
    };
  });
  return { load: load.name, bytes: load.body.length, requests: load.requests, peers };
}
