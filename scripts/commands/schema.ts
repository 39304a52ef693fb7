import { Exit, UsageError, type Command } from "../command.ts";
import { writeOutput } from "../input.ts";
import { schemaText } from "../schema.ts";

export const schema: Command = {
  summary: "print the JSON Schema of policies and policy tests, for editors",
  help: `Usage: scopegate schema [-o FILE]

Prints the JSON Schema (draft 2020-12) of policies and of *.test.yaml. A first line in a file names it to editors:

  # yaml-language-server: $schema=policy.schema.json

Options:
  -o, --output FILE   write it there

Exit codes: 0 done, 2 the file could not be written.
`,
  options: { output: { type: "string", short: "o" } },
  run({ options, files }) {
    if (files.length > 0) throw new UsageError(`unexpected argument ${files[0]}`);
    writeOutput(options.output as string | undefined, schemaText());
    return Exit.Done;
  },
};
