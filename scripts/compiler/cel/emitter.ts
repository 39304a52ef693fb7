// The instructions of one predicate as they are written, and the bounds that the VM reserves for it.
import { Op, type Flag } from "../../../assembly/program.ts";
import type { Instruction } from "./code.ts";

/** How an operation changes the height of the stack on the way to the next instruction; most do not. */
const EFFECT: Partial<Record<Op, number>> = {
  ...same(1, [Op.Const, Op.Slot, Op.HasSlot, Op.OptSlot, Op.Attribute, Op.HasAttribute, Op.Header, Op.HasHeader]),
  ...same(1, [Op.Local, Op.Dup, Op.OptNone]),
  ...same(-1, [Op.Return, Op.Pop, Op.Index, Op.OptIndex, Op.In, Op.And, Op.Or]),
  ...same(-1, [Op.Eq, Op.Ne, Op.Lt, Op.Le, Op.Gt, Op.Ge, Op.Add, Op.Sub, Op.Mul, Op.Div, Op.Mod]),
  ...same(-1, [Op.StartsWith, Op.EndsWith, Op.Contains, Op.InRange]),
  // The value that a Jump carries along is pushed again on the other path.
  ...same(-1, [Op.Jump, Op.Branch, Op.OptOrJump, Op.OptMap, Op.Loop, Op.Skip]),
};

function same(effect: number, ops: Op[]): Partial<Record<Op, number>> {
  return Object.fromEntries(ops.map((op) => [op, effect]));
}

/** Steps that loading an element takes, besides the instructions that are run for it. */
const ELEMENT_STEPS = 4;

interface Frame {
  variable: string;
  repeats: boolean;
}

export class Emitter {
  readonly instructions: Instruction[] = [];
  /** Maximum number of cells on the stack. */
  stack = 0;
  /** Maximum number of open frames of loops and optMap. */
  loops = 0;
  /** What the filter must provide, bits of Flag. */
  needs = 0;
  /** Number of instructions by loop depth. */
  readonly counts: number[] = [];
  private height = 0;
  private readonly frames: Frame[] = [];

  /** Writes one instruction; `effect` is given for operations that take a variable number of values. */
  emit(op: Op, operands: Omit<Instruction, "op"> = {}, effect = EFFECT[op] ?? 0): number {
    this.height += effect;
    this.stack = Math.max(this.stack, this.height);
    const depth = this.depth();
    this.counts[depth] = (this.counts[depth] ?? 0) + 1;
    return this.instructions.push({ op, ...operands }) - 1;
  }

  /** How many loops are open. */
  private depth(): number {
    return this.frames.filter((frame) => frame.repeats).length;
  }

  need(flag: Flag): void {
    this.needs |= flag;
  }

  get next(): number {
    return this.instructions.length;
  }

  /** Makes the jump at `index` go to the next instruction. */
  land(index: number): void {
    const jump = this.instructions[index];
    if (jump) jump.c = this.next - index - 1;
  }

  /** Makes a Branch on a value that is not a bool go to the next instruction. */
  landError(index: number): void {
    const branch = this.instructions[index];
    if (branch) branch.b = this.next - index - 1;
  }

  open(variable: string, repeats: boolean): void {
    this.frames.push({ variable, repeats });
    const depth = this.depth();
    if (repeats) this.counts[depth] = (this.counts[depth] ?? 0) + ELEMENT_STEPS;
    this.loops = Math.max(this.loops, this.frames.length);
  }

  close(): void {
    this.frames.pop();
  }

  /** Depth of the innermost open variable of that name; -1 when there is none. */
  local(name: string): number {
    return this.frames.findLastIndex((frame) => frame.variable === name);
  }
}
