// Reads the inputs of commands, and reports their problems.
import { readFileSync } from "node:fs";
import { CannotRun, useColor } from "./command.ts";
import { renderProblems, type Problem } from "./compiler/index.ts";

/** The text of a file, or of standard input for `-`. Throws CannotRun. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new CannotRun(`cannot read ${file === "-" ? "standard input" : file}: ${reasonOf(error)}`);
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

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const reasons: Record<string, string> = {
    ENOENT: "no such file",
    EISDIR: "it is a directory",
    EACCES: "permission denied",
  };
  return (code && reasons[code]) ?? (error as Error).message;
}
