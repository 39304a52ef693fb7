// A Pool that keeps what a predicate asks for, and shows its code with the operands written out.
import { Attribute, CelType, Flag, LoopKind, Op, Slot, Tag, TimePart } from "../../assembly/program.ts";
import {
  PatternError,
  type Constant,
  type Instruction,
  type Pool,
  type PredicateCode,
} from "../../scripts/compiler/cel/code.ts";

export class MemoryPool implements Pool {
  readonly constants: string[] = [];
  readonly slots: string[] = Array.from({ length: Slot.Count }, (_, slot) => `:${Slot[slot]}`);
  readonly patterns: string[] = [];
  readonly needs = new Set<string>();

  constant(value: Constant): number {
    return indexIn(this.constants, show(value));
  }

  slot(root: Slot.Body | Slot.Claims, path: readonly string[]): number {
    return indexIn(this.slots, [Slot[root], ...path].join("/"));
  }

  /** Takes every pattern but those with `(?!`, which RE2 does not have. */
  automaton(pattern: string): number {
    const bad = pattern.indexOf("(?!");
    if (bad >= 0) throw new PatternError("look-ahead is not supported", bad, "write two conditions");
    return indexIn(this.patterns, pattern);
  }

  need(flag: Flag): void {
    this.needs.add(Flag[flag]);
  }

  /** One line an instruction: its name, a and b when they are not 0, and what c stands for. */
  list({ instructions }: PredicateCode): string[] {
    return instructions.map((instruction, i) => this.line(instruction, i));
  }

  private line({ op, a = 0, b = 0, c = 0 }: Instruction, index: number): string {
    const options = [
      a > 0 && `a=${this.option(op, a)}`,
      b > 0 && (op === Op.Branch ? `error ${index + 1 + b}` : `b=${b}`),
    ];
    return [Op[op], ...options, this.operand(op, c, index)].filter(Boolean).join(" ");
  }

  private option(op: Op, a: number): string {
    if (op === Op.Loop) return LoopKind[a] ?? "?";
    return op === Op.Time ? (TimePart[a] ?? "?") : String(a);
  }

  private operand(op: Op, c: number, index: number): string | undefined {
    if (TEXTS.has(op)) return this.constants[c];
    if (op === Op.Slot || op === Op.HasSlot || op === Op.OptSlot) return this.slots[c];
    if (op === Op.Attribute || op === Op.HasAttribute) return Attribute[c];
    if (op === Op.Matches) return this.patterns[c];
    if (JUMPS.has(op)) return `to ${index + 1 + c}`;
    return op === Op.Local || op === Op.List || op === Op.Map ? String(c) : undefined;
  }
}

const TEXTS = new Set([Op.Const, Op.Select, Op.Has, Op.OptSelect, Op.Header, Op.HasHeader]);
const JUMPS = new Set([Op.Jump, Op.AndJump, Op.OrJump, Op.Branch, Op.OptOrJump, Op.OptMap, Op.Loop, Op.Next, Op.Skip]);

function indexIn(list: string[], item: string): number {
  const known = list.indexOf(item);
  return known >= 0 ? known : list.push(item) - 1;
}

/** A constant as CEL would write it. */
export function show(value: Constant): string {
  switch (value.tag) {
    case Tag.Uint:
      return `${value.value}u`;
    case Tag.Double:
      return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
    case Tag.String:
      return JSON.stringify(value.value);
    case Tag.Bytes:
      return `bytes[${value.value.join(" ")}]`;
    case Tag.Duration:
      return `${value.value}ns`;
    case Tag.Timestamp:
      return `@${value.seconds}.${String(value.nanos).padStart(9, "0")}`;
    case Tag.Type:
      return `type ${CelType[value.value]}`;
    case Tag.CellList:
      return `[${value.items.map(show).join(", ")}]`;
    case Tag.CellMap:
      return `{${value.entries.map(([key, item]) => `${show(key)}: ${show(item)}`).join(", ")}}`;
    default:
      return "value" in value ? String(value.value) : Tag[value.tag];
  }
}
