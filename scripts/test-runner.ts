// `npm test [-- SUITE…]`: every suite, one line each as it ends, failures in full at once, the totals as the last line.
// A suite that ran no test has failed.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runChecks } from "./test-runner/checks.ts";
import { runFiles } from "./test-runner/node.ts";
import { runSpecs } from "./test-runner/specs.ts";
import type { Totals } from "./test-runner/totals.ts";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

interface Suite {
  name: string;
  run(): Promise<Totals>;
}

/** Suites of node:test files, by what their names begin with. A file that no line claims runs in `other`. */
const NODE_SUITES: [name: string, prefixes: string[]][] = [
  ["compiler", ["cel", "policy", "regex", "encode"]],
  ["cli", ["cli"]],
  ["golden", ["golden"]],
  ["wasm", ["wasm", "challenge"]],
  ["conformance", ["conformance"]],
  ["delivery", ["image", "package", "manifest"]],
  ["fuzz", ["fuzz"]],
  ["other", [""]],
  ["envoy", ["envoy"]],
  ["clients", ["sdk"]],
];

function suites(): Suite[] {
  const files = readdirSync("tests").filter((file) => file.endsWith(".test.ts"));
  const claims = (prefixes: string[]) => (file: string) => prefixes.some((prefix) => prefix && file.startsWith(prefix));
  const claimed = NODE_SUITES.flatMap(([, prefixes]) => prefixes);
  const node = NODE_SUITES.map(([name, prefixes]): Suite & { files: string[] } => {
    const own = files.filter((file) => (name === "other" ? !claims(claimed)(file) : claims(prefixes)(file)));
    return { name, files: own, run: () => runFiles(own.map((file) => `tests/${file}`)) };
  });
  return [
    { name: "check", run: runChecks },
    { name: "unit", run: runSpecs },
    ...node.filter(({ name, files: own }) => name !== "other" || own.length > 0),
  ];
}

async function runSuite({ name, run }: Suite): Promise<Totals> {
  const start = performance.now();
  console.log(`${name} …`);
  const totals = await run();
  if (totals.passed + totals.failed + totals.skipped === 0) {
    console.log("  ✗ no test ran");
    totals.failed = 1;
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${name}: ${totals.passed} of ${totals.passed + totals.failed} passed${skipped} (${seconds} s)\n`);
  return totals;
}

const all = suites();
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !all.some((suite) => suite.name === name));
if (unknown !== undefined) {
  console.error(`no such suite: ${unknown}; there are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const suite of all) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  const totals = await runSuite(suite);
  for (const key of ["passed", "failed", "skipped"] as const) sum[key] += totals[key];
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exit(sum.failed > 0 ? 1 : 0);
