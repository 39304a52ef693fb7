import { CannotRun, Exit, UsageError, wantsJson, type Command } from "../command.ts";
import { programDigest, type Compilation, type Problem } from "../compiler/index.ts";
import { compileFile, nameOf, report } from "../input.ts";

export const check: Command = {
  summary: "report problems in policies; prints nothing if there are none",
  help: `Usage: scopegate check POLICY… [--cost] [--coverage] [--digest] [--format text|json]

Reports every error and warning in the policies as file:line:col, with the line and a hint.
POLICY is a scopegate/v1 Policy or an ai-gateway MCPRoute; - is standard input.

Options:
  --cost          also note for each when how many steps it takes at most per KiB of arguments
  --coverage      also note for each lock the tools that no rule names
  --digest        also note the digest of each program, by which decision records name their policy
  --format json   print a JSON list of {severity, file, line, column, length, message, hint} to standard output

Exit codes: 0 valid (warnings allowed), 1 a policy has errors, 2 a file could not be read.
`,
  options: {
    cost: { type: "boolean" },
    coverage: { type: "boolean" },
    digest: { type: "boolean" },
    format: { type: "string" },
  },
  run({ options, files }) {
    const json = wantsJson(options.format);
    if (files.length === 0) throw new UsageError("no POLICY given");
    const { problems, unreadable } = collect(files, {
      cost: options.cost === true,
      coverage: options.coverage === true,
      digest: options.digest === true,
    });
    if (json) process.stdout.write(`${JSON.stringify(problems.map(withoutExcerpt), null, 2)}\n`);
    else report(problems);
    for (const message of unreadable) process.stderr.write(`scopegate: ${message}\n`);
    if (unreadable.length > 0) return Exit.CannotRun;
    return problems.some(({ severity }) => severity === "error") ? Exit.Wrong : Exit.Done;
  },
};

/** Compiles all files; a missing one does not hide the problems of the others. */
function collect(
  files: string[],
  wanted: { cost: boolean; coverage: boolean; digest: boolean },
): { problems: Problem[]; unreadable: string[] } {
  const problems: Problem[] = [];
  const unreadable: string[] = [];
  for (const file of files) {
    try {
      const compiled = compileFile(file);
      const notes = [(wanted.cost && compiled.notes) || [], (wanted.coverage && compiled.coverage) || []].flat();
      problems.push(...compiled.problems, ...notes, ...(wanted.digest ? digestOf(file, compiled) : []));
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error;
      unreadable.push(error.message);
    }
  }
  return { problems, unreadable };
}

function digestOf(file: string, { program }: Compilation): Problem[] {
  if (!program) return [];
  const place = { file: nameOf(file), line: 0, column: 0, length: 1, excerpt: "" };
  return [{ severity: "note", ...place, message: `its program has the digest ${programDigest(program)}` }];
}

function withoutExcerpt({ excerpt: _excerpt, ...problem }: Problem): object {
  return problem;
}
