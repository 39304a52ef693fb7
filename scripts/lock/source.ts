// Where a lock comes from: a URL, a program, a saved answer, or a lock that is there already.
import { CannotRun, UsageError, type Invocation } from "../command.ts";
import { makeLock, type Lock } from "../compiler/lock/lock.ts";
import { readLock } from "../compiler/lock/text.ts";
import { renderProblems } from "../compiler/source/problem.ts";
import { nameOf, readInput } from "../input.ts";
import { readAnswers } from "./answers.ts";

/** The options of commands that ask a server. */
export const SOURCE_OPTIONS = {
  from: { type: "string" },
  stdio: { type: "string" },
  header: { type: "string", multiple: true },
  timeout: { type: "string" },
} as const;

export const SOURCE_HELP = `  --from URL|FILE   a server (streamable HTTP), or a file with its saved answer; - is standard input
  --stdio COMMAND   a program that speaks MCP on standard input and output: --stdio 'node server.js'
  --header H        a header for the server, such as "authorization: Bearer TOKEN"; may be repeated
  --timeout N       seconds for each answer of the server; default 30`;

/** The lock of what the options name. Throws CannotRun, and LockError when the answer is wrong. */
export async function lockFrom(options: Invocation["options"]): Promise<Lock> {
  const { from, stdio } = options as { from?: string; stdio?: string };
  if ((from === undefined) === (stdio === undefined)) throw new UsageError("give either --from or --stdio");
  const live = { headers: readHeaders(options["header"]), timeout: readTimeout(options["timeout"]) };
  if (stdio !== undefined) {
    const { askProgram } = await import("./live.ts");
    const { answers, server } = await askProgram(words(stdio), live);
    return makeLock(answers, server);
  }
  if (!/^https?:\/\//i.test(from!)) return lockOfFile(from!);
  if (!URL.canParse(from!)) throw new UsageError(`--from ${from} is no URL`);
  const { askUrl } = await import("./live.ts");
  const { answers, server } = await askUrl(new URL(from!), live);
  return makeLock(answers, server);
}

function lockOfFile(file: string): Lock {
  const text = readInput(file);
  if (/^\s*scopegateLock:/m.test(text)) return existingLock(text, file);
  return makeLock(readAnswers(text, nameOf(file)));
}

/** A lock as it is. Throws CannotRun with its problems when it is wrong. */
export function existingLock(text: string, file: string): Lock {
  const { lock, problems } = readLock(text, nameOf(file));
  if (lock) return lock;
  throw new CannotRun(`${nameOf(file)} is no lock that can be used\n${renderProblems(problems).trimEnd()}`);
}

function readHeaders(given: unknown): Record<string, string> {
  const lines = (given ?? []) as string[];
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e\t]*)$/.exec(line) ?? [];
      // The line may hold a token, so it is not repeated.
      if (name === undefined) throw new UsageError('--header is "name: value" in ASCII');
      return [name, value!.trim()];
    }),
  );
}

function readTimeout(given: unknown): number {
  const seconds = given === undefined ? 30 : Number(given);
  if (!(seconds > 0 && seconds <= 600))
    throw new UsageError(`--timeout is from 1 to 600 seconds, not ${String(given)}`);
  return seconds * 1000;
}

/** Splits a command at spaces; quotes hold words together. */
function words(command: string): string[] {
  const parts = [...command.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([part]) =>
    part.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"),
  );
  if (parts.length === 0) throw new UsageError("--stdio names no program");
  return parts;
}
