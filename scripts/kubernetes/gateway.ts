// A gateway under test: a control plane that made it from objects, and its Envoy.
import type { Resource } from "./cluster.ts";
import type { PodNetwork } from "./machine.ts";
import { Program } from "./process.ts";

export interface Gateway {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** A pod again, with nothing left of the one before. Resolves when Envoy's own readiness says so. */
  restart(): Promise<void>;
  /** A page of Envoy's admin interface. */
  admin(path: string): Promise<string>;
  /** What Envoy and whoever runs it wrote. */
  readonly envoyLog: string;
  /** What the control plane wrote. */
  readonly controlLog: string;
}

/** What the command line prints for a target, for the texts of one policy or of several. */
export type Print = (policy: string | readonly string[], ...options: string[]) => Resource[];

const RELAY_PORT = 29_000;

/** Makes a port of a pod's loopback reachable from the machine; gives the address. */
export function relay(network: PodNetwork, port: number): string {
  const script =
    `require("node:net").createServer((a) => { const b = require("node:net").connect(${port}, "127.0.0.1"); ` +
    `a.pipe(b).pipe(a); a.on("error", () => b.destroy()); b.on("error", () => a.destroy()); }).listen(${RELAY_PORT})`;
  Program.start("relay", [process.execPath, "-e", script], { prefix: network.prefix });
  return `http://${network.address}:${RELAY_PORT}`;
}

/** A value of Envoy's statistics; 0 when it has none of this name. */
export async function statistic(gateway: Gateway, name: string): Promise<number> {
  const page = await gateway.admin(`/stats?filter=${encodeURIComponent(`^${name.replaceAll(".", "\\.")}$`)}`);
  return Number(/: (\d+)/.exec(page)?.[1] ?? 0);
}
