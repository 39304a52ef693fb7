// Types, lint and formatting, each counted as one test.
import { indent, runTool, type Totals } from "./totals.ts";

const CHECKS: [name: string, script: string, args: string[]][] = [
  ["types of scripts and tests", "typescript/bin/tsc", ["-p", "tsconfig.json"]],
  ["types of the filter", "typescript/bin/tsc", ["-p", "assembly/tsconfig.json"]],
  ["lint", "eslint/bin/eslint.js", ["--max-warnings", "0", "."]],
  ["format", "prettier/bin/prettier.cjs", ["--check", "--log-level", "warn", "."]],
];

export async function runChecks(): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, script, args] of CHECKS) {
    const { code, output } = await runTool(script, args);
    if (code === 0) totals.passed++;
    else {
      totals.failed++;
      console.log(`  ✗ ${name}\n${indent(output)}`);
    }
  }
  return totals;
}
