// Which part of a `when` determines its result: the operands of && and || are evaluated one by one.
import type { Node } from "../compiler/cel/ast.ts";
import { children } from "../compiler/cel/ast.ts";
import { parse } from "../compiler/cel/parser.ts";
import { Problems } from "../compiler/cel/problems.ts";
import type { Policy } from "../compiler/index.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import { Probe, type Target, type Truth } from "../evaluate/probe.ts";
import { fromBase64, utf8Text } from "../bytes.ts";

/** A part of an expression with its result; `depth` 0 is the whole. */
export interface Part {
  text: string;
  truth: Truth;
  depth: number;
  /** Members of args and meta that the part reads: `args.path` → its value as JSON. */
  values: [path: string, value: string][];
}

/** The whole and the parts that explain its result; undefined if it is not evaluated for this request. */
export function explainWhen(
  policy: Policy,
  when: string,
  targets: readonly Target[] | undefined,
  request: EvalRequest,
): Part[] | undefined {
  const root = parse(when, new Problems());
  const ask = (node: Node): Truth | undefined => new Probe(policy, textOf(when, node), targets).ask(request);
  const truth = root && ask(root);
  if (!root || truth === undefined) return undefined;
  const params = callParams(request);
  const parts: Part[] = [];
  const visit = (node: Node, outcome: Truth, depth: number): void => {
    const operands = operandsOf(node);
    parts.push({ text: textOf(when, node), truth: outcome, depth, values: operands ? [] : readValues(node, params) });
    for (const operand of operands ?? []) visit(operand, ask(operand) ?? "error", depth + 1);
  };
  visit(root, truth, 0);
  return parts;
}

/** The operands of a logical operator; undefined for everything else. */
function operandsOf(node: Node): Node[] | undefined {
  return node.kind === "call" && (node.fn === "_&&_" || node.fn === "_||_") ? node.args : undefined;
}

function textOf(when: string, { span }: Node): string {
  return when.slice(span.start, span.end);
}

type Params = { args: unknown; meta: unknown };

function callParams({ body, bodyBase64 }: EvalRequest): Params {
  try {
    const text = body ?? utf8Text(fromBase64(bodyBase64 ?? ""));
    const params = (JSON.parse(text) as { params?: { arguments?: unknown; _meta?: unknown } }).params;
    return { args: params?.arguments ?? null, meta: params?._meta ?? null };
  } catch {
    return { args: null, meta: null };
  }
}

/** The longest member paths under args and meta in a part, with their values. */
function readValues(node: Node, params: Params): [string, string][] {
  const found = new Map<string, string>();
  const visit = (part: Node): void => {
    const path = pathOf(part);
    if (path) found.set(path.join("."), show(path, params));
    else children(part).forEach(visit);
  };
  visit(node);
  return [...found];
}

function pathOf(node: Node): string[] | undefined {
  if (node.kind === "ident") return node.name === "args" || node.name === "meta" ? [node.name] : undefined;
  if (node.kind !== "select" || node.mode === "optional") return undefined;
  const path = pathOf(node.operand);
  return path && [...path, node.field];
}

const MAX_SHOWN = 80;

function show(path: string[], params: Params): string {
  let value: unknown = params;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (value === undefined) return "absent";
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
