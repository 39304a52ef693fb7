// How costs grow: one number changes, everything else stays the same.
import { callOf } from "./bodies.ts";
import type { EnvoyOptions } from "../envoy/envoy.ts";
import { Bed, noCosts, type Load } from "./bed.ts";
import { benchPolicies, type Effort } from "./filter.ts";
import { BareHost, CLAIMS } from "./host.ts";
import { compare, scaled, type Middle } from "./measure.ts";
import { baseline, BASELINE, ours, OURS } from "./peers.ts";
import { oneRule, SCOPE, TOOL } from "./policies.ts";
import type { Axis } from "./results.ts";

const RULES = [1, 10, 100, 1_000, 10_000, 100_000];
const TOKEN_BYTES = [512, 1_024, 2_048, 4_096, 8_192, 16_384];
const SCOPES = [1, 5, 20, 50, 100, 200, 500];
const CONNECTIONS = [1, 4, 16, 64, 256, 1_000];
const WORKERS = [1, 2, 4];
/** In Envoy: rounds per sitting; there are as many sittings as rounds elsewhere. */
const ROUNDS = 2;

/** Reads a claim, so that the filter needs the whole payload. */
const CLAIM = 'jwt.claims.sub == "alice" && args.text.startsWith("Hello")';

export async function benchScale(effort: Effort, share: number, say: (line: string) => void): Promise<Axis[]> {
  say("scale: rules");
  const rules = byRules(effort);
  say("scale: tokens and scopes");
  const tokens = [
    byToken("token size, scopes only", oneRule(), effort),
    byToken("token size, one claim read", oneRule(CLAIM), effort),
  ];
  const scopes = byScopes(effort);
  const sittings = effort.rounds;
  const requests = Math.ceil(1_000 * share);
  say("scale: in Envoy, by token and by connections");
  const inEnvoy = await byLoad(sittings, requests);
  say("scale: in Envoy, by workers");
  return [...rules, ...tokens, scopes, ...inEnvoy, await byWorkers(sittings, requests)];
}

function byRules(effort: Effort): Axis[] {
  const [results, note] = fitting(RULES, effort);
  const of = (pick: (result: (typeof results)[number]) => Middle) =>
    results.map((result) => ({ x: result.rules, y: pick(result) }));
  const exact = (value: number): Middle => ({ median: value, spread: [value, value] });
  const axis = { x: "rules", ...(note === undefined ? {} : { note }) };
  return [
    {
      ...axis,
      name: "number of rules: per call",
      y: "ns",
      points: of(({ call }) => ({ median: call.cpu, spread: call.spread })),
    },
    { ...axis, name: "number of rules: configuring", y: "ms", points: of(({ configure }) => scaled(configure, 1e6)) },
    { ...axis, name: "number of rules: wasm memory", y: "KiB", points: of(({ memory }) => exact(memory / 1024)) },
  ];
}

/** The results for as many rules as fit, and what the compiler reports for the first number that does not. */
function fitting(counts: number[], effort: Effort): [ReturnType<typeof benchPolicies>, string?] {
  try {
    return [benchPolicies(counts, effort)];
  } catch (error) {
    if (counts.length === 1) throw error;
    const note = `${counts.at(-1)!.toLocaleString("en")} rules do not fit: ${(error as Error).message}`;
    return [fitting(counts.slice(0, -1), effort)[0], note];
  }
}

type Policy = ReturnType<typeof oneRule>;

/** The filter alone, with payloads of these sizes. */
function byToken(name: string, policy: Policy, effort: Effort): Axis {
  return alone(name, "bytes of payload", TOKEN_BYTES, effort, (bytes) => new BareHost(policy, payloadOf(bytes)));
}

function byScopes(effort: Effort): Axis {
  const claims = (count: number) => ({ ...CLAIMS, scope: [...filler(count - 1), SCOPE].join(" ") });
  return alone("scopes in the token", "scopes", SCOPES, effort, (count) => new BareHost(oneRule(), claims(count)));
}

function filler(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `service-${i}:read`);
}

/** Claims that are `bytes` long as JSON: groups, as identity providers include them. */
function payloadOf(bytes: number): typeof CLAIMS & { groups: string[] } {
  const groups: string[] = [];
  const size = () => JSON.stringify({ ...CLAIMS, groups }).length;
  while (size() + 20 < bytes) groups.push(`group-${String(groups.length).padStart(8, "0")}`);
  return { ...CLAIMS, groups };
}

function alone(
  name: string,
  x: string,
  values: number[],
  { rounds, batchMs }: Effort,
  make: (value: number) => BareHost,
): Axis {
  const body = callOf(TOOL, 200);
  const gates = values.map((value) => ({ value, gate: make(value) }));
  const candidates = gates.map(({ value, gate }) => ({
    name: `${value}`,
    run: (count: number) => gate.send(body, count),
  }));
  const costs = compare(candidates, rounds, batchMs);
  const points = values.map((value) => {
    const { cpu, spread } = costs.cost(`${value}`);
    return { x: value, y: { median: cpu, spread } };
  });
  return { name, x, y: "ns", points };
}

/** A load of calls of 200 bytes. */
function loadOf(connections: number, requests: number, claims?: Record<string, unknown>): Load {
  const load = { name: "", body: callOf(TOOL, 200), requests: Math.max(requests, connections * 2), connections };
  return claims ? { ...load, claims } : load;
}

/** What the filter adds to each load, over several sets of Envoys. */
async function added(loads: Load[], sittings: number, options: EnvoyOptions = {}): Promise<Middle[]> {
  const costs = loads.map(noCosts);
  for (let sitting = 0; sitting < sittings; sitting++) {
    const measure = async (bed: Bed) => {
      for (const [i, load] of loads.entries()) await bed.measure(load, ROUNDS, costs[i]);
    };
    await Bed.sitting([baseline(), ours()], measure, options);
  }
  return costs.map(({ envoy }) => scaled(envoy.difference(OURS, BASELINE), 1e3));
}

async function byLoad(sittings: number, requests: number): Promise<Axis[]> {
  const tokens = TOKEN_BYTES.map((bytes) => {
    const { groups, scope } = payloadOf(bytes);
    return loadOf(16, requests, { groups, scope });
  });
  const connections = CONNECTIONS.map((count) => loadOf(count, requests));
  const costs = await added([...tokens, ...connections], sittings);
  const points = (values: number[], from: number) => values.map((x, i) => ({ x, y: costs[from + i]! }));
  return [
    { name: "token size, in Envoy", x: "bytes of payload", y: "µs", points: points(TOKEN_BYTES, 0) },
    { name: "connections, in Envoy", x: "connections", y: "µs", points: points(CONNECTIONS, tokens.length) },
  ];
}

async function byWorkers(sittings: number, requests: number): Promise<Axis> {
  const points: Axis["points"] = [];
  for (const concurrency of WORKERS) {
    const [y] = await added([loadOf(16, requests)], sittings, { concurrency });
    points.push({ x: concurrency, y: y! });
  }
  return { name: "workers, in Envoy", x: "workers", y: "µs", points };
}
