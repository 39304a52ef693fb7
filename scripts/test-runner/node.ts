// node:test files, each in a process of its own with tsx. Counts tests, not suites; prints the failures.
import { run } from "node:test";
import { resolve } from "node:path";
import { finished } from "node:stream/promises";
import { indent, type Totals } from "./totals.ts";

interface TestEvent {
  name: string;
  nesting: number;
  skip?: string | boolean;
  todo?: string | boolean;
  details: { type?: string; error?: unknown };
}

/** Runs the files one after the other; a file without a test has failed. `failures` gets the names of tests that fail. */
export async function runFiles(files: string[], failures: string[] = []): Promise<Totals> {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    const totals = await runFile(file, failures);
    if (totals.passed + totals.failed + totals.skipped === 0) {
      totals.failed = 1;
      console.log(`  ✗ ${file}: no test ran`);
    }
    for (const key of ["passed", "failed", "skipped"] as const) sum[key] += totals[key];
  }
  return sum;
}

async function runFile(file: string, failures: string[]): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const path = resolve(file);
  const isTest = ({ details, nesting, name }: TestEvent): boolean =>
    details.type !== "suite" && !(nesting === 0 && resolve(name) === path);
  const stream = run({ files: [path], concurrency: 1 });
  stream.on("test:pass", (event: TestEvent) => {
    if (isTest(event)) totals[event.skip === undefined ? "passed" : "skipped"]++;
  });
  stream.on("test:fail", (event: TestEvent) => {
    // A suite fails with its tests; the file itself fails only if it could not run.
    if (event.details.type === "suite") return;
    totals.failed++;
    failures.push(event.name);
    console.log(`  ✗ ${event.name}\n${indent(describe(event.details.error))}`);
  });
  stream.on("test:diagnostic", ({ message }: { message: string }) => {
    if (!NODE_TOTALS.test(message)) console.log(`  ${message}`);
  });
  stream.on("test:stderr", (event: { message: string }) => process.stderr.write(event.message));
  stream.resume();
  await finished(stream);
  return totals;
}

/** What node:test prints at the end of a run; the runner counts by itself. */
const NODE_TOTALS = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/** The error of a failed test, without node:test's own wrapper and frames. */
function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return (cause.stack ?? cause.message).replace(/\n +at .*(?:node:|node_modules).*/g, "");
}

// The processes of the files inherit this: `run` has no option for it on Node 20.
// The whole address, since some tests start programs in other folders.
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ""} --import ${import.meta.resolve("tsx")}`.trim();
