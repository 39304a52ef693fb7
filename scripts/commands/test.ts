import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CannotRun, Exit, UsageError, useColor, wantsJson, type Command } from "../command.ts";
import { FilterFailure } from "../evaluate/result.ts";
import { share, type Goal } from "../policy-test/coverage.ts";
import { TestFileError } from "../policy-test/file.ts";
import { Runner, type FileOutcome } from "../policy-test/run.ts";

export const test: Command = {
  summary: "run policy tests (*.test.yaml) with the filter",
  help: `Usage: scopegate test PATH… [--min-coverage N] [--format text|json]

Runs policy tests; a folder means every *.test.yaml below it. Example:

  policy: policy.yaml
  tests:
    - name: a public file may be read
      scopes: [files:read]
      call: {backend: fs, tool: read_file, args: {path: /public/a.txt}}
      expect: {decision: allow, rule: public-files}
    - name: a missing scope is asked for
      payload: {sub: ann}
      call: {backend: fs, tool: read_file, args: {path: /public/a.txt}}
      expect: {decision: deny, reason: insufficient_scope, scopes: [files:read]}
    - name: what a reader sees of the tools
      scopes: [files:read]
      list: tools
      expect: {callable: [fs__read_file], obtainable: [fs__write_file], never: [fs__purge]}

payload is the token's; scopes is short for a payload with only a scope; with neither there is no token. Instead of
tool, call takes resource (a URI), prompt, or method with params; request takes the fields of \`scopegate eval\`. list is tools, prompts,
resources or resourceTemplates, and expect then says which items must be which.

Options:
  --min-coverage N   fail if less than N percent of rules and \`when\` branches were reached
  --format json      {files: [{file, tests: [{name, differences}]}], coverage: [{policy, …}], passed, failed}

Exit codes: 0 all passed, 1 a test failed or a file has errors, 2 no test ran.
`,
  options: { "min-coverage": { type: "string" }, format: { type: "string" } },
  run({ options, files }) {
    if (files.length === 0) throw new UsageError("no PATH given");
    const minimum = readPercent(options["min-coverage"]);
    const json = wantsJson(options.format);
    const summary = runAll(files.flatMap(testFiles));
    process.stdout.write(json ? `${JSON.stringify(asJson(summary), null, 2)}\n` : render(summary));
    for (const error of summary.errors) process.stderr.write(`${error}\n`);
    if (summary.errors.length > 0) return Exit.Wrong;
    if (summary.passed + summary.failed === 0) throw new CannotRun("no test ran");
    const percent = Math.min(...summary.coverage.map(({ goals }) => share(goals).percent));
    const short = minimum !== undefined && percent < minimum;
    if (short) process.stderr.write(`scopegate: coverage is ${percent}%, below the required ${minimum}%\n`);
    return summary.failed > 0 || short ? Exit.Wrong : Exit.Done;
  },
};

interface Summary {
  files: FileOutcome[];
  coverage: { policy: string; goals: Goal[] }[];
  errors: string[];
  passed: number;
  failed: number;
}

function runAll(files: string[]): Summary {
  const runner = new Runner();
  const summary: Summary = { files: [], coverage: [], errors: [], passed: 0, failed: 0 };
  for (const file of files) {
    try {
      const outcome = runner.run(file);
      summary.files.push(outcome);
      for (const { differences } of outcome.tests) summary[differences.length === 0 ? "passed" : "failed"]++;
    } catch (error) {
      if (!(error instanceof TestFileError || error instanceof FilterFailure)) throw error;
      summary.errors.push(error.message);
    }
  }
  summary.coverage = [...runner.coverage].map(([policy, { goals }]) => ({ policy, goals }));
  return summary;
}

function render({ files, coverage, passed, failed }: Summary): string {
  const paint = (code: number, text: string): string =>
    useColor(process.stdout) ? `\x1b[${code}m${text}\x1b[0m` : text;
  const lines = files.flatMap(({ file, tests }) => [
    file,
    ...tests.flatMap(({ name, differences }) => [
      differences.length === 0 ? `  ${paint(32, "✓")} ${name}` : `  ${paint(31, "✗")} ${name}`,
      ...differences.map((line) => `      ${line}`),
    ]),
  ]);
  for (const { policy, goals } of coverage) lines.push("", ...coverageLines(policy, goals));
  return [...lines, "", `${passed} passed, ${failed} failed`, ""].join("\n");
}

function coverageLines(policy: string, goals: Goal[]): string[] {
  const part = (word: string, kind: Goal["kind"]): string => {
    const { reached, all } = share(goals, kind);
    return `${word} ${reached} of ${all}`;
  };
  const head = `${policy}: ${part("rules", "rule")}, when branches ${part("", "when").trim()}, coverage ${share(goals).percent}%`;
  return [head, ...goals.filter(({ reached }) => !reached).map(({ what }) => `  not covered: ${what}`)];
}

function asJson({ files, coverage, passed, failed }: Summary): object {
  const parts = coverage.map(({ policy, goals }) => ({
    policy,
    rules: share(goals, "rule"),
    when: share(goals, "when"),
    percent: share(goals).percent,
    missing: goals.filter(({ reached }) => !reached).map(({ what }) => what),
  }));
  return { files, coverage: parts, passed, failed };
}

function readPercent(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const percent = Number(value);
  if (value === "" || !(percent >= 0 && percent <= 100))
    throw new UsageError(`--min-coverage must be a percentage, not ${String(value)}`);
  return percent;
}

/** The test files that a path names. Throws CannotRun. */
function testFiles(path: string): string[] {
  if (!existsSync(path)) throw new CannotRun(`cannot read ${path}: no such file`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : testFiles(join(path, entry.name));
      return entry.name.endsWith(".test.yaml") ? [join(path, entry.name)] : [];
    });
}
