// `npm test [-- SUITE…]`: runs every suite and prints one line when it ends, failures in full as they occur, and the
// totals last. A suite that ran no test has failed.
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

/** Suites of node:test files, in this order: the folders of tests/ that contain them. */
const NODE_SUITES = [
  "compiler",
  "authoring",
  "cli",
  "golden",
  "wasm",
  "oracles",
  "reference",
  "field",
  "conformance",
  "delivery",
  "fuzz",
  "docs",
  "envoy",
  "clients",
];

/** Suites that have the machine for themselves: with Envoys and clients that wait for each other. The others run two at a time. */
const ALONE = ["delivery", "envoy", "clients"];

/** Suites that run only when they are named, with what they need. */
const LEFT_OUT = {
  browser: "a Chromium; npm run test:browser",
  observability: "prometheus and promtool, of Debian's package prometheus; npm run test:observability",
};

/** Folders with tests that no suite names: they would never run. */
function unlistedFolders(): string[] {
  const folders = readdirSync("tests", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name }) => name)
    .filter((name) => ![...NODE_SUITES, ...Object.keys(LEFT_OUT)].includes(name) && testFiles(name).length > 0);
}

function testFiles(folder: string): string[] {
  return readdirSync(`tests/${folder}`)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `tests/${folder}/${file}`);
}

function suites(): Suite[] {
  const unlisted = unlistedFolders();
  if (unlisted.length > 0) throw new Error(`no suite runs the tests in ${unlisted.join(", ")}`);
  return [
    { name: "check", run: runChecks },
    { name: "unit", run: runSpecs },
    ...[...NODE_SUITES, ...Object.keys(LEFT_OUT)].map((name): Suite => ({
      name,
      run: () => runFiles(testFiles(name)),
    })),
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
  console.error(`no such suite: ${unknown}; the suites are ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const chosen = all.filter(({ name }) => (wanted.length > 0 ? wanted.includes(name) : !Object.hasOwn(LEFT_OUT, name)));
const isAlone = ({ name }: Suite): boolean => ALONE.includes(name) || Object.hasOwn(LEFT_OUT, name);
const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
await inLanes(
  2,
  chosen.filter((suite) => !isAlone(suite)),
);
await inLanes(1, chosen.filter(isAlone));
if (wanted.length === 0)
  for (const [name, needs] of Object.entries(LEFT_OUT)) console.log(`not run: ${name} (needs ${needs})`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exit(sum.failed > 0 ? 1 : 0);

/** Runs so many suites at a time, each as soon as another has ended. */
async function inLanes(count: number, list: Suite[]): Promise<void> {
  const queue = [...list];
  const lane = async (): Promise<void> => {
    for (let suite = queue.shift(); suite; suite = queue.shift()) {
      const totals = await runSuite(suite);
      for (const key of ["passed", "failed", "skipped"] as const) sum[key] += totals[key];
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
}
