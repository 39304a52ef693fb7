import { CannotRun, Exit, UsageError, wantsJson, type Command } from "../command.ts";
import { compilePolicy, type Problem } from "../compiler/index.ts";
import { nameOf, readInput, report } from "../input.ts";

export const check: Command = {
  summary: "say what is wrong with policies; silent when nothing is",
  help: `Usage: scopegate check POLICY… [--cost] [--format text|json]

Reports every error and warning of the policies as file:line:col, with the line and a hint.
POLICY is a scopegate/v1 Policy or an MCPRoute of ai-gateway; - is standard input.

Options:
  --cost          also a note for each when: the steps it takes at most on each KiB of arguments
  --format json   a JSON list of {severity, file, line, column, length, message, hint} on standard output

Exit codes: 0 right (warnings allowed), 1 some policy is wrong, 2 a file could not be read.
`,
  options: { cost: { type: "boolean" }, format: { type: "string" } },
  run({ options, files }) {
    const json = wantsJson(options.format);
    if (files.length === 0) throw new UsageError("no POLICY given");
    const { problems, unreadable } = collect(files, options.cost === true);
    if (json) process.stdout.write(`${JSON.stringify(problems.map(withoutExcerpt), null, 2)}\n`);
    else report(problems);
    for (const message of unreadable) process.stderr.write(`scopegate: ${message}\n`);
    if (unreadable.length > 0) return Exit.CannotRun;
    return problems.some(({ severity }) => severity === "error") ? Exit.Wrong : Exit.Done;
  },
};

/** A file that is missing does not hide what is wrong with the others. */
function collect(files: string[], cost: boolean): { problems: Problem[]; unreadable: string[] } {
  const problems: Problem[] = [];
  const unreadable: string[] = [];
  for (const file of files) {
    try {
      const compiled = compilePolicy(readInput(file), nameOf(file));
      problems.push(...compiled.problems, ...((cost && compiled.notes) || []));
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      unreadable.push(error.message);
    }
  }
  return { problems, unreadable };
}

function withoutExcerpt({ excerpt: _excerpt, ...problem }: Problem): object {
  return problem;
}
