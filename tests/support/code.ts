// The code of a predicate as text, with its operands written out.
import { Attribute, CelType, LoopKind, Op, Slot, Tag, TimePart } from "../../assembly/program.ts";
import type { Constant, Instruction, Operand, PredicateCode } from "../../scripts/compiler/cel/code.ts";

/** One line per instruction: its name, a and b where they are not 0, and what c stands for. */
export function list({ instructions }: PredicateCode): string[] {
  return instructions.map(line);
}

function line({ op, a = 0, b = 0, c = 0 }: Instruction, index: number): string {
  const options = [a > 0 && `a=${option(op, a)}`, b > 0 && (op === Op.Branch ? `error ${index + 1 + b}` : `b=${b}`)];
  return [Op[op], ...options, operand(op, c, index)].filter(Boolean).join(" ");
}

function option(op: Op, a: number): string {
  if (op === Op.Loop) return LoopKind[a] ?? "?";
  return op === Op.Time ? (TimePart[a] ?? "?") : String(a);
}

function operand(op: Op, c: Operand, index: number): string | undefined {
  if (typeof c !== "number") {
    if ("constant" in c) return show(c.constant);
    return "slot" in c ? [Slot[c.slot.root], ...c.slot.path].join("/") : c.automaton.source;
  }
  if (op === Op.Slot || op === Op.HasSlot || op === Op.OptSlot) return `:${Slot[c]}`;
  if (op === Op.Attribute || op === Op.HasAttribute) return Attribute[c];
  if (JUMPS.has(op)) return `to ${index + 1 + c}`;
  return op === Op.Local || op === Op.List || op === Op.Map ? String(c) : undefined;
}

const JUMPS = new Set([Op.Jump, Op.AndJump, Op.OrJump, Op.Branch, Op.OptOrJump, Op.OptMap, Op.Loop, Op.Next, Op.Skip]);

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
