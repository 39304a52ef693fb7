// `npm run bench -- --several`: what many policies in one Envoy cost: its start, its memory, and a call.
import { compileDocument } from "../compiler/index.ts";
import { Envoy } from "../envoy/envoy.ts";
import { ISSUER, JWKS, token } from "../envoy/issuer.ts";
import { envoyBootstrap, type EnvoyTarget } from "../targets/envoy.ts";
import { Compiled, NO_SURROUNDINGS, recordFormat } from "../targets/host.ts";
import { placeOf } from "../targets/servers.ts";
import { LoadGenerator } from "./load.ts";
import { middle } from "./measure.ts";
import { upstreamConfig } from "./peers.ts";
import type { Several } from "./results.ts";

const COUNTS = [1, 10, 100, 1_000];
/** Each is started so often. */
const STARTS = 5;
const CALLS = 4_000;
const LOOPBACK = { host: "127.0.0.1", port: 0 };
const HOST = "mcp.example.com";
const resourceOf = (i: number): string => `https://${HOST}/server-${i}/mcp`;

/** Policies with five rules for one host, all in one Envoy; calls go to the last one. */
export async function benchSeveral(say: (line: string) => void): Promise<Several[]> {
  const upstream = await Envoy.start(upstreamConfig());
  const load = LoadGenerator.start();
  try {
    const results: Several[] = [];
    for (const policies of COUNTS) {
      say(`several: ${policies}`);
      results.push(await measureAll(policies, upstream.port, load));
    }
    return results;
  } finally {
    load.stop();
    await upstream.stop();
  }
}

async function measureAll(policies: number, upstream: number, load: LoadGenerator): Promise<Several> {
  const yaml = envoyBootstrap(targetOf(policies, upstream));
  const runs: Run[] = [];
  for (let i = 0; i < STARTS; i++) runs.push(await measure(yaml, policies - 1, load));
  const of = (pick: (run: Run) => number) => middle(runs.map(pick)).median;
  return {
    policies,
    bytes: yaml.length,
    start: of(({ start }) => start),
    memory: of(({ memory }) => memory),
    call: of(({ call }) => call),
  };
}

interface Run {
  start: number;
  memory: number;
  call: number;
}

/** One Envoy, from its start to its last call. */
async function measure(yaml: string, last: number, load: LoadGenerator): Promise<Run> {
  const before = performance.now();
  const envoy = await Envoy.start(yaml);
  try {
    const start = performance.now() - before;
    const job = { port: envoy.port, request: requestTo(last).toString("base64"), connections: 4, status: 200 };
    await load.run({ ...job, requests: 100 });
    const memory = envoy.residentBytes();
    const cpu = envoy.cpuSeconds();
    await load.run({ ...job, requests: CALLS });
    return { start, memory, call: ((envoy.cpuSeconds() - cpu) * 1e6) / CALLS };
  } finally {
    await envoy.stop();
  }
}

/** A call that the policy allows, as HTTP/1.1. */
function requestTo(policy: number): Buffer {
  const params = { name: "read-3", arguments: { path: "/public/a" } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const bearer = token({ aud: resourceOf(policy), scope: "read" });
  const head = [
    `POST ${new URL(resourceOf(policy)).pathname} HTTP/1.1`,
    `host: ${HOST}`,
    "content-type: application/json",
    `authorization: Bearer ${bearer}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function policyOf(i: number): object {
  const tool = (rule: number) => ({ tool: `read-${rule}`, when: 'args.path.startsWith("/public/")' });
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name: `server-${i}` },
    resource: resourceOf(i),
    authorizationServers: [ISSUER],
    rules: Array.from({ length: 5 }, (_, rule) => ({
      name: `rule-${rule}`,
      source: { jwt: { scopes: ["read"] } },
      target: { tools: [tool(rule)] },
    })),
  };
}

function targetOf(count: number, upstreamPort: number): EnvoyTarget {
  const members = Array.from({ length: count }, (_, i) => {
    const { program, policy, problems } = compileDocument(policyOf(i));
    if (!program || !policy) throw new Error(problems.map(({ message }) => message).join("\n"));
    return { file: `${i}`, program, policy };
  });
  const compiled = new Compiled(members);
  const upstream = { host: "127.0.0.1", port: upstreamPort };
  const tokenFor = (resource: string) => ({ issuer: ISSUER, audiences: [resource], jwks: { inline: JWKS } });
  return {
    ...NO_SURROUNDINGS,
    plugin: JSON.stringify(compiled.plugin({ holdHeaders: true })),
    wasm: "build/scopegate.wasm",
    metadataKeys: compiled.policy.metadataKeys,
    recordFormat: recordFormat(compiled.policy),
    maxBody: compiled.policy.limits.body,
    holdHeaders: true,
    token: tokenFor(resourceOf(0)),
    servers: compiled.policies.map((policy) => ({
      name: policy.name,
      place: placeOf(policy),
      metadataKeys: policy.metadataKeys,
      token: tokenFor(policy.resource!),
      upstream,
    })),
    listen: LOOPBACK,
    admin: LOOPBACK,
    upstream,
  };
}
