// Constant folding: values of the nodes that do not depend on the call. An expression with a conversion
// that fails is refused, as in cel-go's optimizer; everything else that would fail is left to run time.
import { Tag } from "../../../assembly/program.ts";
import type { Constant } from "./code.ts";
import { closest } from "../source/spelling.ts";
import { walk, type Call, type ListNode, type MapNode, type Node, type Select } from "./ast.ts";
import type { Checked } from "./checker.ts";
import { CONVERSIONS } from "./convert.ts";
import { MIN_INT } from "./literals.ts";
import type { Problems } from "./problems.ts";

/** Values of the constant nodes of a checked tree. */
export type Constants = Map<Node, Constant>;

const HINTS: Record<string, string> = {
  timestamp: 'write RFC 3339 with a zone: timestamp("2026-01-02T03:04:05Z")',
  duration: 'write numbers with units h, m, s, ms, us, ns: duration("1h30m")',
  int: "an int is a whole number between -2^63 and 2^63-1",
  uint: "a uint is a whole number between 0 and 2^64-1",
  bool: 'write "true" or "false"',
  string: "the value has no string form here",
};

export function fold(root: Node, checked: Checked, problems: Problems): Constants {
  const constants: Constants = new Map(checked.names);
  walk(root, (node) => {
    const value = valueOf(node, constants, problems);
    if (value) constants.set(node, value);
  });
  return constants;
}

function valueOf(node: Node, constants: Constants, problems: Problems): Constant | undefined {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "list":
      return listValue(node, constants);
    case "map":
      return mapValue(node, constants);
    case "select":
      return node.mode === "get" ? memberValue(node, constants.get(node.operand), node.field, problems) : undefined;
    case "call":
      return Object.hasOwn(CONVERSIONS, node.fn) ? converted(node, constants, problems) : computed(node, constants);
    default:
      return undefined;
  }
}

function listValue(node: ListNode, constants: Constants): Constant | undefined {
  const items = node.items.map((item) => (item.optional ? undefined : constants.get(item.value)));
  return items.every((item) => item !== undefined) ? { tag: Tag.CellList, items } : undefined;
}

const KEYS = new Set([Tag.String, Tag.Bool, Tag.Int, Tag.Uint]);

/** A member of a constant map; one that `data` does not have is an error. */
function memberValue(node: Select, map: Constant | undefined, name: string, problems: Problems): Constant | undefined {
  const found = map && memberOf(map, name);
  if (found || map?.tag !== Tag.CellMap || node.operand.kind !== "ident") return found;
  const names = map.entries.flatMap(([key]) => (key.tag === Tag.String ? key.value : []));
  const near = closest(name, names);
  problems.error(
    node.span,
    `the data has no "${name}"`,
    near ? `did you mean "${near}"?` : `it has ${names.join(", ")}`,
  );
  return undefined;
}

function memberOf(map: Constant, name: string): Constant | undefined {
  if (map.tag !== Tag.CellMap) return undefined;
  return map.entries.find(([key]) => key.tag === Tag.String && key.value === name)?.[1];
}

/** The last of equal keys wins. */
function mapValue(node: MapNode, constants: Constants): Constant | undefined {
  const entries = new Map<string, [Constant, Constant]>();
  let complete = true;
  for (const entry of node.entries) {
    const [key, value] = [constants.get(entry.key), constants.get(entry.value)];
    if (!key || !KEYS.has(key.tag) || !value || entry.optional) complete = false;
    else entries.set(keyText(key), [key, value]);
  }
  return complete ? { tag: Tag.CellMap, entries: [...entries.values()] } : undefined;
}

/** A text that is equal for equal keys; numbers are equal whatever their type. */
function keyText(key: Constant): string {
  const value = "value" in key ? String(key.value) : "";
  return key.tag === Tag.Int || key.tag === Tag.Uint ? `#${value}` : `${key.tag}:${value}`;
}

function converted(node: Call, constants: Constants, problems: Problems): Constant | undefined {
  const [arg] = node.args;
  const value = arg && constants.get(arg);
  if (!value || node.target || node.args.length !== 1) return undefined;
  const result = CONVERSIONS[node.fn]?.(value);
  if (!result) problems.error(node.span, `this ${node.fn}() always fails`, HINTS[node.fn]);
  return result;
}

/** Operators over constants, in the simple cases; used for -x and to find conditions that never change. */
function computed({ fn, target, args }: Call, constants: Constants): Constant | undefined {
  const [left, right] = args.map((arg) => constants.get(arg));
  if (target) return undefined;
  if (args.some((arg) => !constants.has(arg)) || !left) return undefined;
  if (fn === "-_") return negated(left);
  if (fn === "!_") return left.tag === Tag.Bool ? bool(!left.value) : undefined;
  if (fn === "_[_]") return right?.tag === Tag.String ? memberOf(left, right.value) : undefined;
  if (fn === "_&&_" || fn === "_||_") return logic(args, fn === "_||_", constants);
  return right && args.length === 2 ? compared(fn, left, right) : undefined;
}

function bool(value: boolean): Constant {
  return { tag: Tag.Bool, value };
}

function negated(value: Constant): Constant | undefined {
  if (value.tag === Tag.Double) return { tag: Tag.Double, value: -value.value };
  if (value.tag === Tag.Int && value.value !== MIN_INT) return { tag: Tag.Int, value: -value.value };
  return undefined;
}

/** `decisive` is the value that settles the whole chain. */
function logic(args: Node[], decisive: boolean, constants: Constants): Constant | undefined {
  const values = args.map((arg) => constants.get(arg));
  if (values.some((value) => value?.tag !== Tag.Bool)) return undefined;
  return bool(values.some((value) => value?.tag === Tag.Bool && value.value === decisive) === decisive);
}

type Scalar = number | bigint | boolean;
const RELATIONS: Record<string, (a: Scalar, b: Scalar) => boolean> = {
  "_==_": (a, b) => a === b,
  "_!=_": (a, b) => a !== b,
  "_<_": (a, b) => a < b,
  "_<=_": (a, b) => a <= b,
  "_>_": (a, b) => a > b,
  "_>=_": (a, b) => a >= b,
};

/** Numbers, bools and strings of one type; strings only for equality, since their order is that of UTF-8. */
function compared(fn: string, left: Constant, right: Constant): Constant | undefined {
  const relation = RELATIONS[fn];
  if (!relation || left.tag !== right.tag || !("value" in left) || !("value" in right)) return undefined;
  const [a, b] = [left.value, right.value];
  if (typeof a === "string" && typeof b === "string") {
    return fn === "_==_" || fn === "_!=_" ? bool((a === b) === (fn === "_==_")) : undefined;
  }
  if (typeof a === "object" || typeof b === "object" || left.tag === Tag.Type) return undefined;
  if (Number.isNaN(a) || Number.isNaN(b)) return undefined;
  return bool(relation(a as Scalar, b as Scalar));
}
