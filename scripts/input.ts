// Reads the inputs of commands, writes their output, and reports their problems.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CannotRun, useColor } from "./command.ts";
import {
  compilePolicy,
  conflicts,
  renderProblems,
  type Compilation,
  type Member,
  type Problem,
} from "./compiler/index.ts";
import { load, loadMembers, type Loaded } from "./evaluate/load.ts";

/** The text of a file, or of standard input for `-`. Throws CannotRun. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CannotRun(`cannot read ${file === "-" ? "standard input" : file}: ${reasonOf(error)}`);
  }
}

/** Writes to a file, or to standard output without one or for `-`. Throws CannotRun. */
export function writeOutput(file: string | undefined, text: string): void {
  if (file === undefined || file === "-") return void process.stdout.write(text);
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new CannotRun(`cannot write ${file}: ${reasonOf(error)}`);
  }
}

/** The name of an input in messages. */
export function nameOf(file: string): string {
  return file === "-" ? "<stdin>" : file;
}

/** Prints problems to standard error, for people. */
export function report(problems: Problem[]): void {
  process.stderr.write(renderProblems(problems, { color: useColor(process.stderr) }));
}

/** Compiles a file, or standard input for `-`, with the files that it names. Throws CannotRun. */
export function compileFile(file: string): Compilation {
  return compilePolicy(readInput(file), nameOf(file), { read: readerBeside(file) });
}

/** Compiles a file, ready for the engine; problems go to standard error. Throws CannotRun. */
export function loadFile(file: string): Loaded | undefined {
  return loadFiles([file]);
}

/**
 * Compiles files, several of them for one plugin configuration, or one with a candidate; problems go to standard error.
 * Throws CannotRun.
 */
export function loadFiles(files: readonly string[], candidate?: string): Loaded | undefined {
  const members = compileFiles(files);
  const beside = candidate === undefined ? undefined : compileFiles([candidate]);
  if (!members || (candidate !== undefined && !beside)) return undefined;
  return members.length > 1 ? loadMembers(members) : load({ ...members[0]!, problems: [] }, beside?.[0]);
}

/**
 * Compiles files; problems, also those that the policies have with each other, go to standard error. Undefined if one is an
 * error. Throws CannotRun.
 */
export function compileFiles(files: readonly string[]): Member[] | undefined {
  const compiled = files.map((file) => ({ file: nameOf(file), ...compileFile(file) }));
  const members = compiled.flatMap(({ file, policy, program }) =>
    policy && program ? [{ file, policy, program }] : [],
  );
  const isWhole = members.length === files.length;
  const rivals = isWhole && members.length > 1 ? conflicts(members) : [];
  report([...compiled.flatMap(({ problems }) => problems), ...rivals]);
  return isWhole && rivals.length === 0 ? members : undefined;
}

/** Reads files by their paths relative to a policy's folder, for standard input to the working directory. */
export function readerBeside(file: string): (path: string) => string | undefined {
  const folder = file === "-" ? "." : dirname(file);
  return (path) => {
    const found = resolve(folder, path);
    return existsSync(found) && statSync(found).isFile() ? readFileSync(found, "utf8") : undefined;
  };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Record<string, string> = {
    ENOENT: "no such file",
    EISDIR: "it is a directory",
    EACCES: "permission denied",
  };
  return (code && reasons[code]) ?? (error as Error).message;
}
