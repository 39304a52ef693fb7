// `npm run bench`: what the filter costs, alone and in Envoy. No test looks at these numbers.
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { benchEnvoy } from "./bench/envoy.ts";
import { benchFilter } from "./bench/filter.ts";
import { choosePeers } from "./bench/peers.ts";
import type { Results } from "./bench/results.ts";
import { benchLanguage } from "./bench/language.ts";
import { benchLists } from "./bench/lists.ts";
import { benchScale } from "./bench/scale.ts";
import { benchSeveral } from "./bench/several.ts";
import { benchWorst } from "./bench/worst.ts";
import { describe } from "./bench/tables.ts";
import { writeBetween } from "./pages.ts";
import { EnvoyError } from "./envoy/binary.ts";

const HELP = `Usage: npm run bench -- [--quick] [--scale | --worst | --lists | --several | --language] [--only filter|envoy] [--peers NAME,…] [--json FILE]

Options:
  --quick      short runs: under two minutes, but noisier
  --scale      measure how costs grow with rules, tokens, scopes, connections, workers (instead of the usual parts)
  --worst      hostile requests, against what docs/when.md says that a request can cost at most; exit 1 beyond it
  --lists      what filtered lists cost in Envoy
  --language   what constructs of the policy language add to a call
  --only PART  filter (alone, in this process) or envoy (compared with other filters)
  --peers NAME,…
               in Envoy: only these besides the baseline and Scopegate; part of a name is enough: --peers rust,lua
  --several    1 to 1,000 policies in one Envoy: its start, its memory, a call
  --write      with --worst, --lists, --several or --language: put the table into docs/benchmarks.md
  --json FILE  also write the numbers as JSON; npm run bench:report puts them into docs/benchmarks.md

The peers in Rust and Go are built if cargo and go are installed. $RUST_WASM may name another proxy-wasm module to
compare with (scripts/bench/peers/rust-wasm.yaml).
`;

const OPTIONS = {
  quick: { type: "boolean" },
  scale: { type: "boolean" },
  worst: { type: "boolean" },
  several: { type: "boolean" },
  lists: { type: "boolean" },
  language: { type: "boolean" },
  write: { type: "boolean" },
  only: { type: "string" },
  peers: { type: "string" },
  json: { type: "string" },
  help: { type: "boolean" },
} as const;

const PAGE = "docs/benchmarks.md";
const V8 = process.versions.v8.split(".", 2).join(".");

const QUICK = {
  alone: { rounds: 5, batchMs: 20 },
  share: 0.25,
  inEnvoy: { sittings: 3, rounds: 2, share: 0.5 },
};
const FULL = {
  alone: { rounds: 15, batchMs: 60 },
  share: 0.4,
  inEnvoy: { sittings: 20, rounds: 2, share: 1 },
};

/** Lists are compared over more sittings than a glance needs, and fewer than the small differences between peers do. */
const LISTS = { inEnvoy: { sittings: 8, rounds: 2, share: 1 } };

/** The usual parts, or how they grow. */
async function measure(
  results: Results,
  { quick, scale, worst, lists, several, language, only, peers }: Options,
  say: (line: string) => void,
): Promise<void> {
  const { alone, share, inEnvoy } = quick ? QUICK : FULL;
  if (several) return void (results.several = await benchSeveral(say));
  if (worst) return void (results.worst = benchWorst(say));
  if (language) return void (results.language = benchLanguage(alone, say));
  if (lists) return void (results.lists = await benchLists((quick ? QUICK : LISTS).inEnvoy, say));
  if (scale) {
    results.scale = await benchScale(alone, share, say);
    return;
  }
  if (only !== undefined && only !== "filter" && only !== "envoy")
    throw new Error(`--only must be filter or envoy, not ${only}`);
  const chosen = choosePeers(peers?.split(","));
  if (only !== "envoy") results.filter = benchFilter(alone, say);
  if (only !== "filter") results.envoy = await benchEnvoy(chosen, inEnvoy, say);
}

interface Options {
  quick?: boolean;
  scale?: boolean;
  worst?: boolean;
  lists?: boolean;
  language?: boolean;
  several?: boolean;
  only?: string;
  peers?: string;
}

/** Puts what was found into the page. */
async function writePart(results: Results): Promise<void> {
  for (const part of ["worst", "lists", "several", "language"] as const)
    if (results[part]) await writeBetween(PAGE, `npm run bench -- --${part} --write`, describe(results, 3));
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) return void process.stdout.write(HELP);
  const { quick = false } = values;
  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version} (V8 ${V8})`,
    quick,
    wasm: statSync("build/scopegate.wasm").size,
  };
  const say = (line: string) => console.error(line);
  await measure(results, values, say);
  console.log(describe(results));
  if (values.write) await writePart(results);
  if (results.worst?.some(({ took, bound }) => took > bound)) process.exitCode = 1;
  if (values.json === undefined) return;
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}

await main().catch((error: Error) => {
  console.error(`scopegate: ${error instanceof EnvoyError ? error.message : error.stack}`);
  process.exit(2);
});
