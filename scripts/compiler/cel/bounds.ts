// Amounts with one bound: `args.amount <= 500` also holds for -1000000.
import { Tag } from "../../../assembly/program.ts";
import { walk, type Call, type Node } from "./ast.ts";
import type { Known } from "./plan.ts";
import type { Problems } from "./problems.ts";

/** Names of what is paid. */
const MONEY = /(?:^|[._a-z])(?:amount|price|total|refund|payment|cost|fee)$/i;
const BELOW = ["_<_", "_<=_"];
const ABOVE = ["_>_", "_>=_"];

/** Warns of an amount in the arguments that is compared with an upper bound and with nothing else. */
export function lintBounds(root: Node, { text, constants }: Known, problems: Problems): void {
  const upper = new Map<string, Node>();
  const others = new Set<string>();
  walk(root, (node) => {
    const [left, right] = node.kind === "call" && !node.target ? node.args : [];
    if (node.kind !== "call" || !left || !right) return;
    const bounded = boundedBy(node, left, right, constants);
    const name = bounded && text.slice(bounded.span.start, bounded.span.end);
    if (name !== undefined && name.startsWith("args.") && MONEY.test(name)) upper.set(name, node);
    else for (const side of [left, right]) others.add(text.slice(side.span.start, side.span.end));
  });
  for (const [name, node] of upper) {
    if (others.has(name)) continue;
    const shown = text.slice(node.span.start, node.span.end);
    problems.warn(node.span, `this also holds where ${name} is below zero`, `write ${name} > 0 && ${shown}`);
  }
}

/** What has a constant as its upper bound. */
function boundedBy({ fn }: Call, left: Node, right: Node, constants: Known["constants"]): Node | undefined {
  if (BELOW.includes(fn) && isNumber(constants.get(right)?.tag)) return left;
  return ABOVE.includes(fn) && isNumber(constants.get(left)?.tag) ? right : undefined;
}

function isNumber(tag: Tag | undefined): boolean {
  return tag === Tag.Int || tag === Tag.Uint || tag === Tag.Double;
}
