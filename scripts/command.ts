// What a subcommand is, and how it reports that it cannot run.
import type { ParseArgsConfig } from "node:util";

/** The exit codes that scripts rely on. */
export enum Exit {
  Done = 0,
  /** The input is invalid, or a test failed. */
  Wrong = 1,
  /** The command could not run: wrong usage, a missing file. */
  CannotRun = 2,
}

export type OptionValue = string | boolean | (string | boolean)[] | undefined;

export interface Invocation {
  options: Record<string, OptionValue>;
  files: string[];
}

export interface Command {
  /** One line for the overview. */
  summary: string;
  /** The text of `--help`, beginning with the usage line. */
  help: string;
  /** `help` is added for every command. */
  options: NonNullable<ParseArgsConfig["options"]>;
  run(invocation: Invocation): Promise<Exit> | Exit;
}

/** Ends the command with exit code 2 and this message. */
export class CannotRun extends Error {}

/** The same, with a pointer to the command's help. */
export class UsageError extends CannotRun {}

/** The single positional argument of a command. */
export function onlyFile(files: string[], word: string): string {
  const [file, ...rest] = files;
  if (file === undefined) throw new UsageError(`no ${word} given`);
  if (rest.length > 0) throw new UsageError(`expected one ${word}, got ${files.length}`);
  return file;
}

/** Reads `--format`: true for json. */
export function wantsJson(format: OptionValue): boolean {
  if (format !== undefined && format !== "text" && format !== "json")
    throw new UsageError(`--format must be text or json, not ${String(format)}`);
  return format === "json";
}

/** Whether to colour what goes to a stream. */
export function useColor(stream: NodeJS.WriteStream): boolean {
  return Boolean(stream.isTTY) && !process.env.NO_COLOR;
}
