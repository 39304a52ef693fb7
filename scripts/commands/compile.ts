import { Exit, UsageError, type Command } from "../command.ts";
import { pluginConfiguration, severalConfiguration, type Member } from "../compiler/index.ts";
import { compileFiles, writeOutput } from "../input.ts";
import { readRecordKey, warnWithoutKey } from "../record-key.ts";

export const compile: Command = {
  summary: "compile a policy to Envoy's plugin configuration",
  help: `Usage: scopegate compile POLICY… [-o FILE] [--candidate NEXT] [--hold-headers] [--guard]
                         [--record-key FILE]

Prints the plugin configuration, a JSON object. Envoy must pass it to the filter as a StringValue. Of several policies
the host and path of each request choose one, by \`resource\`; a request that belongs to none is refused.

Options:
  -o, --output FILE   write to FILE instead of standard output
  --candidate NEXT    a policy that is evaluated beside POLICY: what it would decide is told, and changes nothing
  --hold-headers      for a host with allow_on_headers_stop_iteration: no part of a refused request is
                      forwarded. Without that setting in Envoy every request would hang.
  --guard             mark each request, so that a check after the filter can refuse everything if the filter is missing
  --record-key FILE   a secret, at least 16 bytes: the key for what the policy's records have hashed

Exit codes: 0 success, 1 the policy has errors and nothing was written, 2 a file could not be read or written.
`,
  options: {
    output: { type: "string", short: "o" },
    "hold-headers": { type: "boolean" },
    guard: { type: "boolean" },
    candidate: { type: "string" },
    "record-key": { type: "string" },
  },
  run({ options, files }) {
    if (files.length === 0) throw new UsageError("no POLICY given");
    const members = compileFiles(files);
    const next = options.candidate as string | undefined;
    if (next !== undefined && files.length > 1) throw new UsageError("--candidate needs one POLICY");
    const candidate = next === undefined ? undefined : compileFiles([next]);
    if (!members || (next !== undefined && !candidate)) return Exit.Wrong;
    const host = {
      holdHeaders: options["hold-headers"] === true,
      guard: options["guard"] === true,
      recordKey: readRecordKey(options["record-key"]),
    };
    warnWithoutKey(members, host.recordKey);
    const [{ program, policy }] = members as [Member];
    const configuration =
      members.length > 1
        ? severalConfiguration(members, host)
        : pluginConfiguration(program, policy, { ...host, candidate: candidate?.[0] });
    writeOutput(options.output as string | undefined, `${JSON.stringify(configuration)}\n`);
    return Exit.Done;
  },
};
