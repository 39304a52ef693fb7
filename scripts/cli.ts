// The command line: finds the subcommand, reads its arguments, and turns what it says into an exit code.
import { parseArgs } from "node:util";
import { CannotRun, Exit, UsageError, type Command, type Invocation } from "./command.ts";
import { check } from "./commands/check.ts";
import { compile } from "./commands/compile.ts";
import { evaluate } from "./commands/eval.ts";
import { explain } from "./commands/explain.ts";
import { importCommand } from "./commands/import.ts";
import { init } from "./commands/init.ts";
import { krm } from "./commands/krm.ts";
import { lock } from "./commands/lock.ts";
import { lsp } from "./commands/lsp.ts";
import { manifest } from "./commands/manifest.ts";
import { playground } from "./commands/playground.ts";
import { replay } from "./commands/replay.ts";
import { report } from "./commands/report.ts";
import { schema } from "./commands/schema.ts";
import { show } from "./commands/show.ts";
import { test } from "./commands/test.ts";
import pkg from "../package.json" with { type: "json" };

const COMMANDS: Record<string, Command> = {
  check,
  compile,
  manifest,
  krm,
  eval: evaluate,
  test,
  explain,
  show,
  replay,
  report,
  lock,
  init,
  import: importCommand,
  schema,
  lsp,
  playground,
};

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: scopegate COMMAND [options] [file…]

Scope-aware authorization for MCP in Envoy: check, compile and test policies.

Commands:
${lines.join("\n")}

Options:
  --help     show help, also for a COMMAND
  --version  show the version

The file name - means standard input. Exit codes: 0 success, 1 invalid input or a failed test, 2 could not run.
`;
}

/** Runs one command line (without node and script) and returns its exit code. */
export async function main(args: string[]): Promise<Exit> {
  const [name = "", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") return say(overview());
  if (name === "--version") return say(`${pkg.version}\n`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (!command) throw new UsageError(name === "" ? "no command given" : `no such command: ${name}`);
    const { values: options, positionals: files } = readArguments(command, rest);
    return options.help ? say(command.help) : await command.run({ options, files });
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    const pointer = `; see scopegate ${command ? `${name} ` : ""}--help`;
    process.stderr.write(`scopegate: ${error.message}${error instanceof UsageError ? pointer : ""}\n`);
    return Exit.CannotRun;
  }
}

function readArguments(command: Command, args: string[]) {
  const options = { ...command.options, help: { type: "boolean", short: "h" } } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true }) as {
      values: Invocation["options"];
      positionals: string[];
    };
  } catch (error) {
    throw new UsageError((error as Error).message.split(". ")[0]);
  }
}

function say(text: string): Exit {
  process.stdout.write(text);
  return Exit.Done;
}

// A reader that closes early (`| head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(Exit.Done);
  throw error;
});
process.exitCode = await main(process.argv.slice(2));
