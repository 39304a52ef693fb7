import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CannotRun, Exit, UsageError, type Command, type Invocation } from "../command.ts";
import type { Lock } from "../compiler/lock/lock.ts";
import { renderLock } from "../compiler/lock/text.ts";
import { SCOPE } from "../compiler/source/shape.ts";
import { readInput, writeOutput } from "../input.ts";
import { draftPolicy, PROFILES, scopeName, type InitOptions, type Profile } from "../init/policy.ts";
import { draftTests } from "../init/tests.ts";
import { SOURCE_HELP, SOURCE_OPTIONS } from "../lock/source.ts";
import { schemaText } from "../schema.ts";
import { lockOrMessage } from "./lock.ts";

const SCHEMA = "policy.schema.json";

export const init: Command = {
  summary: "write a first policy and its tests from what a server offers",
  help: `Usage: scopegate init --from URL|FILE [--profile observe|safe|full] [--scopes TEMPLATE] [-o FILE]
       scopegate init --stdio COMMAND …

Writes a policy with a rule and a scope for each group of tools (by their annotations, else by the verbs in their
names), with comments that say why; what it guessed is marked. With -o policy.yaml it writes beside it policy.test.yaml,
${SCHEMA} for editors and, when FILE is no lock, tools.lock.yaml. Nothing that exists is overwritten.

Options:
${SOURCE_HELP}
  --profile P       observe: reads only (default); safe: also writes that destroy nothing; full: everything, by scope
  --scopes T        the scope of a group, default "{server}:{group}"; groups are read, write, delete
  --resource URL    the URL that clients use; default the server's URL, when it was asked at one
  -o, --output FILE write the files; without it only the policy is printed

Exit codes: 0 done, 1 the server's answer is wrong, 2 it could not run.
`,
  options: {
    ...SOURCE_OPTIONS,
    profile: { type: "string" },
    scopes: { type: "string" },
    resource: { type: "string" },
    output: { type: "string", short: "o" },
  },
  async run({ options, files }) {
    if (files.length > 0) throw new UsageError(`unexpected argument ${files[0]}`);
    const output = options.output === "-" ? undefined : (options.output as string | undefined);
    const choices = readChoices(options, output);
    const targets = output === undefined ? undefined : filesBeside(output, choices);
    const lock = await lockOrMessage(options);
    if (!lock) return Exit.Wrong;
    checkScopes(lock, choices);
    const draft = draftPolicy(lock, choices);
    if (!targets) {
      process.stdout.write(draft.policy);
      process.stderr.write("scopegate: with -o policy.yaml its tests, the lock and the schema are written, too\n");
      return Exit.Done;
    }
    const text = renderLock(lock);
    if (existsSync(targets.lock) && readInput(targets.lock) !== text)
      throw new CannotRun(`${targets.lock} exists and is of another list; it is not overwritten`);
    writeOutput(targets.policy, draft.policy);
    writeOutput(targets.tests, draftTests(draft, basename(targets.policy), choices.schema));
    if (!existsSync(targets.schema)) writeOutput(targets.schema, schemaText());
    if (!existsSync(targets.lock)) writeOutput(targets.lock, text);
    process.stderr.write(
      `scopegate: wrote ${targets.policy}, ${targets.tests}, beside them ${choices.lockFile} and ${SCHEMA}\n`,
    );
    return Exit.Done;
  },
};

function readChoices(options: Invocation["options"], output: string | undefined): InitOptions {
  const {
    profile = "observe",
    scopes = "{server}:{group}",
    from,
    resource,
  } = options as Record<string, string | undefined>;
  if (!Object.hasOwn(PROFILES, profile))
    throw new UsageError(`--profile is one of ${Object.keys(PROFILES).join(", ")}, not ${profile}`);
  if (!scopes.includes("{group}")) throw new UsageError("--scopes needs {group}: each group has a scope of its own");
  const url = resource ?? (from !== undefined && /^https?:/i.test(from) ? from.replace(/[?#].*$/, "") : undefined);
  const isLock =
    from !== undefined && /\.lock\.ya?ml$/.test(from) && dirname(from) === dirname(output ?? "policy.yaml");
  return {
    profile: profile as Profile,
    scopes,
    lockFile: isLock ? basename(from) : "tools.lock.yaml",
    schema: SCHEMA,
    ...(url !== undefined && { resource: url }),
  };
}

/** The files that are to be written; none of them is there yet. Throws CannotRun. */
function filesBeside(policy: string, { lockFile }: InitOptions) {
  const folder = dirname(policy);
  const written = { policy, tests: policy.replace(/(\.ya?ml)?$/, ".test.yaml") };
  const taken = Object.values(written).find((file) => existsSync(file));
  if (taken !== undefined) throw new CannotRun(`${taken} exists and is not overwritten`);
  return { ...written, lock: join(folder, lockFile), schema: join(folder, SCHEMA) };
}

function checkScopes(lock: Lock, { scopes }: InitOptions): void {
  const example = scopeName(scopes, lock, "read");
  if (!SCOPE.test(example)) throw new UsageError(`--scopes makes "${example}", which is no scope`);
}
