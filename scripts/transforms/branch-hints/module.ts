// A WebAssembly module in its binary form (core specification, section 5): finds its sections, functions and branches,
// and writes sections. Only what asc emits is supported; anything else throws.

/** Numbers of sections. */
export const [CUSTOM, IMPORT, MEMORY, GLOBAL, CODE] = [0, 2, 5, 6, 10];

export interface Section {
  id: number;
  /** First byte of the section, first byte of its content, and its end (exclusive). */
  at: number;
  start: number;
  end: number;
}

export interface Body {
  /** Number of the function; the imported ones come first. */
  index: number;
  /** First byte (its locals), and the end (exclusive). */
  start: number;
  end: number;
  /** Where the instructions `if` and `br_if` are. */
  branches: number[];
}

export interface Module {
  bytes: Uint8Array;
  sections: Section[];
  bodies: Body[];
}

export function readModule(bytes: Uint8Array): Module {
  const sections: Section[] = [];
  for (let at = 8; at < bytes.length; at = sections.at(-1)!.end) {
    const start = afterNumber(bytes, at + 1);
    sections.push({ id: bytes[at]!, at, start, end: start + numberAt(bytes, at + 1) });
  }
  return { bytes, sections, bodies: readBodies(bytes, sections) };
}

function readBodies(bytes: Uint8Array, sections: Section[]): Body[] {
  const { start, end } = sectionOf(sections, CODE);
  const imported = numberAt(bytes, sectionOf(sections, IMPORT).start); // all of them functions
  const bodies: Body[] = [];
  for (let at = afterNumber(bytes, start); at < end; at = bodies.at(-1)!.end) {
    const first = afterNumber(bytes, at);
    const after = first + numberAt(bytes, at);
    bodies.push({
      index: imported + bodies.length,
      start: first,
      end: after,
      branches: branches(bytes, first, after),
    });
  }
  return bodies;
}

export function sectionOf(sections: Section[], id: number): Section {
  const found = sections.find((section) => section.id === id);
  if (!found) throw new Error(`the module has no section ${id}`);
  return found;
}

const [IF, BR_IF] = [0x04, 0x0d];

function branches(bytes: Uint8Array, start: number, end: number): number[] {
  const found: number[] = [];
  let at = afterNumber(bytes, start);
  for (let groups = numberAt(bytes, start); groups > 0; groups--) at = afterNumber(bytes, at) + 1; // of locals
  for (; at < end; at = afterInstruction(bytes, at)) if (bytes[at] === IF || bytes[at] === BR_IF) found.push(at);
  return found;
}

/** What follows the opcodes `first` to `last`: a number of LEB128 numbers, then a number of bytes. */
type Operands = [first: number, last: number, numbers: number, bytes: number];

const OPERANDS: Operands[] = [
  [0x00, 0x01, 0, 0], // unreachable, nop
  [0x02, 0x04, 1, 0], // block, loop, if
  [0x05, 0x0b, 0, 0], // else, end
  [0x0c, 0x0d, 1, 0], // br, br_if
  [0x0f, 0x0f, 0, 0], // return
  [0x10, 0x10, 1, 0], // call
  [0x11, 0x11, 2, 0], // call_indirect
  [0x1a, 0x1b, 0, 0], // drop, select
  [0x20, 0x24, 1, 0], // locals, globals
  [0x28, 0x3e, 2, 0], // load, store
  [0x3f, 0x42, 1, 0], // memory.size, memory.grow, constants of integers
  [0x43, 0x43, 0, 4], // f32.const
  [0x44, 0x44, 0, 8], // f64.const
  [0x45, 0xc4, 0, 0], // arithmetic
  [0xfc00, 0xfc07, 0, 0], // saturating conversions
  [0xfc0a, 0xfc0a, 2, 0], // memory.copy
  [0xfc0b, 0xfc0b, 1, 0], // memory.fill
  [0xfd00, 0xfd0b, 2, 0], // load, store of a vector
  [0xfd0c, 0xfd0d, 0, 16], // v128.const, i8x16.shuffle
  [0xfd15, 0xfd22, 0, 1], // a lane is read or replaced
  [0xfd54, 0xfd5b, 2, 1], // a lane is loaded or stored
  [0xfd5c, 0xfd5d, 2, 0], // load with zeros
  [0xfd0e, 0xfdff, 0, 0], // other vector arithmetic
];
const BR_TABLE = 0x0e;

/** The end of the instruction at `at`: its opcode (one byte; after fc and fd also a number) and operands. */
function afterInstruction(bytes: Uint8Array, at: number): number {
  const long = bytes[at]! >= 0xfc;
  const code = long ? bytes[at]! * 0x100 + numberAt(bytes, at + 1) : bytes[at]!;
  let after = long ? afterNumber(bytes, at + 1) : at + 1;
  const [, , numbers, plain] =
    code === BR_TABLE
      ? [0, 0, 2 + numberAt(bytes, after), 0]
      : (OPERANDS.find(([first, last]) => first <= code && code <= last) ?? unknown(code));
  for (let i = 0; i < numbers; i++) after = afterNumber(bytes, after);
  return after + plain;
}

function unknown(code: number): never {
  throw new Error(`unknown instruction ${code.toString(16)}`);
}

/** The end of the number (LEB128) at `at`. */
export function afterNumber(bytes: Uint8Array, at: number): number {
  let after = at;
  while (bytes[after++]! > 0x7f);
  return after;
}

/** The number (unsigned LEB128) at `at`. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const digits = [...bytes.subarray(at, afterNumber(bytes, at))];
  return digits.reduceRight((value, digit) => value * 0x80 + (digit & 0x7f), 0);
}

/** An unsigned number as LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [0x80 | (value & 0x7f), ...unsigned(Math.floor(value / 0x80))];
}

/** Bytes preceded by their count. */
export function counted(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(unsigned(bytes.length)), bytes]);
}

export function newSection(id: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([id]), counted(content)]);
}
