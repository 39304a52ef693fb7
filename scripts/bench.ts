// `npm run bench`: what the filter costs, alone and in Envoy. No test looks at these numbers.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { benchEnvoy } from "./bench/envoy.ts";
import { benchFilter } from "./bench/filter.ts";
import type { Results } from "./bench/results.ts";
import { benchScale } from "./bench/scale.ts";
import { describe } from "./bench/tables.ts";
import { EnvoyError } from "./envoy/binary.ts";

const HELP = `Usage: npm run bench -- [--quick] [--scale] [--only filter|envoy] [--json FILE]

Options:
  --quick      short runs: under two minutes, and more noise
  --scale      how the cost grows: by rules, tokens, scopes, connections, workers (in place of the usual parts)
  --only PART  filter (alone, in this process) or envoy (beside other filters)
  --json FILE  the numbers as JSON too; npm run bench:report makes docs/benchmarks.md of it

$RUST_WASM may name a proxy-wasm module to compare with (scripts/bench/peers/rust-wasm.yaml).
`;

const OPTIONS = {
  quick: { type: "boolean" },
  scale: { type: "boolean" },
  only: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean" },
} as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return void process.stdout.write(HELP);
  const { quick = false, scale, only } = values;
  if (only !== undefined && only !== "filter" && only !== "envoy") throw new Error(`--only ${only}: filter or envoy`);
  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`,
    quick,
    wasm: statSync("build/scopegate.wasm").size,
  };
  const say = (line: string) => console.error(line);
  const effort = quick ? { rounds: 5, batchMs: 20 } : { rounds: 15, batchMs: 60 };
  const [rounds, share] = quick ? [3, 0.25] : [21, 0.4];
  if (scale) results.scale = await benchScale(effort, share, say);
  else {
    if (only !== "envoy") results.filter = benchFilter(effort, say);
    if (only !== "filter") results.envoy = await benchEnvoy(rounds, share, say);
  }
  console.log(describe(results));
  if (values.json === undefined) return;
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}

await main().catch((error: Error) => {
  console.error(`scopegate: ${error instanceof EnvoyError ? error.message : error.stack}`);
  process.exit(2);
});
