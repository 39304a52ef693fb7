// A small evaluator of CEL's syntax tree: recursive, slow, every rule in one place. A second opinion on how the
// compiler and the filter's VM evaluate an expression; tests/fuzz/fuzz.test.ts compares it with cel-go's recorded results.
import { Tag } from "../../assembly/program.ts";
import type { Constant } from "../compiler/cel/code.ts";
import type { Call, Loop, MapNode, Node } from "../compiler/cel/ast.ts";
import { FUNCTIONS } from "./cel-functions.ts";
import {
  bool,
  CelError,
  CelUnknown,
  fail,
  find,
  isNumeric,
  isSameKey,
  list,
  text,
  type Typed,
  type Value,
} from "./cel-values.ts";

export type Truth = "true" | "false" | "error";

export type Scope = ReadonlyMap<string, Value>;

/** With unknown variables also: `unknown`, and `never` for what may be false or an error but is true for nobody. */
export type Outcome = Truth | "unknown" | "never";

/** The result of a predicate; anything but a bool is an error. No variable may be unknown. */
export function truthOf(root: Node, variables: Scope): Truth {
  return outcomeOf(root, variables) as Truth;
}

/** How a predicate comes out where variables may be unknown. */
export function outcomeOf(root: Node, variables: Scope): Outcome {
  const value = attempt(() => evaluate(root, variables));
  if (value === undefined) return "error";
  if (value instanceof CelUnknown) return value.never ? "never" : "unknown";
  return value.type === "bool" ? (String(value.value) as Truth) : "error";
}

type Attempt = Value | CelUnknown | undefined;

/** The value, what is unknown, or undefined for an error of CEL. */
function attempt(run: () => Value): Attempt {
  try {
    return run();
  } catch (error) {
    if (error instanceof CelUnknown) return error;
    if (error instanceof CelError) return undefined;
    throw error;
  }
}

/** The values of all: one error makes an error of the whole, whatever else is unknown. */
function all(runs: (() => Value)[]): Value[] {
  const values = runs.map(attempt);
  if (values.includes(undefined)) fail("an operand is an error");
  if (values.some((value) => value instanceof CelUnknown)) throw new CelUnknown();
  return values as Value[];
}

function evaluate(node: Node, scope: Scope): Value {
  const value = valueOf(node, scope);
  if (value.type === "unknown") throw new CelUnknown();
  return value;
}

const TYPES = ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type"];

function valueOf(node: Node, scope: Scope): Value {
  switch (node.kind) {
    case "literal":
      return constant(node.value);
    case "ident": {
      const value = scope.get(node.name);
      return (
        value ?? (TYPES.includes(node.name) ? { type: "type", name: node.name } : fail(`no variable ${node.name}`))
      );
    }
    case "select":
      return node.field === "Timestamp" || node.field === "Duration" ? typeName(node, scope) : select(node, scope);
    case "call":
      return call(node, scope);
    case "list":
      return list(
        all(
          node.items.map(
            ({ value }) =>
              () =>
                evaluate(value, scope),
          ),
        ).flatMap((value, i) => present(value, node.items[i]!.optional)),
      );
    case "map":
      return mapOf(node, scope);
    case "loop":
      return loop(node, scope);
    case "bind": {
      const operand = evaluate(node.operand, scope);
      if (operand.type !== "optional") return fail("no optional");
      if (!operand.value) return operand;
      const value = evaluate(node.body, new Map([...scope, [node.variable, operand.value]]));
      if (!node.flat) return { type: "optional", value };
      return value.type === "optional" ? value : fail("no optional");
    }
    default:
      return fail("messages are not known");
  }
}

function typeName(node: Node & { kind: "select" }, scope: Scope): Value {
  const { operand } = node;
  const isProto =
    operand.kind === "select" &&
    operand.field === "protobuf" &&
    operand.operand.kind === "ident" &&
    operand.operand.name === "google";
  return isProto ? { type: "type", name: `google.protobuf.${node.field}` } : select(node, scope);
}

function constant(value: Constant): Value {
  switch (value.tag) {
    case Tag.Null:
      return { type: "null" };
    case Tag.Bool:
      return bool(value.value);
    case Tag.Int:
      return { type: "int", value: value.value };
    case Tag.Uint:
      return { type: "uint", value: value.value };
    case Tag.Double:
      return { type: "double", value: value.value };
    case Tag.String:
      return text(value.value);
    case Tag.Bytes:
      return { type: "bytes", value: value.value };
    default:
      return fail("no literal");
  }
}

function select(node: Node & { kind: "select" }, scope: Scope): Value {
  const operand = evaluate(node.operand, scope);
  const key = text(node.field);
  if (node.mode === "has")
    return bool(
      lookUp(operand.type === "optional" ? (operand.value ?? { type: "null" }) : operand, key, "none") !== undefined,
    );
  return member(operand, key, node.mode === "optional");
}

/** x.k, x[k], x.?k and x[?k]; on an optional the result is always optional. */
function member(operand: Value, key: Value, optional: boolean): Value {
  if (!KEYS.includes(key.type)) return fail("no key");
  if (operand.type === "optional")
    return operand.value ? { type: "optional", value: lookUp(operand.value, key, "none") } : operand;
  if (optional) return { type: "optional", value: lookUp(operand, key, "none") };
  return lookUp(operand, key, "error") ?? fail("no such key");
}

/** A member or element; `scalars`: the result for a value that has no members. */
function lookUp(container: Value, key: Value, scalars: "none" | "error"): Value | undefined {
  if (container.type === "map") return find(container, key);
  if (container.type !== "list") return scalars === "none" ? undefined : fail("not a container");
  return container.items[indexOf(key)];
}

/** The number as an int, if that loses nothing. */
function indexOf(key: Value): number {
  if (!isNumeric(key)) return fail("no index");
  const index = Number(key.value);
  return key.type === "int" || (Number.isInteger(index) && Math.abs(index) < 2 ** 63) ? index : fail("no index");
}

const KEYS = ["string", "bool", "int", "uint", "double"];

function present(value: Value, optional: boolean): Value[] {
  if (!optional) return [value];
  return value.type === "optional" ? (value.value ? [value.value] : []) : fail("no optional");
}

function mapOf({ entries }: MapNode, scope: Scope): Value {
  const made: [Value, Value][] = [];
  for (const entry of entries) {
    const key = evaluate(entry.key, scope);
    if (!["string", "int", "uint", "bool"].includes(key.type)) fail("no key");
    const value = evaluate(entry.value, scope);
    const before = made.findIndex(([other]) => isSameKey(other, key));
    const [item] = present(value, entry.optional);
    if (before >= 0) made.splice(before, 1);
    if (item) made.push([key, item]);
  }
  return { type: "map", entries: made, made: true };
}

function call(node: Call, scope: Scope): Value {
  const { fn, target, args } = node;
  if (fn === "_&&_" || fn === "_||_") return logic(args, fn === "_||_", scope);
  if (fn === "_?_:_") return choose(args, scope);
  // cel-go's optimizer makes this false, whatever the item.
  if (fn === "@in" && args[1]?.kind === "list" && args[1].items.length === 0) return bool(false);
  if (target?.kind === "ident" && target.name === "optional" && !scope.has("optional")) {
    return optionalOf(fn, all(args.map((arg) => () => evaluate(arg, scope))));
  }
  const [first, ...rest] = target ? [target, ...args] : args;
  if (fn === "or" || fn === "orValue")
    return alternative(evaluate(first!, scope), fn === "orValue", () => evaluate(rest[0]!, scope));
  return strict(fn, all([first!, ...rest].map((arg) => () => evaluate(arg, scope))) as [Value, ...Value[]]);
}

function choose([condition, yes, no]: Node[], scope: Scope): Value {
  const value = evaluate(condition!, scope);
  return value.type === "bool" ? evaluate(value.value ? yes! : no!, scope) : fail("no bool");
}

function strict(fn: string, [value, ...others]: [Value, ...Value[]]): Value {
  if (fn === "_[_]" || fn === "_[?_]") return member(value, others[0]!, fn === "_[?_]");
  if (fn !== "hasValue" && fn !== "value") return FUNCTIONS[fn]?.(value, ...others) ?? fail(`no function ${fn}`);
  if (value.type !== "optional") return fail("no optional");
  return fn === "hasValue" ? bool(value.value !== undefined) : (value.value ?? fail("none"));
}

function alternative(value: Value, plain: boolean, other: () => Value): Value {
  if (value.type !== "optional") return fail("no optional");
  if (!value.value) return other();
  return plain ? value.value : value;
}

function optionalOf(fn: string, [value]: Value[]): Value {
  if (fn === "none") return { type: "optional" };
  return fn === "of" || !isZero(value!) ? { type: "optional", value } : { type: "optional" };
}

function isZero(value: Value): boolean {
  switch (value.type) {
    case "null":
      return true;
    case "list":
      return value.items.length === 0;
    case "map":
      return value.entries.length === 0;
    case "string":
    case "bytes":
      return value.value.length === 0;
    case "optional":
      return value.value === undefined;
    case "type":
    case "cidr":
    case "unknown":
      return false;
    case "timestamp":
      return value.value === BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1_000_000n;
    default:
      return Number(value.value) === 0;
  }
}

/** An operand equal to `decisive` decides, whatever the others are; otherwise all must be bools. */
function logic(args: Node[], decisive: boolean, scope: Scope): Value {
  return combined(
    args.map((arg) => attempt(() => evaluate(arg, scope))),
    decisive,
  );
}

const isBool = (value: Attempt): value is Typed<"bool"> =>
  value !== undefined && !(value instanceof CelUnknown) && value.type === "bool";

/** What is unknown beside an error is never true under `&&`; under `||` it may be. */
function combined(values: Attempt[], decisive: boolean): Value {
  if (values.some((value) => isBool(value) && value.value === decisive)) return bool(decisive);
  const unknown = values.filter((value) => value instanceof CelUnknown);
  const isError = values.some((value) => !isBool(value) && !(value instanceof CelUnknown));
  if (unknown.length === 0) return isError ? fail("an operand is no bool") : bool(!decisive);
  if (!decisive) throw new CelUnknown(isError || unknown.some(({ never }) => never));
  if (unknown.some(({ never }) => !never)) throw new CelUnknown();
  if (isError) fail("an operand is no bool");
  throw new CelUnknown(true);
}

function loop(node: Loop, scope: Scope): Value {
  const range = evaluate(node.range, scope);
  if (range.type !== "list" && range.type !== "map") return fail("no range");
  const items = range.type === "list" ? range.items : range.entries.map(([key]) => key);
  const inside = (item: Value): Scope => new Map([...scope, [node.variable, item]]);
  const isTrue = (test: Node, item: Value): boolean => {
    const value = evaluate(test, inside(item));
    return value.type === "bool" ? value.value : fail("no bool");
  };
  switch (node.macro) {
    case "all":
    case "exists": {
      const answers = items.map((item) => attempt(() => bool(isTrue(node.body, item))));
      return combined(answers, node.macro === "exists");
    }
    case "exists_one":
      return bool(items.map((item) => isTrue(node.body, item)).filter(Boolean).length === 1);
    case "filter":
      return list(items.filter((item) => isTrue(node.body, item)));
    default:
      return list(
        items.flatMap((item) => (node.filter && !isTrue(node.filter, item) ? [] : [evaluate(node.body, inside(item))])),
      );
  }
}
