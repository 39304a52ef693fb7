// The predicates of a program, one instruction per line, and its automata.
import {
  Attribute,
  AutomatonField,
  LOOP_SIZE,
  LoopKind,
  NodeField,
  Op,
  PredicateField,
  Section,
  Slot,
  Tag,
  TimePart,
} from "../../../assembly/program.ts";
import { Program } from "./reader.ts";
import { toHex } from "../../bytes.ts";

export function predicates(program: Program): string[] {
  const lines = program.each(Section.Predicates, (at, index) => {
    const code = program.run(Section.Code, at + PredicateField.Code);
    const head = `  p${index}  stack ${program.word(at + PredicateField.Stack)}, loops ${program.word(at + PredicateField.Loops)}`;
    return [
      head,
      ...code.map((instruction, i) => `    ${`${i}`.padStart(3)}  ${instructionText(program, instruction, i)}`),
    ].join("\n");
  });
  return ["predicates", ...lines];
}

const JUMPS = new Set([Op.Jump, Op.AndJump, Op.OrJump, Op.Branch, Op.OptOrJump, Op.OptMap, Op.Loop, Op.Next, Op.Skip]);
const SLOTS = new Set([Op.Slot, Op.HasSlot, Op.OptSlot]);
const ATTRIBUTES = new Set([Op.Attribute, Op.HasAttribute]);
const CELLS = new Set([Op.Const, Op.Select, Op.Has, Op.OptSelect, Op.Header, Op.HasHeader]);
const COUNTS = new Set([Op.Local, Op.List, Op.Map]);

function instructionText(program: Program, at: number, index: number): string {
  const word = program.word(at);
  const [op, a, b, c]: [Op, number, number, number] = [
    word & 0xff,
    (word >> 8) & 0xff,
    word >>> 16,
    program.word(at + 4) | 0,
  ];
  const operands = operandText(program, op, c, index);
  if (op === Op.Branch) operands.push(`error -> ${index + 1 + b}`);
  else if (b) operands.push(`b=${b}`);
  if (op === Op.Loop || op === Op.Time) operands.push((op === Op.Loop ? LoopKind[a] : TimePart[a]) ?? `a=${a}`);
  else if (a) operands.push(`a=${a}`);
  return [(Op[op] ?? `op ${op}`).padEnd(operands.length ? 13 : 0), ...operands].join(" ");
}

function operandText(program: Program, op: Op, c: number, index: number): string[] {
  if (JUMPS.has(op)) return [`-> ${index + 1 + c}`];
  if (SLOTS.has(op)) return [slotName(program, c)];
  if (ATTRIBUTES.has(op)) return [Attribute[c] ?? `${c}`];
  if (CELLS.has(op)) return [cellText(program, program.record(Section.Cells, c))];
  if (op === Op.Matches)
    return [`automaton ${c} ${JSON.stringify(sourceOf(program, program.record(Section.Automata, c)))}`];
  return COUNTS.has(op) || c ? [`${c}`] : [];
}

/** `body.params.arguments.path`, `claims.org.unit`; names that are not words are quoted. */
export function slotName(program: Program, slot: number): string {
  if (slot === (Slot.Body as number)) return "body";
  if (slot === (Slot.Claims as number)) return "claims";
  const at = program.record(Section.Nodes, slot);
  const name = program.textAt(at + NodeField.Name)!;
  const parent = program.word(at + NodeField.Parent);
  if (parent >= slot) return program.refuse(`node ${slot} has a parent that comes after it`);
  return `${slotName(program, parent)}${/^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`}`;
}

/** Cells of a list or map that are written out. */
const MAX_LISTED = 64;

function cellText(program: Program, at: number): string {
  const tag: Tag = program.word(at);
  const [pointer, count] = [program.word(at + 8), program.word(at + 12)];
  const cells = (n: number): string[] => {
    if (pointer + 16 * n > at) program.refuse("a cell points to one that does not precede it");
    return Array.from({ length: Math.min(n, MAX_LISTED) }, (_, i) => cellText(program, pointer + 16 * i));
  };
  const more = `, … ${count} in all`;
  switch (tag) {
    case Tag.Bool:
      return pointer ? "true" : "false";
    case Tag.Int:
      return `${program.view.getBigInt64(at + 8, true)}`;
    case Tag.Uint:
      return `${program.view.getBigUint64(at + 8, true)}u`;
    case Tag.Double:
      return `double ${program.view.getFloat64(at + 8, true)}`;
    case Tag.String:
      return JSON.stringify(program.text(pointer, count));
    case Tag.Bytes:
      return `bytes ${toHex(Uint8Array.from(program.slice(pointer, count)))}`;
    case Tag.CellList:
      return `[${cells(count).join(", ")}${count > MAX_LISTED ? more : ""}]`;
    case Tag.CellMap:
      return `{${cells(2 * count)
        .map((cell, i) => (i % 2 ? `${cell}, ` : `${cell}: `))
        .join("")
        .slice(0, -2)}${2 * count > MAX_LISTED ? more : ""}}`;
    case Tag.Timestamp:
      return `timestamp ${program.view.getBigInt64(at + 8, true)} s ${program.word(at + 4)} ns`;
    case Tag.Duration:
      return `duration ${program.view.getBigInt64(at + 8, true)} ns`;
    case Tag.Type:
      return `type ${pointer}`;
    default:
      return Tag[tag] ?? program.refuse(`a cell has the unknown tag ${tag}`);
  }
}

export function sourceOf(program: Program, at: number): string {
  const source = program.word(at + AutomatonField.Source);
  return program.text(source + 4, program.word(source))!;
}

export function automata(program: Program): string[] {
  const lines = program.each(Section.Automata, (at, index) => {
    const [states, classes, ranges, loops, prefix] = [
      AutomatonField.States,
      AutomatonField.Classes,
      AutomatonField.RangeCount,
      AutomatonField.LoopCount,
      AutomatonField.PrefixLength,
    ].map((field) => program.word(at + field)) as [number, number, number, number, number];
    const size = 128 + ranges * 8 + states * (classes + 1) * 2 + loops * LOOP_SIZE;
    const start = program.word(at + AutomatonField.Start);
    const first = program.text(at + AutomatonField.Prefix, prefix)!;
    return (
      `  ${index}  ${JSON.stringify(sourceOf(program, at))}  ${states} states from ${start}, ${classes} classes, ` +
      `${ranges} ranges, ${loops} loops, prefix ${JSON.stringify(first)}, ${size} bytes`
    );
  });
  return ["automata", ...lines];
}

export function quoted(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(" ");
}

/** Names and values of a numeric enum, in its order. */
export function names(table: Record<string, string | number>): [string, number][] {
  return Object.entries(table).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}
