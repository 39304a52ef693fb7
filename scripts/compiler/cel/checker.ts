// Static types of a tree, accepted and refused as in cel-go 0.28.1 (checker/checker.go, optional types on, variables
// of dynamic type). The checker goes on after an error, so that one run reports several.
import { CelType, Tag } from "../../../assembly/program.ts";
import type { Constant } from "./code.ts";
import type { Bind, Call, Ident, ListNode, Loop, MapNode, Message, Node, Select, Span } from "./ast.ts";
import { overloads } from "./overloads.ts";
import type { Problems } from "./problems.ts";
import { explainMismatch, unknownFunction, unknownVariable } from "./suggestions.ts";
import { BOOL, DYN, ERROR, INT, Unifier, parameter, same, show, type, type Type } from "./types.ts";

/** What the later stages need from the check. Types are closed: no type variables are left. */
export interface Checked {
  typeOf(node: Node): Type;
  /** Values of names: of types (`int`, `google.protobuf.Timestamp`), and of constants. */
  names: Map<Node, Constant>;
}

const TYPE_NAMES: Record<string, [CelType, Type]> = {
  bool: [CelType.Bool, BOOL],
  bytes: [CelType.Bytes, type("bytes")],
  double: [CelType.Double, type("double")],
  int: [CelType.Int, INT],
  list: [CelType.List, type("list", DYN)],
  map: [CelType.Map, type("map", DYN, DYN)],
  null_type: [CelType.Null, type("null")],
  optional_type: [CelType.Optional, type("optional", DYN)],
  string: [CelType.String, type("string")],
  type: [CelType.Type, type("type")],
  uint: [CelType.Uint, type("uint")],
  "google.protobuf.Duration": [CelType.Duration, type("duration")],
  "google.protobuf.Timestamp": [CelType.Timestamp, type("timestamp")],
};

const LITERAL_KINDS: Partial<Record<Tag, Type>> = {
  [Tag.Null]: type("null"),
  [Tag.Bool]: BOOL,
  [Tag.Int]: INT,
  [Tag.Uint]: type("uint"),
  [Tag.Double]: type("double"),
  [Tag.String]: type("string"),
  [Tag.Bytes]: type("bytes"),
};

export interface CheckOptions {
  /** Types of nodes that would be dyn: then more is refused than cel-go refuses, and numbers of two types may be compared. */
  known?: ReadonlyMap<Node, Type>;
  /** Variables that are constants, dyn as well. */
  constants?: Readonly<Record<string, Constant>>;
}

/** Types of all nodes; type errors go to `problems`. `variables` are the global names, all dyn. */
export function check(
  root: Node,
  variables: readonly string[],
  problems: Problems,
  options: CheckOptions = {},
): Checked {
  const checker = new Checker(variables, problems, options);
  checker.check(root);
  return { typeOf: (node) => checker.closed(node), names: checker.names };
}

class Checker {
  readonly names = new Map<Node, Constant>();
  private readonly types = new Map<Node, Type>();
  private readonly unifier = new Unifier();
  private readonly locals: [string, Type][] = [];
  /** cel-go drops its restriction on mixed comparisons when it enters a macro, and never restores it. */
  private mixed = false;

  constructor(
    private readonly variables: readonly string[],
    private readonly problems: Problems,
    private readonly options: CheckOptions,
  ) {
    this.mixed = options.known !== undefined;
  }

  closed(node: Node): Type {
    return this.unifier.resolve(this.types.get(node) ?? DYN, true);
  }

  check(node: Node): Type {
    const inferred = this.typeOf(node);
    const found = inferred.kind === "dyn" ? (this.options.known?.get(node) ?? inferred) : inferred;
    this.types.set(node, found);
    return found;
  }

  private typeOf(node: Node): Type {
    switch (node.kind) {
      case "literal":
        return LITERAL_KINDS[node.value.tag] ?? DYN;
      case "ident":
        return this.ident(node);
      case "select":
        return this.select(node);
      case "call":
        return this.call(node);
      case "list":
        return this.list(node);
      case "map":
        return this.map(node);
      case "message":
        return this.message(node);
      case "loop":
        return this.loop(node);
      case "bind":
        return this.bind(node);
    }
  }

  private ident(node: Ident): Type {
    const local = node.global ? undefined : this.locals.findLast(([name]) => name === node.name);
    if (local) return local[1];
    if (this.variables.includes(node.name)) return DYN;
    const { constants = {} } = this.options;
    if (Object.hasOwn(constants, node.name)) {
      this.names.set(node, constants[node.name]!);
      return DYN;
    }
    const named = this.typeName(node, node.name);
    if (named) return named;
    this.problems.error(node.span, `unknown variable \`${node.name}\``, unknownVariable(node.name, this.variables));
    return ERROR;
  }

  private typeName(node: Node, name: string): Type | undefined {
    const found = Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined;
    if (!found) return undefined;
    this.names.set(node, { tag: Tag.Type, value: found[0] });
    return type("type", found[1]);
  }

  private select(node: Select): Type {
    const path = node.mode === "get" ? dottedName(node) : undefined;
    const named = path && !this.shadowed(path) ? this.typeName(node, path.replace(/^\./, "")) : undefined;
    if (named) return named;
    const found = this.member(node);
    return node.mode === "has" ? BOOL : this.unifier.resolve(found);
  }

  private shadowed(path: string): boolean {
    return this.locals.some(([name]) => name === path.split(".")[0]);
  }

  private member(node: Select): Type {
    const operand = this.unifier.resolve(this.check(node.operand));
    const optional = operand.kind === "optional";
    const target = optional ? (operand.params[0] ?? DYN) : operand;
    const found = this.memberOf(node, target);
    return optional || node.mode === "optional" ? type("optional", found) : found;
  }

  private memberOf(node: Select, target: Type): Type {
    if (target.kind === "map") return target.params[1] ?? DYN;
    if (target.kind === "param") this.unifier.assignable([DYN], [target]);
    else if (target.kind !== "dyn" && target.kind !== "error") {
      this.problems.error(node.span, `a value of type ${show(target)} has no field \`${node.field}\``);
    }
    return DYN;
  }

  private call(node: Call): Type {
    const args = node.args.map((arg) => this.check(arg));
    if (!node.target) return this.apply(node, node.fn, false, args);
    const namespaced = dottedName(node.target);
    const qualified = namespaced && `${namespaced}.${node.fn}`.replace(/^\./, "");
    if (qualified && overloads(qualified, false)) return this.apply(node, qualified, false, args);
    return this.apply(node, node.fn, true, [this.check(node.target), ...args]);
  }

  private apply(node: Call, fn: string, method: boolean, args: Type[]): Type {
    if (fn === "_&&_" || fn === "_||_") return this.logic(node, args);
    if (!overloads(fn, method)) {
      this.problems.error(node.at, `unknown function \`${fn}\``, unknownFunction(fn, method));
      return ERROR;
    }
    const found = this.resolve(fn, method, args);
    if (found) return found;
    const shown = args.map((arg) => show(this.unifier.resolve(arg, true)));
    const { message, hint } = explainMismatch(fn, method, shown);
    this.problems.error(node.at, message, hint);
    return ERROR;
  }

  private logic(node: Call, args: Type[]): Type {
    let fits = true;
    for (const [i, arg] of args.entries()) fits = this.wantBool(node.args[i]?.span ?? node.at, arg) && fits;
    return fits ? BOOL : ERROR;
  }

  private wantBool(span: Span, found: Type): boolean {
    if (this.unifier.assignable([found], [BOOL])) return true;
    const shown = show(this.unifier.resolve(found, true));
    this.problems.error(span, `a condition must be a bool; this is ${shown}`, "compare it with something");
    return false;
  }

  /** Result of the overloads that fit: the type of the first, or dyn if they disagree. */
  private resolve(fn: string, method: boolean, args: Type[]): Type | undefined {
    let result: Type | undefined;
    for (const overload of overloads(fn, method) ?? []) {
      if (overload.mixed && !this.mixed) continue;
      const fresh = new Map(overload.params.map((name) => [name, this.unifier.fresh()]));
      if (
        !this.unifier.assignable(
          args,
          overload.args.map((arg) => instantiate(arg, fresh)),
        )
      )
        continue;
      const found = this.unifier.resolve(instantiate(overload.result, fresh));
      if (!result) result = found;
      else if (result.kind !== "dyn" && !same(result, found)) result = DYN;
    }
    return result;
  }

  /** An element of a literal; `?x` adds the value of the optional x if it has one. */
  private element(node: Node, optional: boolean): Type {
    const found = this.check(node);
    if (!optional || found.kind === "dyn" || found.kind === "error") return found;
    if (found.kind === "optional") return found.params[0] ?? DYN;
    this.problems.error(node.span, `\`?\` needs an optional; this is ${show(this.unifier.resolve(found, true))}`);
    return found;
  }

  private list(node: ListNode): Type {
    let element: Type | undefined;
    for (const item of node.items) element = this.unifier.join(element, this.element(item.value, item.optional));
    return type("list", element ?? this.unifier.fresh());
  }

  private map(node: MapNode): Type {
    let key: Type | undefined;
    let value: Type | undefined;
    for (const entry of node.entries) {
      key = this.unifier.join(key, this.check(entry.key));
      value = this.unifier.join(value, this.element(entry.value, entry.optional));
    }
    return type("map", key ?? this.unifier.fresh(), value ?? this.unifier.fresh());
  }

  private message(node: Message): Type {
    for (const value of node.values) this.check(value);
    const hint = node.name.endsWith("Timestamp") ? 'write timestamp("2026-01-02T03:04:05Z")' : undefined;
    this.problems.error(node.span, `protobuf messages (\`${node.name}{…}\`) are not supported`, hint);
    return ERROR;
  }

  /** The macro is checked as the fold that cel-go expands it to, in the same order. */
  private loop(node: Loop): Type {
    const range = this.check(node.range);
    const result = type("list", this.unifier.fresh());
    this.mixed = true;
    const variable = this.elementOf(node, this.unifier.resolve(range));
    this.locals.push([node.variable, variable]);
    const filter = node.filter && this.check(node.filter);
    const body = this.check(node.body);
    this.locals.pop();
    const list = node.macro === "map" || node.macro === "filter";
    if (list) this.append(node, result, node.macro === "map" ? body : variable);
    if (node.filter && filter) this.wantBool(node.filter.span, filter);
    if (node.macro !== "map") this.wantBool(node.body.span, body);
    return list ? this.unifier.resolve(result) : BOOL;
  }

  /** One step of map and filter: the list so far + [element]. */
  private append(node: Loop, list: Type, element: Type): void {
    const step = this.resolve("_+_", false, [list, type("list", element)]);
    if (step && this.unifier.assignable([list], [step])) return;
    this.problems.error(node.at, `the results of ${node.macro}() have no common type`);
  }

  /** Type of the variable of a loop over `range`. */
  private elementOf(node: Loop, range: Type): Type {
    if (range.kind === "list" || range.kind === "map") return range.params[0] ?? DYN;
    if (range.kind === "dyn" || range.kind === "error" || range.kind === "param") {
      this.unifier.assignable([DYN], [range]);
      return DYN;
    }
    const hint = range.kind === "optional" ? `write x.orValue([]).${node.macro}(…)` : undefined;
    this.problems.error(node.range.span, `${node.macro}() iterates over a list or a map; this is ${show(range)}`, hint);
    return ERROR;
  }

  /** As cel-go expands it: x.hasValue() ? optional.of(e) : optional.none(), with v standing for x.value(). */
  private bind(node: Bind): Type {
    const operand = this.check(node.operand);
    const value = this.resolve("value", true, [operand]);
    if (!value) {
      const shown = show(this.unifier.resolve(operand, true));
      this.problems.error(node.at, `${node.flat ? "optFlatMap" : "optMap"}() needs an optional; this is ${shown}`);
    }
    this.mixed = true;
    this.locals.push([node.variable, value ?? ERROR]);
    const body = this.check(node.body);
    this.locals.pop();
    const some = node.flat ? body : type("optional", body);
    const none = type("optional", this.unifier.fresh());
    const result = this.resolve("_?_:_", false, [BOOL, some, none]);
    if (!result) this.problems.error(node.body.span, "optFlatMap() needs an optional as its result", "use optMap()");
    return result ?? ERROR;
  }
}

function instantiate(t: Type, fresh: Map<string, Type>): Type {
  if (t.kind === "param") return fresh.get(t.name) ?? parameter(t.name);
  return t.params.length ? { ...t, params: t.params.map((param) => instantiate(param, fresh)) } : t;
}

/** The text of `a.b.c` if it consists of names only, with its leading dot if it has one. */
function dottedName(node: Node): string | undefined {
  if (node.kind === "ident") return (node.global ? "." : "") + node.name;
  if (node.kind !== "select" || node.mode !== "get") return undefined;
  const before = dottedName(node.operand);
  return before && `${before}.${node.field}`;
}
