import { parse } from "yaml";
import { Exit, UsageError, onlyFile, useColor, wantsJson, type Command, type OptionValue } from "../command.ts";
import { Engine } from "../evaluate/engine.ts";
import { readRequest, RequestError, type EvalRequest } from "../evaluate/request.ts";
import type { Result } from "../evaluate/result.ts";
import { listRequest, renderList } from "../explain/list.ts";
import type { Part } from "../explain/parts.ts";
import { explainRules, OUTCOME_TEXTS, type ExplainedRule } from "../explain/rules.ts";
import { loadFile, loadFiles, nameOf, readInput } from "../input.ts";

export const explain: Command = {
  summary: "show which rule decided, which parts of its `when`, and which scopes would help",
  help: `Usage: scopegate explain POLICY… --request FILE [--format text|json]
       scopegate explain POLICY --list FILE [--payload FILE] [--format text|json]

Decides one request with the filter and explains the decision. FILE has the fields of \`scopegate eval\`, as JSON or YAML;
- is standard input.

With --list it shows what a caller sees of a list: for each item whether it is callable, obtainable with more scopes, or
never, the rule, and the scopes. FILE has the server's answer, its result, or the items, as JSON or YAML.

Options:
  --request FILE   the request
  --list FILE      the list
  --payload FILE   the payload of the token, as JSON or YAML; without it there is no token
  --format json    the result of \`eval --explain\`, with the parts of each rule's \`when\`; of a list, its items

Exit codes: 0 success (whatever the decision), 1 the policy or the request has errors, 2 a file could not be read.
`,
  options: {
    request: { type: "string" },
    list: { type: "string" },
    payload: { type: "string" },
    format: { type: "string" },
  },
  run({ options, files }) {
    if (files.length === 0) throw new UsageError("no POLICY given");
    const json = wantsJson(options.format);
    const inputs = [...files, options.request, options.list, options.payload];
    if (inputs.filter((input) => input === "-").length > 1) throw new UsageError("only one file can be -");
    if ((options.request === undefined) === (options.list === undefined))
      throw new UsageError("give exactly one of --request and --list");
    if (typeof options.list === "string")
      return explainList(onlyFile(files, "POLICY"), options.list, options.payload, json);
    if (typeof options.request !== "string") throw new UsageError("no --request given");
    if (options.payload !== undefined)
      throw new UsageError("--payload goes with --list; a request has its own payload");
    const loaded = loadFiles(files);
    const request = loaded && readRequestFile(options.request);
    if (!loaded || !request) return Exit.Wrong;
    const result = new Engine().evaluate(loaded, request, true);
    const decided = loaded.policies.find(({ name }) => name === result.policy) ?? loaded.policy;
    const rules = explainRules({ ...loaded, policy: decided }, request, result.trace ?? []);
    process.stdout.write(json ? `${JSON.stringify({ ...result, trace: rules }, null, 2)}\n` : render(result, rules));
    return Exit.Done;
  },
};

function explainList(policy: string, listFile: string, payloadFile: OptionValue, json: boolean): Exit {
  const loaded = loadFile(policy);
  const request = loaded && readFrom(listFile, (document) => readRequest(listRequest(document)));
  const payload = typeof payloadFile === "string" ? readFrom(payloadFile, readPayload) : null;
  if (!loaded || !request || payload === undefined) return Exit.Wrong;
  const list = new Engine().listOf(loaded, { ...request, payload });
  if (!list) {
    process.stderr.write(
      "scopegate: the policy does not filter lists of this kind, or the request for it does not pass\n",
    );
    return Exit.Wrong;
  }
  const { rules, ...rest } = list;
  const items = rest.items.map((item, i) => ({ ...item, rule: rules[i] ?? null }));
  process.stdout.write(json ? `${JSON.stringify({ ...rest, items }, null, 2)}\n` : renderList(list));
  return Exit.Done;
}

function readPayload(document: unknown): NonNullable<EvalRequest["payload"]> {
  const { payload } = readRequest({ payload: document, body: "" });
  if (!payload) throw new RequestError("a payload is an object");
  return payload;
}

function readRequestFile(file: string): EvalRequest | undefined {
  return readFrom(file, readRequest);
}

/** Reads a file of JSON or YAML; undefined when it is wrong, which was said. */
function readFrom<T>(file: string, read: (document: unknown) => T): T | undefined {
  const text = readInput(file);
  try {
    return read(parse(text));
  } catch (error) {
    // For an undefined alias the parser throws a ReferenceError.
    if (!(error instanceof RequestError || ["YAMLParseError", "ReferenceError"].includes((error as Error).name)))
      throw error;
    process.stderr.write(`${nameOf(file)}: error: ${(error as Error).message}\n`);
    return undefined;
  }
}

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
