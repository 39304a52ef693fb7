// A policy that changes every second (a listener file that Envoy watches) while 100 connections call. What both policies
// allow must always be allowed, what both refuse always refused, and no other response may occur; every few changes the
// new configuration is a bad one, which Envoy must refuse while the old one stays in force.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { Envoy } from "../envoy/envoy.ts";
import { token } from "../envoy/issuer.ts";
import { envoyBootstrap } from "../targets/envoy.ts";
import { call, targetFor } from "../../tests/support/envoy.ts";
import { Upstream } from "../../tests/support/upstream.ts";
import type { Scenario } from "./scenario.ts";
import { Cut, post, RawClient } from "./socket.ts";

const CONNECTIONS = 100;
const PERIOD_MS = 1000;
/** One in this many changes is bad. */
const BAD = 4;
/** Growth in the second half that still counts as flat. */
const GROWTH = 0.1;
const LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";

const policy = (...tools: string[]): object => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: tools.join("-") },
  loop: "off",
  rules: [{ name: "tools", target: { tools } }],
});
const POLICIES = [policy("always", "now"), policy("always", "then")];
const EXPECTED: Record<string, number[]> = { always: [200], now: [200, 403], then: [200, 403], never: [403] };

interface Bootstrap {
  admin: object;
  static_resources: { listeners: object[]; clusters: object[] };
}

class Listeners {
  private readonly folder = mkdtempSync(join(tmpdir(), "scopegate-soak-"));
  private readonly file = join(this.folder, "listeners.json");

  constructor(private readonly upstreamPort: number) {}

  /** Puts a listener with a policy (or with an invalid plugin configuration) where Envoy watches, in one step. */
  publish(document: object, plugin?: string): Bootstrap {
    const target = { ...targetFor(document, this.upstreamPort), ...(plugin !== undefined && { plugin }) };
    const config = parse(envoyBootstrap(target)) as Bootstrap;
    const [listener] = config.static_resources.listeners;
    writeFileSync(`${this.file}.new`, JSON.stringify({ resources: [{ "@type": LISTENER, ...listener }] }));
    renameSync(`${this.file}.new`, this.file);
    return config;
  }

  start(): Promise<Envoy> {
    const { admin, static_resources } = this.publish(POLICIES[0]!);
    const lds_config = { path_config_source: { path: this.file, watched_directory: { path: this.folder } } };
    const { clusters } = static_resources;
    return Envoy.start(
      JSON.stringify({
        node: { id: "soak", cluster: "soak" },
        admin,
        dynamic_resources: { lds_config },
        static_resources: { clusters },
      }),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const reload: Scenario = async ({ seconds, say }) => {
  const upstream = await Upstream.start();
  const listeners = new Listeners(upstream.port);
  const envoy = await listeners.start();
  const end = performance.now() + seconds * 1000;
  const faults: string[] = [];
  const seen: Record<string, number> = { cut: 0 };
  const bearer = token({});
  const requests = Object.keys(EXPECTED).map((tool) => [tool, post(Buffer.from(call(tool)), bearer)] as const);
  const caller = async (_: unknown, first: number): Promise<void> => {
    const client = new RawClient(envoy.port);
    for (let i = first; performance.now() < end && faults.length < 10; i++) {
      const [tool, request] = requests[i % requests.length]!;
      try {
        const { status } = await client.send(request);
        seen[`${tool} ${status}`] = (seen[`${tool} ${status}`] ?? 0) + 1;
        if (!EXPECTED[tool]!.includes(status)) faults.push(`${status} for the tool "${tool}"`);
      } catch (error) {
        if (!(error instanceof Cut)) throw error;
        seen["cut"]!++;
      }
      await sleep(5); // a hundred callers are load enough
    }
    client.close();
  };
  try {
    const changes = change(listeners, end);
    const halfway = sleep((seconds * 1000) / 2).then(() => envoy.residentBytes());
    const forget = setInterval(() => upstream.forget(), 500);
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
    clearInterval(forget);
    const { good, bad } = await changes;
    const rejected = await rejections(envoy);
    say(`${good} changes, ${bad} bad ones of which Envoy refused ${rejected}; ${tell(seen)}`);
    const [half, whole] = [await halfway, envoy.residentBytes()];
    say(`Envoy's memory: ${mebibytes(half)} halfway, ${mebibytes(whole)} at the end`);
    if (whole > half * (1 + GROWTH)) faults.push("the memory grows with the changes");
    if (rejected !== bad) faults.push(`${bad} bad configurations, ${rejected} refused`);
    for (const [tool, statuses] of Object.entries(EXPECTED))
      for (const status of statuses)
        if (!seen[`${tool} ${status}`])
          faults.push(`the tool "${tool}" never got ${status}: the policy did not change`);
  } finally {
    await envoy.stop();
    upstream.stop();
    listeners.remove();
  }
  return faults;
};

async function change(listeners: Listeners, end: number): Promise<{ good: number; bad: number }> {
  const made = { good: 0, bad: 0 };
  for (let i = 1; performance.now() + PERIOD_MS < end; i++) {
    await sleep(PERIOD_MS);
    const bad = i % BAD === 0;
    // Each bad one has a different text, or Envoy would ignore it.
    if (bad) listeners.publish(POLICIES[0]!, JSON.stringify({ scopegate: 1, attempt: i }));
    else listeners.publish(POLICIES[i % 2]!);
    made[bad ? "bad" : "good"]++;
  }
  await sleep(PERIOD_MS);
  return made;
}

async function rejections(envoy: Envoy): Promise<number> {
  return Object.values(await envoy.stats("^listener_manager.lds.update_rejected$"))[0] ?? 0;
}

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;

function tell(seen: Record<string, number>): string {
  return Object.entries(seen)
    .map(([name, times]) => `${name}: ${times}`)
    .join(", ");
}
