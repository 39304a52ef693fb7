// `args` and `onlyArgs` of a tool entry: keywords of JSON Schema, as a predicate in CEL. A property that is named must be
// there, unless it is optional, and has the type that its keywords speak about: what is otherwise cannot be judged, which
// is an error, so that a Deny rule matches it and an Allow rule does not.
import { Automata } from "../regex/automaton.ts";
import { PatternError } from "../regex/machine.ts";
import type { Member, Report, Tree } from "../source/document.ts";
import { flag, integer, list, mapping, text, texts, type Members, type TextTree } from "../source/shape.ts";
import { suggest } from "../source/spelling.ts";
import { literal, memberOf, others, presenceOf, typeTest } from "./args-text.ts";
import { jsonOf } from "./data.ts";
import { ARGUMENT, namesOf } from "./shapes.ts";
import { JSON_TYPES, type JsonType } from "./words.ts";

/** Where a keyword speaks about values of one type only. */
const IMPLIED: Record<string, JsonType> = {
  ...of("number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
  ...of("string", ["minLength", "maxLength", "pattern"]),
  ...of("array", ["minItems", "maxItems", "items"]),
  ...of("object", ["properties", "required", "additionalProperties"]),
};
const COMPARED: Record<string, string> = {
  minimum: ">=",
  maximum: "<=",
  exclusiveMinimum: ">",
  exclusiveMaximum: "<",
};
const SIZES: Record<string, string> = { minLength: ">=", maxLength: "<=", minItems: ">=", maxItems: "<=" };
const BOUNDS = [
  ["minimum", "maximum"],
  ["exclusiveMinimum", "maximum"],
  ["minimum", "exclusiveMaximum"],
  ["exclusiveMinimum", "exclusiveMaximum"],
  ["minLength", "maxLength"],
  ["minItems", "maxItems"],
] as const;
/** Names of what is paid. */
const MONEY = /(?:^|[_a-z])(?:amount|price|total|refund|payment|cost|fee)$/i;
const MOST = 0x7fffffff;
const CANNOT_JUDGE = "dyn(null)";

function of(type: JsonType, keywords: string[]): Record<string, JsonType> {
  return Object.fromEntries(keywords.map((keyword) => [keyword, type]));
}

/** The predicate that `args` and `onlyArgs` stand for; undefined without them, or when they are wrong. */
export function readArgs(report: Report, args: Member | undefined, only: Member | undefined): TextTree | undefined {
  const isOnly = only !== undefined && (flag(report, only.value) ?? false);
  const members = args && mapping(report, args.value, "*");
  if (members?.size === 0 && !isOnly)
    return report.error(args!.value, "an empty mapping is not allowed here", "onlyArgs: true allows no arguments");
  if (!members && (args || !isOnly)) return undefined;
  const reader = new ArgsReader(report);
  const problems = report.problems.length;
  const parts = reader.members(members ?? new Map<string, Member>(), "args", isOnly);
  // Its text is sound only where nothing is wrong.
  if (report.problems.slice(problems).some(({ severity }) => severity === "error")) return undefined;
  const needsMap = isOnly || reader.areAllOptional(members!);
  const value = needsMap ? `type(args) == map ? ${parts} : ${CANNOT_JUDGE}` : parts;
  return { ...(args ?? only)!.value, kind: "text", value };
}

class ArgsReader {
  private readonly automata = new Automata();
  private variables = 0;

  constructor(private readonly report: Report) {}

  areAllOptional(members: Members): boolean {
    return [...members.values()].every(({ value }) => isOptional(value));
  }

  /** What holds of the members of `owner`, as a conjunction. */
  members(members: Members, owner: string, isOnly: boolean): string {
    const parts = [...members.values()].map(({ name, value }) => {
      if (MONEY.test(name)) this.warnOfAmount(value);
      const holds = this.schema(value, memberOf(owner, name), presenceOf(owner, name), true);
      return isOptional(value) ? `(!${presenceOf(owner, name)} || ${holds})` : holds;
    });
    if (isOnly) parts.push(others(owner, [...members.keys()], this.variable()));
    return parts.length > 0 ? parts.join(" && ") : "true";
  }

  /** What a schema says of `value`; `presence`: that the value is there. */
  private schema(tree: Tree, value: string, presence: string, isMember: boolean): string {
    const members = mapping(this.report, tree, namesOf(ARGUMENT));
    if (!members) return "false";
    const optional = members.get("optional");
    if (optional && !isMember) this.report.error(optional.key, "only a named property may be optional");
    if (optional) flag(this.report, optional.value);
    const types = this.types(members, value);
    const parts = [...members.values()].flatMap((member) => this.keyword(member, members, value) ?? []);
    this.checkBounds(members);
    if (parts.length === 0) return `(${types ?? presence} || ${CANNOT_JUDGE})`;
    return types === undefined ? parts.join(" && ") : `(${types} ? ${parts.join(" && ")} : ${CANNOT_JUDGE})`;
  }

  /** The test of the type that the keywords speak about and that `type` names; undefined: any. */
  private types(members: Members, value: string): string | undefined {
    const implied = [...members.values()].filter(({ name }) => Object.hasOwn(IMPLIED, name));
    const [first] = implied;
    const type = first && IMPLIED[first.name]!;
    for (const other of implied) {
      if (IMPLIED[other.name] === type) continue;
      const message = `${other.name} is about values of type ${IMPLIED[other.name]}, ${first!.name} about those of type ${type}`;
      this.report.error(other.key, message, "no value is both");
    }
    const wanted = members.get("type");
    const words = wanted && this.typeWords(wanted.value);
    if (!words) return type && typeTest(type, value);
    const fitting = words.filter((word) => !type || word === type || (type === "number" && word === "integer"));
    if (fitting.length === 0 && first)
      this.report.error(wanted.key, `type is ${words.join(", ")}, but ${first.name} is about values of type ${type}`);
    const tests = fitting.map((word) => typeTest(word, value));
    return tests.length === 1 ? tests[0] : `(${tests.join(" || ")})`;
  }

  private typeWords(tree: Tree): JsonType[] | undefined {
    const items = tree.kind === "list" ? texts(this.report, tree, "it would match nothing") : [tree];
    const words = items?.flatMap((item) => {
      const word = text(this.report, item);
      if (word === undefined || (JSON_TYPES as readonly string[]).includes(word)) return (word as JsonType) ?? [];
      return this.report.error(item, `unknown type "${word}"`, suggest(word, JSON_TYPES)) ?? [];
    });
    return words && words.length > 0 ? words : undefined;
  }

  private keyword({ name, value: tree }: Member, members: Members, value: string): string | undefined {
    const { report } = this;
    if (Object.hasOwn(COMPARED, name)) {
      if (tree.kind === "number") return `${value} ${COMPARED[name]} ${literal(tree.value)}`;
      return report.error(tree, `${name} needs a number`);
    }
    if (Object.hasOwn(SIZES, name)) {
      const size = integer(report, tree, 0, MOST);
      return size === undefined ? undefined : `size(${value}) ${SIZES[name]} ${size}`;
    }
    switch (name) {
      case "const":
        return `${value} == ${literal(jsonOf(report, tree))}`;
      case "enum":
        return this.listed(tree, value);
      case "pattern":
        return this.pattern(tree, value);
      case "items":
        return this.items(tree, value);
      case "properties":
        return this.properties(tree, members, value);
      case "required":
        return texts(report, tree)
          ?.map((item) => presenceOf(value, item.value))
          .join(" && ");
      case "additionalProperties":
        return this.closed(tree, members, value);
      default:
        return undefined;
    }
  }

  private listed(tree: Tree, value: string): string | undefined {
    const items = list(this.report, tree, "no value would fit");
    return items && `${value} in [${items.map((item) => literal(jsonOf(this.report, item))).join(", ")}]`;
  }

  private pattern(tree: Tree, value: string): string | undefined {
    const pattern = text(this.report, tree);
    if (pattern === undefined) return undefined;
    try {
      this.automata.of(pattern);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      return this.report.error(tree, error.message, error.hint);
    }
    return `${value}.matches(${literal(pattern)})`;
  }

  private items(tree: Tree, value: string): string {
    const item = this.variable();
    return `${value}.all(${item}, ${this.schema(tree, item, "true", false)})`;
  }

  private properties(tree: Tree, { size }: Members, value: string): string | undefined {
    const members = mapping(this.report, tree, "*");
    if (members?.size === 0 && size === 1) return undefined;
    return members && `(${this.members(members, value, false)})`;
  }

  private closed(tree: Tree, members: Members, value: string): string | undefined {
    if (tree.kind !== "boolean" || tree.value)
      return this.report.error(tree, "additionalProperties can only be false", "leave it out to allow others");
    const properties = members.get("properties")?.value;
    const names = properties?.kind === "map" ? [...properties.members.keys()] : [];
    return others(value, names, this.variable());
  }

  private checkBounds(members: Members): void {
    for (const [lower, upper] of BOUNDS) {
      const [least, most] = [members.get(lower)?.value, members.get(upper)?.value];
      if (least?.kind !== "number" || most?.kind !== "number") continue;
      const isOpen = lower.startsWith("exclusive") || upper.startsWith("exclusive");
      if (least.value > most.value || (isOpen && least.value === most.value))
        this.report.error(most, `no value fits: ${lower} is ${least.value}, ${upper} is ${most.value}`);
    }
  }

  private warnOfAmount(tree: Tree): void {
    const members = tree.kind === "map" ? tree.members : new Map<string, Member>();
    const upper = members.get("maximum") ?? members.get("exclusiveMaximum");
    if (!upper || ["minimum", "exclusiveMinimum", "const", "enum"].some((keyword) => members.has(keyword))) return;
    this.report.warn(upper.key, "this also holds where the amount is below zero", "add exclusiveMinimum: 0");
  }

  private variable(): string {
    return `v${++this.variables}`;
  }
}

function isOptional(tree: Tree): boolean {
  const value = tree.kind === "map" ? tree.members.get("optional")?.value : undefined;
  return value?.kind === "boolean" && value.value;
}
