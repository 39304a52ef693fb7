// Random CEL expressions: typed where CEL has types, over arguments that mostly, but not always, have the type that the
// expression expects.
import type { Choice } from "../../tests/support/random.ts";
import { PARTS } from "./cel-functions.ts";

type Type =
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "list"
  | "map"
  | "timestamp"
  | "duration"
  | "optional"
  | "type"
  | "dyn";

const TYPES: Type[] = [
  "bool",
  "int",
  "uint",
  "double",
  "string",
  "bytes",
  "list",
  "map",
  "timestamp",
  "duration",
  "type",
  "dyn",
];

/** Members of args by their usual type. */
export const MEMBERS: Partial<Record<Type, string[]>> = {
  bool: ["b", "c"],
  double: ["n", "o", "i", "big"],
  string: ["s", "r", "ts", "dur", "num"],
  list: ["l", "ls", "lm", "e"],
  map: ["m", "mm"],
};
const ALL = [...Object.values(MEMBERS).flat(), "z", "missing"];

const LITERALS: Partial<Record<Type, string[]>> = {
  bool: ["true", "false"],
  int: ["0", "1", "-1", "2", "3", "100", "9007199254740993", "9223372036854775807", "-9223372036854775808"],
  uint: ["0u", "1u", "2u", "18446744073709551615u", "9007199254740993u"],
  double: [
    "0.0",
    "1.0",
    "-1.5",
    "0.1",
    "2.0",
    "1e308",
    "5e-324",
    "9007199254740992.0",
    "9.223372036854775807e18",
    "-0.0",
  ],
  string: [
    '""',
    '"a"',
    '"abc"',
    '"é"',
    '"😀"',
    '"1"',
    '"k"',
    '"\\n"',
    '"\\u2028"',
    "'it\\'s'",
    '"1.5"',
    '"true"',
    '"A"',
  ],
  bytes: ['b"a"', 'b""', 'b"\\xff"', 'b"é"'],
  timestamp: [
    'timestamp("2026-01-01T00:00:00Z")',
    'timestamp("2024-02-29T23:59:59.123456789+02:00")',
    "timestamp(0)",
    'timestamp("0001-01-01T00:00:00Z")',
    'timestamp("9999-12-31T23:59:59Z")',
  ],
  duration: [
    'duration("90m")',
    'duration("-1.5h")',
    'duration("1h30m15.5s")',
    'duration("0s")',
    'duration("2562047h")',
  ],
  type: ["int", "double", "string", "list", "map", "bool", "null_type", "type(1u)"],
};

const PATTERNS = [
  '"^a"',
  '"b$"',
  '"a.c"',
  '"^[a-z]+$"',
  '"(?i)ABC"',
  '"é|😀"',
  '"^.$"',
  '"\\\\d+"',
  '""',
  '"^abc$"',
  '"\\\\bk\\\\b"',
  '"[^a]"',
];
const ZONES = ["", "", '"UTC"', '"+02:00"', '"-11:30"', '"05:45"'];
const LOOPS = ["all", "exists", "exists_one"];

export class ExpressionText {
  private variables: string[] = [];

  constructor(private readonly choice: Choice) {}

  bool(depth: number): string {
    return this.of("bool", depth);
  }

  /** An expression of a type; sometimes of another one, hidden from the checker. */
  private of(type: Type, depth: number): string {
    const { choice } = this;
    if (choice.chance(0.03)) return `dyn(${this.of(choice.one(TYPES), depth - 1)})`;
    if (depth <= 0 || choice.chance(0.12)) return this.leaf(type);
    if (choice.chance(0.05))
      return `(${this.bool(depth - 2)} ? ${this.of(type, depth - 1)} : ${this.of(type, depth - 1)})`;
    if (type !== "optional" && choice.chance(0.07))
      return `${this.of("optional", depth - 1)}.orValue(${this.of(type, depth - 1)})`;
    const make = this.makers(depth - 1)[type];
    return choice.one(make)();
  }

  private path(names: readonly string[]): string {
    const { choice } = this;
    const root = choice.chance(0.92) ? "args" : choice.one(["meta", "jwt.claims"]);
    const name = choice.one(names);
    return choice.chance(0.9)
      ? `${root}.${name}`
      : choice.one([`${root}["${name}"]`, `${root}.?${name}.orValue(${this.leaf("dyn")})`]);
  }

  private leaf(type: Type): string {
    const { choice } = this;
    if (this.variables.length > 0 && choice.chance(0.35)) return choice.one(this.variables);
    const names = MEMBERS[type];
    if (type === "dyn")
      return choice.chance(0.7)
        ? this.path(ALL)
        : choice.one(["null", "dyn(1)", 'dyn("a")', "dyn(1u)", "dyn(2.0)", "dyn([1])"]);
    if (type === "optional")
      return choice.chance(0.9)
        ? `args.?${choice.one(ALL)}`
        : choice.one(["optional.none()", "optional.of(1)", "args.m.?k.?v"]);
    if (type === "list")
      return choice.chance(0.7)
        ? this.path(names!)
        : choice.one(["[]", "[1, 2, 3]", '["a", "b"]', "[1.0, 2.0]", '["é", "k"]', "jwt.scopes", "args.mm.l"]);
    if (type === "map")
      return choice.chance(0.7)
        ? this.path(names!)
        : choice.one(["{}", '{"a": 1}', '{"k": "v", "a b": 2}', "{1: true}", "args", "args.lm[0]"]);
    return names && choice.chance(0.6) ? this.path(names) : choice.one(LITERALS[type]!);
  }

  /** How to build a value of each type from smaller ones. */
  private makers(depth: number): Record<Type, (() => string)[]> {
    return { ...this.scalars(depth), ...this.times(depth), ...this.containers(depth), bool: this.conditions(depth) };
  }

  private math(type: Type, operators: string[], depth: number): () => string {
    return () => `(${this.of(type, depth)} ${this.choice.one(operators)} ${this.of(type, depth)})`;
  }

  private scalars(
    depth: number,
  ): Record<"int" | "uint" | "double" | "string" | "bytes" | "type" | "dyn", (() => string)[]> {
    const { choice } = this;
    const of = (type: Type): string => this.of(type, depth);
    const convert = (to: string, ...from: Type[]) => {
      return (): string => `${to}(${of(choice.one(from))})`;
    };
    const integer = ["+", "-", "*", "/", "%"];
    return {
      int: [
        this.math("int", integer, depth),
        convert("int", "double", "string", "uint", "timestamp", "dyn"),
        convert("size", "string", "list", "map", "bytes", "dyn"),
        () => `-${of("int")}`,
        () => this.timePart(depth),
      ],
      uint: [this.math("uint", integer, depth), convert("uint", "double", "int", "string", "dyn")],
      double: [
        this.math("double", ["+", "-", "*", "/"], depth),
        convert("double", "int", "string", "uint", "dyn"),
        () => this.element("double", depth),
        () => `-${of("double")}`,
      ],
      string: [
        this.math("string", ["+"], depth),
        convert("string", "double", "int", "bool", "uint", "bytes", "duration", "dyn"),
        () => this.element("string", depth),
      ],
      bytes: [convert("bytes", "string"), this.math("bytes", ["+"], depth)],
      type: [convert("type", ...TYPES)],
      dyn: [() => of(choice.one(TYPES)), () => this.element("dyn", depth)],
    };
  }

  private times(depth: number): Record<"timestamp" | "duration", (() => string)[]> {
    const { choice } = this;
    const of = (type: Type): string => this.of(type, depth);
    return {
      timestamp: [
        () => `timestamp(${choice.chance(0.7) ? "args.ts" : of("int")})`,
        () => `(${of("timestamp")} ${choice.one(["+", "-"])} ${of("duration")})`,
      ],
      duration: [
        () => `duration(${choice.chance(0.7) ? "args.dur" : '"1s"'})`,
        this.math("duration", ["+", "-"], depth),
        () => `(${of("timestamp")} - ${of("timestamp")})`,
      ],
    };
  }

  private containers(depth: number): Record<"list" | "map" | "optional", (() => string)[]> {
    const { choice } = this;
    const of = (type: Type): string => this.of(type, depth);
    return {
      list: [
        () => this.loopText("filter", "bool", depth),
        () => this.loopText("map", "dyn", depth),
        () => this.mapped(depth),
        this.math("list", ["+"], depth),
        () => this.listText(depth),
        () => this.element("list", depth),
      ],
      map: [() => this.mapText(depth), () => this.element("map", depth)],
      optional: [
        () => `${of("map")}.?${choice.one(["k", "a", "v"])}`,
        () => `${of("list")}[?${of("int")}]`,
        () => `optional.${choice.one(["of", "ofNonZeroValue"])}(${of("dyn")})`,
        () => `${of("optional")}.or(${of("optional")})`,
        () => this.bound(depth),
      ],
    };
  }

  private conditions(depth: number): (() => string)[] {
    const { choice } = this;
    const pair = (...types: Type[]): string => {
      const type = choice.one(types);
      return `${this.of(type, depth)} ${choice.one(["==", "!=", "<", "<=", ">", ">="])} ${this.of(choice.chance(0.8) ? type : "dyn", depth)}`;
    };
    const equal = (): string =>
      `${this.of(choice.one(TYPES), depth)} ${choice.one(["==", "!="])} ${this.of("dyn", depth)}`;
    return [
      () => `(${this.bool(depth)} && ${this.bool(depth)})`,
      () => `(${this.bool(depth)} || ${this.bool(depth)})`,
      () => `!(${this.bool(depth)})`,
      () => `(${pair("int", "double", "string", "dyn", "uint")})`,
      () => `(${pair("timestamp", "duration", "bytes", "bool", "double", "string")})`,
      () => `(${equal()})`,
      () => `(${this.of("dyn", depth)} in ${this.of(choice.one(["list", "map", "dyn"]), depth)})`,
      () =>
        `has(${choice.chance(0.7) ? "args" : this.of(choice.one(["map", "dyn"]), depth)}.${choice.one([...ALL, "k", "a"])})`,
      () =>
        `${this.of("string", depth)}.${choice.one(["startsWith", "endsWith", "contains"])}(${this.of("string", depth)})`,
      () => `${this.of("string", depth)}.matches(${choice.one(PATTERNS)})`,
      () => this.loopText(choice.one(LOOPS), "bool", depth),
      () => this.loopText(choice.one(LOOPS), "bool", depth),
      () => `${this.of("optional", depth)}.hasValue()`,
      () => `bool(${this.of("string", depth)})`,
    ];
  }

  private element(type: Type, depth: number): string {
    const { choice } = this;
    if (choice.chance(0.5))
      return `${this.of("list", depth)}[${choice.chance(0.6) ? choice.one(["0", "1", "-1", "2"]) : this.of(choice.one(["int", "dyn"]), depth)}]`;
    const of = this.of("map", depth);
    return choice.chance(0.5)
      ? `${of}.${choice.one(["k", "a", "v"])}`
      : `${of}[${this.of(choice.one(["string", type === "dyn" ? "dyn" : "string"]), depth)}]`;
  }

  private scoped(run: (variable: string) => string): string {
    const variable = this.choice.chance(0.1) ? "args" : `x${this.variables.length}`;
    this.variables.push(variable);
    const text = run(variable);
    this.variables.pop();
    return text;
  }

  private loopText(macro: string, body: Type, depth: number): string {
    const range = this.of(this.choice.chance(0.85) ? "list" : "map", depth);
    return this.scoped((variable) => `${range}.${macro}(${variable}, ${this.of(body, depth)})`);
  }

  private mapped(depth: number): string {
    const range = this.of("list", depth);
    return this.scoped((variable) => `${range}.map(${variable}, ${this.bool(depth)}, ${this.of("dyn", depth)})`);
  }

  private bound(depth: number): string {
    const operand = this.of("optional", depth);
    const flat = this.choice.chance(0.3);
    return this.scoped(
      (variable) =>
        `${operand}.${flat ? "optFlatMap" : "optMap"}(${variable}, ${this.of(flat ? "optional" : "dyn", depth)})`,
    );
  }

  private listText(depth: number): string {
    const items = Array.from({ length: this.choice.below(4) }, () =>
      this.choice.chance(0.1) ? `?${this.of("optional", depth)}` : this.of("dyn", depth),
    );
    return `[${items.join(", ")}]`;
  }

  private mapText(depth: number): string {
    const entry = (key: string): string =>
      this.choice.chance(0.1) ? `?${key}: ${this.of("optional", depth)}` : `${key}: ${this.of("dyn", depth)}`;
    return `{${this.choice.some(['"a"', '"k"', "1", "true", '"v"'], 0.4).map(entry).join(", ")}}`;
  }

  private timePart(depth: number): string {
    const { choice } = this;
    return choice.chance(0.8)
      ? `${this.of("timestamp", depth)}.${choice.one(PARTS)}(${choice.one(ZONES)})`
      : `${this.of("duration", depth)}.${choice.one(PARTS.slice(6))}()`;
  }
}
