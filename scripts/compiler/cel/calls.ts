// Functions and methods → instructions.
import { Op, Tag, TimePart } from "../../../assembly/program.ts";
import { PatternError } from "../regex/machine.ts";
import { readRange } from "../source/ranges.ts";
import { walk, type Call, type Node } from "./ast.ts";
import type { Zoned } from "./convert.ts";
import { readZone } from "./moments.ts";
import { overloads } from "./overloads.ts";
import type { Planner } from "./plan.ts";

const SIMPLE: Record<string, Op> = {
  size: Op.Size,
  int: Op.ToInt,
  uint: Op.ToUint,
  double: Op.ToDouble,
  string: Op.ToString,
  bool: Op.ToBool,
  bytes: Op.ToBytes,
  timestamp: Op.ToTimestamp,
  duration: Op.ToDuration,
  type: Op.TypeOf,
  value: Op.OptValue,
  hasValue: Op.OptHasValue,
  startsWith: Op.StartsWith,
  endsWith: Op.EndsWith,
  contains: Op.Contains,
};

const PARTS: Record<string, TimePart> = {
  getFullYear: TimePart.FullYear,
  getMonth: TimePart.Month,
  getDayOfYear: TimePart.DayOfYear,
  getDayOfMonth: TimePart.DayOfMonth,
  getDate: TimePart.Date,
  getDayOfWeek: TimePart.DayOfWeek,
  getHours: TimePart.Hours,
  getMinutes: TimePart.Minutes,
  getSeconds: TimePart.Seconds,
  getMilliseconds: TimePart.Milliseconds,
};

const UNSUPPORTED: Record<string, string> = {
  first: "write x[?0]",
  last: "write x[?size(x) - 1]",
  unwrap: "write [?a, ?b] for a list of the optionals that have a value",
  unwrapOpt: "write [?a, ?b] for a list of the optionals that have a value",
};

const SPECIAL: Record<string, (planner: Planner, node: Call, operands: Node[]) => void> = {
  dyn: planDyn,
  or: planOr,
  orValue: planOrValue,
  matches: planMatches,
  containsIP: planInRange,
  cidr: (planner, node) => planner.refuse(node, "a range is not a value by itself", RANGE_HINT),
  string: planText,
  ...Object.fromEntries(Object.keys(PARTS).map((name) => [name, planTime])),
};

/** Code of a call that is not an operator. */
export function planCall(planner: Planner, node: Call): void {
  const { fn, target, args } = node;
  if (target?.kind === "ident" && target.name === "optional" && overloads(`optional.${fn}`, false)) {
    return planNamespaced(planner, node);
  }
  const operands = target ? [target, ...args] : args;
  const special = Object.hasOwn(SPECIAL, fn) ? SPECIAL[fn] : undefined;
  if (special) return special(planner, node, operands);
  planSimple(planner, node, operands);
}

function planSimple(planner: Planner, node: Call, operands: Node[]): void {
  const op = Object.hasOwn(SIMPLE, node.fn) ? SIMPLE[node.fn] : undefined;
  if (op !== undefined) return planner.apply(op, operands);
  planner.refuse(node, `${node.fn}() is not supported`, UNSUPPORTED[node.fn]);
}

/** optional.of() and the like. */
function planNamespaced(planner: Planner, node: Call): void {
  if (node.fn === "none") return void planner.code.emit(Op.OptNone);
  const op = node.fn === "of" ? Op.OptOf : node.fn === "ofNonZeroValue" ? Op.OptOfNonZero : undefined;
  if (op === undefined) return planner.refuse(node, `optional.${node.fn}() is not supported`, UNSUPPORTED[node.fn]);
  planner.plainOnly(node.args);
  planner.apply(op, node.args);
}

function planDyn(planner: Planner, _node: Call, operands: Node[]): void {
  planner.plainOnly(operands);
  for (const operand of operands) planner.plan(operand);
}

/** string() prints a timestamp in the time zone of the string it was parsed from, which the VM does not keep. */
function planText(planner: Planner, node: Call, operands: Node[]): void {
  const [value] = operands as [Node];
  const { kind } = planner.typeOf(value);
  if ((kind !== "timestamp" && kind !== "dyn") || !hasZone(planner, value)) return planSimple(planner, node, operands);
  planner.refuse(
    node,
    "string() of a timestamp in an unknown time zone is not supported",
    "compare timestamps with each other",
  );
}

/** Whether a timestamp in the node may have a time zone other than UTC. */
function hasZone(planner: Planner, node: Node): boolean {
  let found = false;
  walk(node, (part) => (found ||= planner.typeOf(part).kind === "timestamp" && !inUtc(planner, part)));
  return found;
}

function inUtc(planner: Planner, node: Node): boolean {
  if (planner.typeOf(node).kind === "duration") return true;
  const constant: Zoned | undefined = planner.constants.get(node);
  if (constant) return !constant.zone;
  if (node.kind !== "call") return false;
  if (node.fn === "timestamp")
    return node.args.every((arg) => planner.typeOf(arg).kind === "int" || inUtc(planner, arg));
  return (node.fn === "_+_" || node.fn === "_-_") && node.args.every((arg) => inUtc(planner, arg));
}

function planOr(planner: Planner, _node: Call, [first, second]: Node[]): void {
  const other = second as Node;
  if (!planner.isOptional(other)) {
    planner.problems.error(other.span, "or() needs an optional", "use x.orValue(…) for a plain value");
  }
  planAlternative(planner, first as Node, other, 0);
}

function planOrValue(planner: Planner, _node: Call, [first, second]: Node[]): void {
  planner.plainOnly([second as Node]);
  planAlternative(planner, first as Node, second as Node, 1);
}

function planAlternative(planner: Planner, first: Node, second: Node, a: number): void {
  planner.plan(first);
  const jump = planner.code.emit(Op.OptOrJump, { a });
  planner.plan(second);
  planner.code.land(jump);
}

function planTime(planner: Planner, node: Call, [time, zone]: Node[]): void {
  const a = PARTS[node.fn] ?? 0;
  if (!zone) return planner.apply(Op.Time, [time as Node], { a });
  const constant = planner.constants.get(zone);
  const read = constant?.tag === Tag.String ? readZone(constant.value) : undefined;
  if (read === undefined) {
    return planner.refuse(
      zone,
      "the time zone must be a constant offset; zone names are not supported",
      'write "UTC" or "+02:00"',
    );
  }
  planner.plan(time as Node);
  planner.constant({ tag: Tag.String, value: read });
  planner.code.emit(Op.Time, { a, b: 1 }, -1);
}

const RANGE_HINT = 'write cidr("10.0.0.0/8").containsIP(source.address)';

/** `cidr("…").containsIP(x)`, names of Kubernetes' CEL library: the range is a constant. */
function planInRange(planner: Planner, _node: Call, [range, address]: Node[]): void {
  const [text] = range?.kind === "call" && range.fn === "cidr" && !range.target ? range.args : [];
  const constant = text && planner.constants.get(text);
  if (constant?.tag !== Tag.String) return planner.refuse(range as Node, "the range must be a constant", RANGE_HINT);
  const read = readRange(constant.value);
  if ("message" in read) return planner.refuse(text as Node, read.message, read.hint);
  planner.constant({ tag: Tag.Bytes, value: read });
  planner.plan(address as Node);
  planner.code.emit(Op.InRange);
}

/** A literal at one end of the text; only ASCII punctuation can be escaped, as in RE2. */
const LITERAL = /^(\^?)((?:[^\\^$.|?*+()[\]{}]|\\[!-/:-@[-^`{-~])*)(\$?)$/;

/** Patterns that are a literal at one end need no automaton; a value that is not a string is an error in both forms. */
function planMatches(planner: Planner, _node: Call, operands: Node[]): void {
  const [subject, pattern] = operands as [Node, Node];
  const constant = planner.constants.get(pattern);
  if (constant?.tag !== Tag.String) {
    return planner.refuse(pattern, "the pattern of matches() must be a constant", "compare with == or contains()");
  }
  planner.plan(subject);
  const [, start, literal = "", end] = LITERAL.exec(constant.value) ?? [];
  if (!start === !end) return planAutomaton(planner, pattern, constant.value);
  planner.constant({ tag: Tag.String, value: literal.replace(/\\(.)/g, "$1") });
  planner.code.emit(start ? Op.StartsWith : Op.EndsWith);
}

function planAutomaton(planner: Planner, pattern: Node, source: string): void {
  try {
    planner.code.emit(Op.Matches, { c: { automaton: planner.automata.of(source) } });
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const { start, end } = pattern.span;
    const at = planner.known.text.slice(start, end).indexOf(source);
    const from = at < 0 ? start : Math.min(start + at + error.offset, end - 1);
    planner.problems.error({ start: from, end }, error.message, error.hint);
    planner.code.emit(Op.Pop);
    planner.constant({ tag: Tag.Error });
  }
}
