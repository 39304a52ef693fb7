import { basename } from "node:path";
import { Exit, onlyFile, UsageError, type Command } from "../command.ts";
import { compilePolicy } from "../compiler/index.ts";
import { Report } from "../compiler/source/document.ts";
import { Source } from "../compiler/source/problem.ts";
import { readAuthorization } from "../import/agentgateway.ts";
import { importPolicy } from "../import/policy.ts";
import { nameOf, readInput, report, writeOutput } from "../input.ts";

export const importCommand: Command = {
  summary: "a policy from agentgateway's mcpAuthorization",
  help: `Usage: scopegate import --from agentgateway FILE [--default Allow|Deny] [-o POLICY]

Reads the mcpAuthorization rules of an agentgateway configuration and prints a policy to read and keep: a rule for each, with
a name and the line that it comes from as a comment. What cannot be said is reported with the reason; an allow rule of
that kind is left out with a comment, for a deny or require rule nothing is printed.

Options:
  --from agentgateway   the only format so far
  --default ACTION      what becomes of a call where there are no allow rules
  -o, --output POLICY   write it there

Exit codes: 0 done, 1 something was refused, 2 a file could not be read or written.
`,
  options: { from: { type: "string" }, default: { type: "string" }, output: { type: "string", short: "o" } },
  run({ options, files }) {
    if (options.from !== "agentgateway") throw new UsageError("--from must be agentgateway");
    const otherwise = options.default;
    if (otherwise !== undefined && otherwise !== "Allow" && otherwise !== "Deny")
      throw new UsageError("--default must be Allow or Deny");
    const file = onlyFile(files, "FILE");
    const source = new Source(readInput(file), nameOf(file));
    const problems = new Report(source);
    const found = readAuthorization(source, problems);
    const name = file === "-" ? "imported" : basename(file).replace(/\.(?:ya?ml|json)$/, "");
    const policy = found && importPolicy(problems, found, { name, otherwise });
    report(problems.sorted());
    if (policy === undefined) return Exit.Wrong;
    // What the compiler has to say about the result is about the text that is printed.
    const made = compilePolicy(policy, (options.output as string | undefined) ?? "the policy").problems;
    report(made);
    writeOutput(options.output as string | undefined, policy);
    return problems.failed || made.some(({ severity }) => severity === "error") ? Exit.Wrong : Exit.Done;
  },
};
