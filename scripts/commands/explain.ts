import { parse } from "yaml";
import { Exit, UsageError, useColor, wantsJson, type Command } from "../command.ts";
import type { Policy } from "../compiler/index.ts";
import { Engine } from "../evaluate/engine.ts";
import { loadFiles } from "../evaluate/load.ts";
import { readRequest, RequestError, type EvalRequest } from "../evaluate/request.ts";
import type { Result, Step } from "../evaluate/result.ts";
import { explainWhen, type Part } from "../explain/parts.ts";
import { nameOf, readInput } from "../input.ts";

export const explain: Command = {
  summary: "show which rule decided, which parts of its `when`, and which scopes would help",
  help: `Usage: scopegate explain POLICY… --request FILE [--format text|json]

Decides one request with the filter and explains the decision. FILE has the fields of \`scopegate eval\`, as JSON or YAML;
- is standard input.

Options:
  --request FILE   the request
  --format json    the result of \`eval --explain\`, with the parts of each rule's \`when\`

Exit codes: 0 success (whatever the decision), 1 the policy or the request has errors, 2 a file could not be read.
`,
  options: { request: { type: "string" }, format: { type: "string" } },
  run({ options, files }) {
    if (files.length === 0) throw new UsageError("no POLICY given");
    const json = wantsJson(options.format);
    if (typeof options.request !== "string") throw new UsageError("no --request given");
    if (files.includes("-") && options.request === "-")
      throw new UsageError("only one of POLICY and --request can be -");
    const loaded = loadFiles(files);
    const request = loaded && readRequestFile(options.request);
    if (!loaded || !request) return Exit.Wrong;
    const result = new Engine().evaluate(loaded, request, true);
    const decided = loaded.policies.find(({ name }) => name === result.policy) ?? loaded.policy;
    const rules = explainRules(decided, request, result.trace ?? []);
    process.stdout.write(json ? `${JSON.stringify({ ...result, trace: rules }, null, 2)}\n` : render(result, rules));
    return Exit.Done;
  },
};

function readRequestFile(file: string): EvalRequest | undefined {
  const text = readInput(file);
  try {
    return readRequest(parse(text));
  } catch (error) {
    // For an undefined alias the parser throws a ReferenceError.
    if (!(error instanceof RequestError || ["YAMLParseError", "ReferenceError"].includes((error as Error).name)))
      throw error;
    process.stderr.write(`${nameOf(file)}: error: ${(error as Error).message}\n`);
    return undefined;
  }
}

interface ExplainedRule extends Step {
  whens: Part[][];
}

/** The rules that were tried; those that got past target and claims with the parts of their predicates. */
function explainRules(policy: Policy, request: EvalRequest, steps: Step[]): ExplainedRule[] {
  return steps.map((step) => {
    const rule = policy.rules.find(({ name }) => name === step.rule);
    if (!rule || step.outcome === "target" || step.outcome === "claims") return { ...step, whens: [] };
    const entries = (rule.targets ?? []).flatMap((target) =>
      target.when ? [explainWhen(policy, target.when.value, [target], request)] : [],
    );
    const own = rule.when ? [explainWhen(policy, rule.when.value, rule.targets, request)] : [];
    return { ...step, whens: [...entries, ...own].filter((parts) => parts !== undefined) };
  });
}

const OUTCOME_TEXTS: Record<Step["outcome"], string> = {
  matched: "matches: it decides",
  target: "does not match: it is about other calls",
  claims: "does not match: its claims differ from the token's",
  when_false: "does not match: its when is false",
  when_error: "does not match: its when is an error",
  scopes: "would match, but the token lacks scopes",
};

function render(result: Result, rules: ExplainedRule[]): string {
  const paint = (code: number, text: string): string =>
    useColor(process.stdout) ? `\x1b[${code}m${text}\x1b[0m` : text;
  const color = result.decision === "allow" || result.decision === "answer" ? 32 : 31;
  const status = result.status === undefined ? "" : ` (HTTP ${result.status})`;
  const lines = [
    `${paint(color, result.decision)}${status}: ${result.reason}${result.policy === undefined ? "" : `, policy ${result.policy}`}${result.rule === null ? "" : `, rule ${result.rule}`}`,
  ];
  for (const { rule, outcome, whens } of rules) {
    lines.push("", `rule ${paint(1, rule)} ${OUTCOME_TEXTS[outcome]}`);
    for (const part of whens.flat()) lines.push(...renderPart(part, paint));
  }
  lines.push("", helpText(result), "");
  return lines.join("\n");
}

function renderPart({ text, truth, depth, values }: Part, paint: (code: number, text: string) => string): string[] {
  const margin = "  ".repeat(depth + 1);
  const oneLine = text.replace(/\s+/g, " ");
  const colors = { true: 32, false: 31, error: 33 };
  return [
    `${margin}${paint(colors[truth], truth.padEnd(5))}  ${oneLine}`,
    ...values.map(([path, value]) => `${margin}       ${path} is ${value}`),
  ];
}

function helpText({ decision, requiredScopes, headers }: Result): string {
  if (decision === "allow" || decision === "answer") return "Nothing is missing.";
  if (requiredScopes) return `A token with these scopes would be allowed: ${requiredScopes.join(" ")}`;
  if (headers?.["www-authenticate"] !== undefined) return "A token is needed.";
  return decision === "deny" ? "No scope would help." : "The request itself must change.";
}
