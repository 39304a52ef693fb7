// Calls that are macros: has(), the loops over lists and maps, optMap and optFlatMap. With a different number
// of arguments, a name is an ordinary call, as in cel-go.
import type { Call, LoopName, Node } from "./ast.ts";
import type { Problems } from "./problems.ts";

const LOOPS: LoopName[] = ["all", "exists", "exists_one", "filter", "map"];
const ACCUMULATORS = ["__result__", "@result"];

/** The macro that the call expands to, or the call itself. */
export function expandCall(call: Call, problems: Problems): Node {
  const { fn, target, args, at, span } = call;
  const [first, second, third] = args;
  if (!target) return fn === "has" && args.length === 1 && first ? presence(call, first, problems) : call;
  if (!first || !second) return call;
  if ((fn === "optMap" || fn === "optFlatMap") && args.length === 2) {
    const variable = variableName(first, problems);
    return { kind: "bind", flat: fn === "optFlatMap", at, operand: target, variable, body: second, span };
  }
  const macro = loopName(fn, args.length);
  if (!macro) return call;
  const loop = { kind: "loop", macro, at, range: target, variable: variableName(first, problems), span } as const;
  return third ? { ...loop, filter: second, body: third } : { ...loop, body: second };
}

function loopName(fn: string, args: number): LoopName | undefined {
  const macro = LOOPS.find((name) => name === fn);
  return args === 2 || (args === 3 && macro === "map") ? macro : undefined;
}

function presence(call: Call, arg: Node, problems: Problems): Node {
  if (arg.kind === "select" && arg.mode === "get") return { ...arg, mode: "has", span: call.span };
  const hint =
    arg.kind === "call" && arg.fn === "_[_]"
      ? 'write has(x.`my-key`) or "my-key" in x'
      : "write has(x.y); for x.?y use x.?y.hasValue()";
  problems.error(arg.span, "has() takes a field selection", hint);
  return call;
}

function variableName(node: Node, problems: Problems): string {
  if (node.kind !== "ident" || node.global) {
    problems.error(
      node.span,
      "the first argument of a macro must be the name of its variable",
      "write args.list.all(item, item > 0)",
    );
    return "_";
  }
  if (ACCUMULATORS.includes(node.name)) problems.error(node.span, `\`${node.name}\` cannot be a variable name`);
  return node.name;
}
