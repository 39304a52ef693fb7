import { Exit, onlyFile, type Command } from "../command.ts";
import { pluginConfiguration } from "../compiler/index.ts";
import { compileFile, report, writeOutput } from "../input.ts";

export const compile: Command = {
  summary: "compile a policy to Envoy's plugin configuration",
  help: `Usage: scopegate compile POLICY [-o FILE] [--hold-headers] [--quiet-passes]

Prints the plugin configuration, a JSON object. Envoy must pass it to the filter as a StringValue.

Options:
  -o, --output FILE   write to FILE instead of standard output
  --hold-headers      for a host with allow_on_headers_stop_iteration: no part of a refused request is
                      forwarded. Without that setting in Envoy every request would hang.
  --quiet-passes      set filter state for the access log only on refused requests, not on those that pass

Exit codes: 0 success, 1 the policy has errors and nothing was written, 2 a file could not be read or written.
`,
  options: {
    output: { type: "string", short: "o" },
    "hold-headers": { type: "boolean" },
    "quiet-passes": { type: "boolean" },
  },
  run({ options, files }) {
    const file = onlyFile(files, "POLICY");
    const { program, policy, problems } = compileFile(file);
    report(problems);
    if (!program || !policy) return Exit.Wrong;
    const configuration = pluginConfiguration(program, policy, {
      holdHeaders: options["hold-headers"] === true,
      quietPasses: options["quiet-passes"] === true,
    });
    writeOutput(options.output as string | undefined, `${JSON.stringify(configuration)}\n`);
    return Exit.Done;
  },
};
