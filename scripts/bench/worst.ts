// `npm run bench -- --worst`: the longest that hostile requests hold a worker, against the bound that docs/when.md tells.
import { loadDocument, type Loaded } from "../evaluate/load.ts";
import { BareHost, CLAIMS, CALL_HEADERS } from "./host.ts";
import { HOSTILE, type Hostile } from "./hostile.ts";
import { METADATA_KEY } from "./policies.ts";
import type { Worst } from "./results.ts";

/** Bodies from a small one to the largest that passes by default. */
const SIZES = [1 << 10, 64 << 10, 600 << 10, 4 << 20];
const HEAD_ROOM = 1024; // what a request has around the hostile part
const RUNS = 3;

/** What a request of `bytes` bytes, its token and headers included, may hold a worker for, in milliseconds. */
export function boundOf(bytes: number): number {
  return 5 + bytes * 1e-4;
}

/** Every hostile policy with bodies of these sizes; the worst first. */
export function benchWorst(say: (line: string) => void, sizes = SIZES): Worst[] {
  const all = HOSTILE.flatMap((hostile) => {
    say(`worst: ${hostile.name}`);
    return measure(hostile, sizes);
  });
  return all.sort((a, b) => b.took / b.bound - a.took / a.bound);
}

function measure({ name, policy, most = Infinity, request }: Hostile, all: number[]): Worst[] {
  const loaded = loadedOf(policy);
  const sizes = all.filter((size, i) => i === 0 || size <= most);
  return sizes.map((size) => {
    const { body, claims, headers = [] } = request(size - HEAD_ROOM);
    const token = { ...CLAIMS, ...claims };
    const others = CALL_HEADERS.filter(([header]) => !headers.some(([other]) => other === header));
    const host = new BareHost(loaded, token, undefined, [...others, ...headers]);
    const bytes = Buffer.from(body);
    const times = Array.from({ length: RUNS }, () => host.time(bytes));
    const sent = bytes.length + JSON.stringify(token).length;
    return { name, bytes: sent, took: Math.min(...times), bound: boundOf(sent) };
  });
}

function loadedOf(policy: object): Loaded {
  const loaded = loadDocument({
    apiVersion: "scopegate/v1",
    kind: "Policy",
    resource: "https://mcp.example.com/mcp",
    jwt: { metadataKey: METADATA_KEY },
    ...policy,
  });
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  return loaded;
}
