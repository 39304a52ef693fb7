// How the cost grows: one number is changed, everything else stays.
import { callOf } from "./bodies.ts";
import { Bed } from "./bed.ts";
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

/** Reads a claim, so that the filter needs the whole payload. */
const CLAIM = 'jwt.claims.sub == "alice" && args.text.startsWith("Hello")';

export async function benchScale(effort: Effort, share: number, say: (line: string) => void): Promise<Axis[]> {
  say("scale: rules");
  const rules = byRules(effort);
  say("scale: tokens and scopes");
  const tokens = [
    byToken("size of the token, scopes only", oneRule(), effort),
    byToken("size of the token, a claim is read", oneRule(CLAIM), effort),
  ];
  const scopes = byScopes(effort);
  const rounds = 3 * Math.max(2, effort.rounds - 2); // many short ones
  say("scale: in Envoy, by token and by connections");
  const inEnvoy = await byLoad(rounds, share);
  say("scale: in Envoy, by workers");
  return [...rules, ...tokens, scopes, ...inEnvoy, await byWorkers(rounds, share)];
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
      name: "number of rules: a call",
      y: "ns",
      points: of(({ call }) => ({ median: call.cpu, spread: call.spread })),
    },
    { ...axis, name: "number of rules: configuring", y: "ms", points: of(({ configure }) => scaled(configure, 1e6)) },
    { ...axis, name: "number of rules: wasm memory", y: "KiB", points: of(({ memory }) => exact(memory / 1024)) },
  ];
}

/** The results for as many rules as fit, and what the compiler says to the first number that does not. */
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

/** The filter alone, with payloads of so many bytes. */
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

/** Claims that are `bytes` long as JSON: groups, as identity providers put them in. */
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

/** What the filter adds in Envoy to 200 byte calls. */
async function added(
  bed: Bed,
  connections: number,
  requests: number,
  rounds: number,
  claims?: object,
): Promise<Middle> {
  const load = { name: "", body: callOf(TOOL, 200), requests: Math.max(requests, connections * 2), connections };
  const { envoy } = await bed.measure({ ...load, ...(claims ? { claims: { ...claims } } : {}) }, rounds);
  return scaled(envoy.difference(OURS, BASELINE), 1e3);
}

async function byLoad(rounds: number, share: number): Promise<Axis[]> {
  const bed = await Bed.start([baseline(), ours()]);
  const requests = Math.ceil(1_000 * share);
  try {
    const [tokens, connections]: [Axis["points"], Axis["points"]] = [[], []];
    for (const bytes of TOKEN_BYTES) {
      const { groups, scope } = payloadOf(bytes);
      tokens.push({ x: bytes, y: await added(bed, 16, requests, rounds, { groups, scope }) });
    }
    for (const count of CONNECTIONS) connections.push({ x: count, y: await added(bed, count, requests, rounds) });
    return [
      { name: "size of the token, in Envoy", x: "bytes of payload", y: "µs", points: tokens },
      { name: "connections, in Envoy", x: "connections", y: "µs", points: connections },
    ];
  } finally {
    await bed.stop();
  }
}

async function byWorkers(rounds: number, share: number): Promise<Axis> {
  const points: Axis["points"] = [];
  for (const concurrency of WORKERS) {
    const bed = await Bed.start([baseline(), ours()], { concurrency });
    try {
      points.push({ x: concurrency, y: await added(bed, 16, Math.ceil(1_000 * share), rounds) });
    } finally {
      await bed.stop();
    }
  }
  return { name: "workers, in Envoy", x: "workers", y: "µs", points };
}
