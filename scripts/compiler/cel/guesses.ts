// Where cel-go's checker settles on a type that the value need not have: an optional element of a dynamic list takes the
// type of what stands beside it. cel-go then calls only the overload for that type. Such conversions are refused.
import { walk, type Bind, type Call, type Node } from "./ast.ts";
import type { Checked } from "./checker.ts";
import type { Known } from "./plan.ts";
import type { Problems } from "./problems.ts";

const CONVERSIONS = new Set(["int", "uint", "double", "string", "bool", "bytes", "timestamp", "duration"]);

/** Reports conversions of such values, and has() of optionals where it gives no bool. */
export function refuseGuesses(root: Node, { checked, text }: Omit<Known, "constants">, problems: Problems): void {
  const guesses = new Guesses(root);
  walk(root, (node) => {
    if (node.kind === "call" && node.fn === "_?_:_") refuseOptionalBranches(node, checked, problems);
    const [arg] = node.kind === "call" && !node.target && CONVERSIONS.has(node.fn) ? node.args : [];
    if (!arg || node.kind !== "call" || checked.typeOf(arg).kind === "dyn" || !guesses.has(arg)) return;
    const shown = text.slice(arg.span.start, arg.span.end);
    const message = `${node.fn}() takes this for ${checked.typeOf(arg).kind}, whatever it is`;
    problems.error(node.span, message, `write ${node.fn}(dyn(${shown}))`);
  });
}

/** As a branch of `?:`, cel-go takes the has() of an optional for the optional itself. */
function refuseOptionalBranches({ args }: Call, checked: Checked, problems: Problems): void {
  for (const branch of args.slice(1)) {
    if (branch.kind !== "select" || branch.mode !== "has" || checked.typeOf(branch.operand).kind !== "optional")
      continue;
    problems.error(branch.span, "here, has() of an optional is no bool in cel-go", "write x.hasValue()");
  }
}

class Guesses {
  private readonly bound = new Map<string, Bind>();

  constructor(root: Node) {
    walk(root, (node) => {
      if (node.kind === "bind") this.bound.set(node.variable, node);
    });
  }

  /** Whether the value of a node may have another type than the checker says. */
  has(node: Node): boolean {
    if (node.kind === "ident") return this.bound.has(node.name);
    if (node.kind !== "call") return false;
    if (node.fn === "_?_:_") return node.args.slice(1).some((arg) => this.has(arg));
    return node.target !== undefined && ["orValue", "value"].includes(node.fn);
  }
}
