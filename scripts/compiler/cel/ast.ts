// The syntax tree of a `when`. Macros are nodes of their own; operators are calls with cel-go's names (`_==_`).
import type { Constant } from "./code.ts";

/** A place in the expression, in UTF-16 units; `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

interface Place {
  span: Span;
}

export interface Literal extends Place {
  kind: "literal";
  value: Constant;
}

/** `global`: written as `.name`, which no macro variable can shadow. */
export interface Ident extends Place {
  kind: "ident";
  name: string;
  global: boolean;
}

/** `x.f`, `x.?f` and `has(x.f)`. */
export interface Select extends Place {
  kind: "select";
  operand: Node;
  field: string;
  mode: "get" | "optional" | "has";
}

/** A call or operator; `at` is the name or the operator sign. `&&` and `||` take any number of arguments. */
export interface Call extends Place {
  kind: "call";
  fn: string;
  at: Span;
  target?: Node;
  args: Node[];
}

export interface ListNode extends Place {
  kind: "list";
  items: { value: Node; optional: boolean }[];
}

export interface MapNode extends Place {
  kind: "map";
  entries: { key: Node; value: Node; optional: boolean }[];
}

/** A protobuf message literal; parsed so that the error can name it. */
export interface Message extends Place {
  kind: "message";
  name: string;
  values: Node[];
}

export type LoopName = "all" | "exists" | "exists_one" | "filter" | "map";

/** A macro over a list or the keys of a map; `filter` is the predicate of the three-argument map. */
export interface Loop extends Place {
  kind: "loop";
  macro: LoopName;
  at: Span;
  range: Node;
  variable: string;
  filter?: Node;
  body: Node;
}

/** `x.optMap(v, e)`, or with `flat` `x.optFlatMap(v, e)`. */
export interface Bind extends Place {
  kind: "bind";
  flat: boolean;
  at: Span;
  operand: Node;
  variable: string;
  body: Node;
}

export type Node = Literal | Ident | Select | Call | ListNode | MapNode | Message | Loop | Bind;

/** The direct parts of a node, in source order. */
export function children(node: Node): Node[] {
  switch (node.kind) {
    case "literal":
    case "ident":
      return [];
    case "select":
      return [node.operand];
    case "call":
      return node.target ? [node.target, ...node.args] : node.args;
    case "list":
      return node.items.map((item) => item.value);
    case "map":
      return node.entries.flatMap((entry) => [entry.key, entry.value]);
    case "message":
      return node.values;
    case "loop":
      return node.filter ? [node.range, node.filter, node.body] : [node.range, node.body];
    case "bind":
      return [node.operand, node.body];
  }
}

/** Calls `visit` for every node, children first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  for (const child of children(node)) walk(child, visit);
  visit(node);
}
