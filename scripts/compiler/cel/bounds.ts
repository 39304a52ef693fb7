// Amounts with one bound: `args.amount <= 500` also holds for -1000000.
import { Tag } from "../../../assembly/program.ts";
import { walk, type Call, type Node } from "./ast.ts";
import type { Known } from "./plan.ts";
import type { Problems } from "./problems.ts";

/** Names of what is paid. */
const MONEY =
  /(?:^|[._a-z])(?:amount|price|total|refund|payment|cost|fee|budget|balance|salary|deposit|withdrawal|charge|credit)$/i;
const BELOW = ["_<_", "_<=_"];
const ABOVE = ["_>_", "_>=_"];

/** Warns of an amount in the arguments that is compared with an upper bound and with nothing else. */
export function lintBounds(root: Node, { text, constants }: Known, problems: Problems): void {
  const upper = new Map<string, Node>();
  const others = new Set<string>();
  const negated = new Set<Node>();
  walk(root, (node) => {
    if (node.kind === "call" && node.fn === "!_") for (const arg of node.args) negated.add(arg);
  });
  walk(root, (node) => {
    const [left, right] = node.kind === "call" && !node.target ? node.args : [];
    if (node.kind !== "call" || !left || !right || node.fn === "_[_]") return;
    const bounded = boundedBy(node, left, right, constants, negated.has(node));
    const name = bounded && amountOf(bounded);
    if (name !== undefined && MONEY.test(name)) upper.set(name, node);
    else for (const side of [left, right]) others.add(amountOf(side) ?? "");
  });
  for (const [name, node] of upper) {
    if (others.has(name)) continue;
    const shown = text.slice(node.span.start, node.span.end);
    problems.warn(node.span, `this also holds where ${name} is below zero`, `write ${name} > 0 && ${shown}`);
  }
}

/** What has a constant as its upper bound; with `isNegated` the comparison must not hold. */
function boundedBy(
  { fn }: Call,
  left: Node,
  right: Node,
  constants: Known["constants"],
  isNegated: boolean,
): Node | undefined {
  const [below, above] = isNegated ? [ABOVE, BELOW] : [BELOW, ABOVE];
  if (below.includes(fn) && isNumber(constants.get(right)?.tag)) return left;
  return above.includes(fn) && isNumber(constants.get(left)?.tag) ? right : undefined;
}

/** The argument that a value is made of, as `args.order.amount`: through conversions, indexes and defaults. */
function amountOf(node: Node): string | undefined {
  if (node.kind === "ident") return node.name === "args" ? "args" : undefined;
  if (node.kind === "select") return joined(amountOf(node.operand), node.field);
  if (node.kind !== "call") return undefined;
  const [first, second] = node.args;
  if (node.target && node.fn === "orValue") return amountOf(node.target);
  if (["int", "uint", "double"].includes(node.fn) && first) return amountOf(first);
  if (node.fn !== "_[_]" || !first || second?.kind !== "literal" || second.value.tag !== Tag.String) return undefined;
  return joined(amountOf(first), second.value.value);
}

function joined(before: string | undefined, name: string): string | undefined {
  return before === undefined ? undefined : `${before}.${name}`;
}

function isNumber(tag: Tag | undefined): boolean {
  return tag === Tag.Int || tag === Tag.Uint || tag === Tag.Double;
}
