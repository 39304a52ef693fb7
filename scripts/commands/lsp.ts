import { Exit, UsageError, type Command } from "../command.ts";

export const lsp: Command = {
  summary: "the language server for editors, on standard input and output",
  help: `Usage: scopegate lsp

Speaks the Language Server Protocol on standard input and output: the messages of check as diagnostics, their hints as
quick fixes, hover, completion and go to definition, for policies and *.test.yaml. Editors start it: docs/editors.md.

Options:
  --stdio   what it does anyway; some editors say it

Exit codes: 0 the editor ended it, 2 usage.
`,
  options: { stdio: { type: "boolean" } },
  async run({ files }) {
    if (files.length > 0) throw new UsageError(`unexpected argument ${files[0]}`);
    const { serve } = await import("../lsp/server.ts");
    await serve();
    return Exit.Done;
  },
};
