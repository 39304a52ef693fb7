// `npm run bench`: what the filter costs, alone and in Envoy.
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { benchEnvoy, type EnvoyReport } from "./bench/envoy.ts";
import { benchFilter, type FilterResult } from "./bench/filter.ts";
import { EnvoyError } from "./envoy/binary.ts";

const HELP = `Usage: npm run bench -- [--quick] [--json] [--only filter|envoy]

Options:
  --quick   short runs: seconds in place of minutes, and more noise
  --json    the numbers as one JSON object on standard output
  --only    one part
`;

function table(head: string[], rows: string[][]): string {
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => "-".repeat(width - (i ? 1 : 0)) + (i ? ":" : "")).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Nanoseconds for a person. */
function time(nanoseconds: number): string {
  const [value, unit] =
    nanoseconds < 1e3 ? [nanoseconds, "ns"] : nanoseconds < 1e6 ? [nanoseconds / 1e3, "µs"] : [nanoseconds / 1e6, "ms"];
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

function showFilter(results: FilterResult[]): void {
  const rules = Object.keys(results[0]!.filter).map(Number);
  console.log("\nThe filter alone, time a call (inside the request callbacks; simulated host, this process's V8):\n");
  const head = [
    "body",
    "bytes",
    "JSON.parse",
    ...rules.map((count) => `${count.toLocaleString("en")} rule${count > 1 ? "s" : ""}`),
  ];
  const rows = results.map(({ body, bytes, jsonParse, filter }) => [
    body,
    String(bytes),
    time(jsonParse),
    ...rules.map((count) => time(filter[count]!)),
  ]);
  console.log(table(head, rows));
}

function showEnvoy({ results, memory }: EnvoyReport): void {
  console.log("\nIn Envoy, processor time a request (100 rules; every call allowed; jwt_authn in both):\n");
  const micros = (value: number) => `${value.toFixed(0)} µs`;
  const rows = results.map((row) => [
    row.body,
    micros(row.without),
    micros(row.with),
    micros(row.added),
    row.rate.toFixed(0),
  ]);
  console.log(table(["body", "without", "with", "added", "requests/s"], rows));
  console.log(
    `\nResident memory after the load: ${memory.without.toFixed(0)} MiB without, ${memory.with.toFixed(0)} MiB with.`,
  );
}

async function main(): Promise<void> {
  const options = {
    quick: { type: "boolean" },
    json: { type: "boolean" },
    only: { type: "string" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(HELP);
  const [budgetMs, seconds, rounds] = values.quick ? [100, 0.4, 3] : [700, 2, 7];
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`;
  if (!values.json) console.log(machine);
  const filter = values.only === "envoy" ? undefined : benchFilter(budgetMs);
  if (filter && !values.json) showFilter(filter);
  const envoy = values.only === "filter" ? undefined : await benchEnvoy(seconds, rounds);
  if (envoy && !values.json) showEnvoy(envoy);
  if (values.json) console.log(JSON.stringify({ machine, filter, envoy }, null, 2));
}

await main().catch((error: Error) => {
  console.error(`scopegate: ${error instanceof EnvoyError ? error.message : error.stack}`);
  process.exit(2);
});
