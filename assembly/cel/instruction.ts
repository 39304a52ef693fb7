// An instruction of the program, drawn at Op in program.ts.
import { INSTRUCTION_SIZE } from "../program.ts";

/** Bytes of an instruction. */
export const INSTRUCTION: usize = INSTRUCTION_SIZE;


@unmanaged
export class Instruction {
  op: u8;
  a: u8;
  b: u16;
  c: u32;
}

// @ts-ignore: decorator
@inline
export function instructionAt(at: usize): Instruction {
  return changetype<Instruction>(at);
}
