import { CannotRun, Exit, UsageError, wantsJson, type Command } from "../command.ts";
import { compareLocks, describeChange } from "../compiler/lock/compare.ts";
import { KIND_NAMES, LockError, type Lock } from "../compiler/lock/lock.ts";
import { renderLock } from "../compiler/lock/text.ts";
import { readInput, writeOutput } from "../input.ts";
import { existingLock, lockFrom, SOURCE_HELP, SOURCE_OPTIONS } from "../lock/source.ts";

export const lock: Command = {
  summary: "write down what a server offers, or tell what changed",
  help: `Usage: scopegate lock --from URL|FILE [-o FILE] [--header H] [--timeout N]
       scopegate lock --stdio COMMAND [-o FILE] [--timeout N]
       scopegate lock --check LOCK --from URL|FILE [--format text|json]

Asks an MCP server for its tools, prompts, resources and resource templates, all pages, and prints a lock: one entry
per item with a digest, in a stable order, for review in git. A policy names it with lock: FILE; then check knows the
tools and the types of their arguments.

Options:
${SOURCE_HELP}
  -o, --output FILE write it there
  --check LOCK      print nothing when the server offers what LOCK says, else what was added, what is gone, and which
                    members of an item changed
  --format json     with --check: a JSON list of {kind, id, change, members}

Exit codes: 0 done, 1 the server's answer is wrong, or it differs from LOCK, 2 it could not run.
`,
  options: {
    ...SOURCE_OPTIONS,
    output: { type: "string", short: "o" },
    check: { type: "string" },
    format: { type: "string" },
  },
  async run({ options, files }) {
    if (files.length > 0) throw new UsageError(`unexpected argument ${files[0]}`);
    const json = wantsJson(options.format);
    const check = options.check as string | undefined;
    if (check === "-" && options.from === "-") throw new UsageError("only one of --check and --from can be -");
    const known = check === undefined ? undefined : existingLock(readInput(check), check);
    const offered = await lockOrMessage(options);
    if (!offered) return Exit.Wrong;
    if (known) return compare(known, offered, json);
    writeOutput(options.output as string | undefined, renderLock(offered));
    process.stderr.write(`${summary(offered)}\n`);
    return Exit.Done;
  },
};

/** The lock, or its fault on standard error. */
export async function lockOrMessage(options: Parameters<typeof lockFrom>[0]): Promise<Lock | undefined> {
  try {
    return await lockFrom(options);
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    if (error.cannotRun) throw new CannotRun(error.message);
    process.stderr.write(`scopegate: ${error.message}; nothing was written\n`);
    return undefined;
  }
}

function compare(known: Lock, offered: Lock, json: boolean): Exit {
  const changes = compareLocks(known, offered);
  if (json) process.stdout.write(`${JSON.stringify(changes, null, 2)}\n`);
  else for (const change of changes) process.stdout.write(`${describeChange(change)}\n`);
  return changes.length > 0 ? Exit.Wrong : Exit.Done;
}

/** `42 tools, 3 prompts`. */
function summary(found: Lock): string {
  const words = { tools: "tools", prompts: "prompts", resources: "resources", resourceTemplates: "resource templates" };
  const counts = KIND_NAMES.filter((kind) => found[kind].length > 0).map(
    (kind) => `${found[kind].length} ${words[kind]}`,
  );
  return `scopegate: locked ${counts.join(", ") || "nothing: the server offers no tools, prompts or resources"}`;
}
