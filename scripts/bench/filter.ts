// The filter alone: time inside its request callbacks, in the V8 of this process, beside JSON.parse of the same bytes.
import { loadDocument } from "../evaluate/engine.ts";
import { filterModule } from "../evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE } from "../simulate.ts";
import { callOf, lastTool, policyOf, SIZES } from "./bodies.ts";

const RULES = [1, 100, 10_000];
const ROUNDS = 7;

export interface FilterResult {
  body: string;
  bytes: number;
  /** Nanoseconds for one body: best of the rounds, because noise only adds. */
  jsonParse: number;
  /** Number of rules → nanoseconds a call. */
  filter: Record<number, number>;
}

/** @param budgetMs time for one cell of the table */
export function benchFilter(budgetMs: number): FilterResult[] {
  const gates = RULES.map((rules) => [rules, new Gate(rules)] as const);
  return SIZES.map(([body, bytes]) => {
    const sample = callOf(lastTool(1), bytes);
    const jsonParse = best(budgetMs, () => void JSON.parse(sample.toString()));
    const filter = gates.map(([rules, gate]) => [rules, gate.measure(callOf(lastTool(rules), bytes), budgetMs)]);
    return { body, bytes: sample.length, jsonParse, filter: Object.fromEntries(filter) as Record<number, number> };
  });
}

/** The filter with a policy of so many rules. */
class Gate {
  private readonly host = new Host(filterModule());
  private spent = 0n;

  constructor(rules: number) {
    const loaded = loadDocument(policyOf(rules));
    if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
    const { ok, logs } = this.host.configure(loaded.configuration);
    if (!ok) throw new Error(logs.join("\n"));
    this.timeRequests();
  }

  /** Only the filter's callbacks count, not what the simulated host does around them. */
  private timeRequests(): void {
    const { guest } = this.host;
    const call = guest.call.bind(guest);
    guest.call = (name, ...args) => {
      if (!name.startsWith("proxy_on_request")) return call(name, ...args);
      const start = process.hrtime.bigint();
      const result = call(name, ...args);
      this.spent += process.hrtime.bigint() - start;
      return result;
    };
  }

  /** Nanoseconds of one allowed call. */
  measure(body: Uint8Array, budgetMs: number): number {
    const request = {
      headers: [["content-type", "application/json"]] as [string, string][],
      metadata: { [JWT_NAMESPACE]: { mcp: { sub: "alice", scope: "openid call files:read" } } },
      body,
      endWithData: true,
    };
    const run = () => {
      if (!this.host.request(request).forwarded) throw new Error("the call was not allowed");
    };
    return best(budgetMs, run, () => {
      const spent = this.spent;
      this.spent = 0n;
      return Number(spent);
    });
  }
}

/** Nanoseconds of one run: the least mean over the rounds. `spent` gives what counts of a round; default: all of it. */
function best(budgetMs: number, run: () => void, spent?: () => number): number {
  let calls = 1;
  for (let took = 0; took < budgetMs / ROUNDS && calls < 1 << 20; calls *= 2) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    took = performance.now() - start;
  }
  spent?.();
  const means = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) run();
    const total = Number(process.hrtime.bigint() - start);
    return (spent?.() ?? total) / calls;
  });
  return Math.min(...means);
}
