// The as-pect specs of tests/unit.
import { resolve } from "node:path";
import { indent, runTool, type Totals } from "./totals.ts";

// An absolute path, so that asc finds the transform that it names.
const CONFIG = resolve("tests/as-pect.asconfig.json");
const ARGS = ["--no-logo", "-c", "tests/as-pect.config.js", "-a", CONFIG, "--summary"];

export async function runSpecs(): Promise<Totals> {
  const { code, output } = await runTool("@as-pect/cli/bin/asp", ARGS);
  // eslint-disable-next-line no-control-regex -- the colours of as-pect's summary
  const plain = output.replace(/\u001b\[[0-9;]*m/g, "");
  const [, passed = "0", total = "0"] = /\[Tests\]: (\d+) \/ (\d+)/.exec(plain) ?? [];
  const totals: Totals = { passed: Number(passed), failed: Number(total) - Number(passed), skipped: 0 };
  // A spec that does not compile ends the run without a summary.
  if (code !== 0 && totals.failed === 0) totals.failed = 1;
  if (totals.failed > 0) console.log(indent(plain));
  return totals;
}
