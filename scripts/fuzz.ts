// `npm run test:fuzz`: runs the suites of scripts/fuzz one after the other, for as long as asked. A finding is printed with
// the seed that reproduces it, and kept as a file in tests/corpus if asked to.
import { parseArgs } from "node:util";
import { keep } from "./fuzz/corpus.ts";
import { runSuite } from "./fuzz/run.ts";
import { SUITES } from "./fuzz/suites.ts";
import type { Outcome } from "./fuzz/suite.ts";

const HELP = `Usage: npm run test:fuzz -- [--suite NAME]... [--seconds N] [--seed N] [--rounds N] [--most N] [--keep]

Options:
  --suite NAME   one of ${Object.keys(SUITES).join(", ")}; may be repeated (default: all)
  --seconds N    time for all suites together (default: 600)
  --seed N       seed of the first round; round n has the seed N + n (default: from the clock)
  --rounds N     at most N rounds per suite
  --most N       stop a suite after N findings (default: 10)
  --keep         write each finding to tests/corpus
`;

interface Settings {
  seconds: number;
  seed: number;
  rounds: number;
  most: number;
  keep: boolean;
}

async function fuzz(suite: string, settings: Settings): Promise<boolean> {
  const { seed } = settings;
  console.log(`${suite}: seed ${seed}, ${settings.seconds.toFixed(0)} s`);
  const start = performance.now();
  const progress = (rounds: number) => {
    if (process.stderr.isTTY) process.stderr.write(`\r  ${rounds} rounds`);
  };
  const outcome = await runSuite(suite, { ...settings, progress });
  const seconds = (performance.now() - start) / 1000;
  if (process.stderr.isTTY) process.stderr.write("\r");
  tell(suite, outcome, seconds);
  if (settings.keep)
    for (const { input, problem } of outcome.findings) console.log(`  kept as ${keep(suite, input, problem)}`);
  return outcome.findings.length === 0;
}

function tell(suite: string, { rounds, findings, counts }: Outcome, seconds: number): void {
  const figures = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  console.log(
    `  ${rounds} rounds in ${seconds.toFixed(0)} s; ${figures.map(([name, value]) => `${name} ${value}`).join(", ")}`,
  );
  for (const { seed, input, problem } of findings) {
    console.log(`  ✗ ${problem}\n    input: ${JSON.stringify(input)}`);
    console.log(`    again: npm run test:fuzz -- --suite ${suite} --seed ${seed} --rounds 1`);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      suite: { type: "string", multiple: true },
      seconds: { type: "string", default: "600" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
      rounds: { type: "string", default: "Infinity" },
      most: { type: "string", default: "10" },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return (process.stdout.write(HELP), 0);
  const names = values.suite ?? Object.keys(SUITES);
  const settings = {
    seconds: Number(values.seconds) / names.length,
    seed: Number(values.seed),
    rounds: Number(values.rounds),
    most: Number(values.most),
    keep: values.keep,
  };
  const unknown = names.find((name) => !Object.hasOwn(SUITES, name));
  if (unknown !== undefined || [settings.seconds, settings.seed, settings.rounds, settings.most].some(Number.isNaN)) {
    process.stderr.write(unknown === undefined ? HELP : `no such suite: ${unknown}\n${HELP}`);
    return 2;
  }
  let fine = true;
  for (const name of names) fine = (await fuzz(name, settings)) && fine;
  return fine ? 0 : 1;
}

process.exit(await main());
