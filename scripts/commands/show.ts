import { Exit, onlyFile, type Command } from "../command.ts";
import { listing, ProgramError } from "../compiler/index.ts";
import { nameOf, readInput } from "../input.ts";

export const show: Command = {
  summary: "list the program inside a plugin configuration",
  help: `Usage: scopegate show CONFIG

Lists the program inside a plugin configuration (the output of \`scopegate compile\`): settings, scopes, rules, code.

Exit codes: 0 success, 1 not a plugin configuration, 2 the file could not be read.
`,
  options: {},
  run({ files }) {
    const file = onlyFile(files, "CONFIG");
    try {
      process.stdout.write(listing(programOf(readInput(file))));
      return Exit.Done;
    } catch (error) {
      if (!(error instanceof ProgramError || error instanceof SyntaxError)) throw error;
      process.stderr.write(`${nameOf(file)}: error: ${error.message}\n`);
      return Exit.Wrong;
    }
  },
};

/** The bytes of `program`. Throws a SyntaxError when the text is not a plugin configuration. */
function programOf(text: string): Uint8Array {
  const configuration: unknown = JSON.parse(text);
  const program = (configuration as { program?: unknown } | null)?.program;
  if (typeof program !== "string") throw new SyntaxError("not a plugin configuration: it has no `program`");
  return new Uint8Array(Buffer.from(program, "base64"));
}
