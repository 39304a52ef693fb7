// Types and their unification, as in cel-go's checker (checker/types.go).

export type Kind =
  | "null"
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "timestamp"
  | "duration"
  | "cidr"
  | "list"
  | "map"
  | "optional"
  | "type"
  | "dyn"
  | "error"
  | "param";

export interface Type {
  readonly kind: Kind;
  readonly params: readonly Type[];
  /** Name of a type parameter; empty for all others. */
  readonly name: string;
}

export function type(kind: Kind, ...params: Type[]): Type {
  return { kind, params, name: "" };
}

export function parameter(name: string): Type {
  return { kind: "param", params: [], name };
}

export const DYN = type("dyn");
export const ERROR = type("error");
export const BOOL = type("bool");
export const INT = type("int");

/** As shown to authors: `list(dyn)`, `map(string, int)`. */
export function show({ kind, params, name }: Type): string {
  if (kind === "param") return name;
  return params.length ? `${kind}(${params.map(show).join(", ")})` : kind;
}

export function same(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((param, i) => same(param, b.params[i] as Type));
}

const NULLABLE = new Set<Kind>(["null", "optional", "duration", "timestamp"]);

function wild({ kind }: Type): boolean {
  return kind === "dyn" || kind === "error";
}

/** The type variables of one expression and what they are bound to. */
export class Unifier {
  private readonly bound = new Map<string, Type>();
  private undo: [string, Type | undefined][] = [];
  private count = 0;

  fresh(): Type {
    return parameter(`_${this.count++}`);
  }

  /** Whether each `from` can be used as its `to`; keeps the bindings of variables only if all can. */
  assignable(from: readonly Type[], to: readonly Type[]): boolean {
    this.undo = [];
    if (this.all(from, to)) return true;
    for (const [name, old] of this.undo.reverse()) {
      if (old) this.bound.set(name, old);
      else this.bound.delete(name);
    }
    return false;
  }

  /** The type with bound variables replaced; free ones become dyn if `close` is set. */
  resolve(t: Type, close = false): Type {
    if (t.kind === "param") {
      const found = this.bound.get(t.name);
      return found ? this.resolve(found, close) : close ? DYN : t;
    }
    return t.params.length ? { ...t, params: t.params.map((param) => this.resolve(param, close)) } : t;
  }

  /** A type that both fit, for the elements of a literal. */
  join(previous: Type | undefined, next: Type): Type {
    if (!previous) return next;
    return this.assignable([previous], [next]) ? mostGeneral(previous, next) : DYN;
  }

  private bind(name: string, to: Type): void {
    this.undo.push([name, this.bound.get(name)]);
    this.bound.set(name, to);
  }

  private all(from: readonly Type[], to: readonly Type[]): boolean {
    return from.length === to.length && from.every((t, i) => this.one(t, to[i] as Type));
  }

  private one(a: Type, b: Type): boolean {
    if (b.kind === "param") {
      const answer = this.substitutes(a, b);
      if (answer !== "free") return answer;
    }
    if (a.kind === "param") return this.substitutes(b, a) === true;
    if (wild(a) || wild(b)) return true;
    if (a.kind === "null") return NULLABLE.has(b.kind);
    if (b.kind === "null") return NULLABLE.has(a.kind);
    if (a.kind !== b.kind) return false;
    return a.kind === "type" || this.all(a.params, b.params);
  }

  /** Whether `t` can be bound to the variable; "free" if it cannot, but the variable is unbound. */
  private substitutes(t: Type, variable: Type): boolean | "free" {
    if (same(t, variable)) return true;
    const known = this.bound.get(variable.name);
    if (!known) {
      if (this.occurs(variable, t)) return "free";
      this.bind(variable.name, t);
      return true;
    }
    if (same(t, known)) return true;
    if (!this.one(t, known)) return false;
    const general = mostGeneral(t, known);
    if (!this.occurs(variable, general)) this.bind(variable.name, general);
    return true;
  }

  private occurs(variable: Type, within: Type): boolean {
    if (same(variable, within)) return true;
    if (within.kind !== "param") return within.params.some((param) => this.occurs(variable, param));
    const known = this.bound.get(within.name);
    return known !== undefined && this.occurs(variable, known);
  }
}

function mostGeneral(a: Type, b: Type): Type {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: Type, b: Type): boolean {
  if (a.kind === "dyn" || a.kind === "param") return true;
  if (b.kind === "dyn" || b.kind === "param" || a.kind !== b.kind) return false;
  return a.kind === "type" || a.params.every((param, i) => lessSpecific(param, b.params[i] as Type));
}
