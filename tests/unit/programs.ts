// Programs of one predicate for the specs, written by hand: sections at fixed places, code in order of the calls.
import {
  CELL_SIZE,
  HEADER_SIZE,
  HeaderField,
  INSTRUCTION_SIZE,
  PredicateField,
  RunField,
  Section,
  Setting,
} from "../../assembly/program.ts";
import { Instruction, instructionAt } from "../../assembly/cel/instruction.ts";
import { allocate } from "../../assembly/runtime/memory.ts";
import { copyCell } from "../../assembly/cel/cell.ts";
import { useProgram } from "../../assembly/sections.ts";
import { resetVm } from "../../assembly/cel/vm.ts";

export const PROGRAM_SIZE: u32 = 65536;
export const CELLS_AT: u32 = 1024;
const RUN_SIZE = 8;
const SETTINGS_AT: u32 = 512;
const PREDICATES_AT: u32 = 768;
const CODE_AT: u32 = 16384;
const NODES_AT: u32 = 12288;
export const NODE_COUNT: u32 = 64;

export let program: usize = 0;
let instructions: u32 = 0;
let cells: u32 = 0;

export function setSection(section: i32, offset: u32, count: u32): void {
  const run = program + HEADER_SIZE + section * RUN_SIZE;
  store<u32>(run, offset, RunField.First);
  store<u32>(run, count, RunField.Count);
}

/** Starts an empty program. */
export function begin(): void {
  if (!program) program = allocate(PROGRAM_SIZE);
  memory.fill(program, 0, PROGRAM_SIZE);
  instructions = 0;
  cells = 0;
  store<u32>(program, PROGRAM_SIZE, HeaderField.Length);
  setSection(Section.Settings, SETTINGS_AT, Setting.Count);
  setSection(Section.Nodes, NODES_AT, NODE_COUNT);
  setSection(Section.Predicates, PREDICATES_AT, 1);
  setSection(Section.Cells, CELLS_AT, 0);
  setSection(Section.Code, CODE_AT, 0);
  setBudget(1000000);
  setBounds(256, 12);
  for (let slot: u32 = 0; slot < NODE_COUNT; slot++) store<i32>(program + NODES_AT + slot * 12, <i32>slot - 1);
}

/** Sets the steps per request. */
export function setBudget(steps: u32): void {
  store<u32>(program + SETTINGS_AT + Setting.StepBudget * 4, steps);
}

/** Cells on the stack and open loops that the predicate says it needs. */
export function setBounds(stack: u32, loops: u32): void {
  store<u32>(program + PREDICATES_AT, stack, PredicateField.Stack);
  store<u32>(program + PREDICATES_AT, loops, PredicateField.Loops);
}

/** Adds an instruction and returns its index. */
export function emit(op: i32, c: i32 = 0, a: i32 = 0, b: i32 = 0): u32 {
  const instruction = emitted(instructions);
  instruction.op = <u8>op;
  instruction.a = <u8>a;
  instruction.b = <u16>b;
  instruction.c = c;
  setSection(Section.Code, CODE_AT, ++instructions);
  store<u32>(program + PREDICATES_AT, instructions, PredicateField.Code + RunField.Count);
  return instructions - 1;
}

function emitted(index: u32): Instruction {
  return instructionAt(program + CODE_AT + index * INSTRUCTION_SIZE);
}

/** Lets the jump at `index` go to the instruction `to`. */
export function jump(index: u32, to: u32): void {
  emitted(index).c = to - index - 1;
}

/** Lets the jump at `index` go to the next instruction that is emitted. */
export function land(index: u32): void {
  jump(index, instructions);
}

/** Adds a constant, its pointers as they are, and returns its index. */
export function constant(cell: usize): u32 {
  copyCell(program + CELLS_AT + cells * CELL_SIZE, cell);
  setSection(Section.Cells, CELLS_AT, ++cells);
  return cells - 1;
}

/** Begins a request. */
export function open(): void {
  useProgram(program);
  resetVm(0);
}
