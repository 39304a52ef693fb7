// The code of a compiled `when`. It names the constants, slots and automata that it needs; the program's encoder
// (program/encode.ts) gives them their places. Neither knows the other.
import type { Op, Slot, Tag } from "../../../assembly/program.ts";
import type { Automaton } from "../regex/automaton.ts";

/** A constant of a predicate, as a Cell will hold it (assembly/program.ts). */
export type Constant =
  | { tag: Tag.Error | Tag.Null | Tag.OptionalNone }
  | { tag: Tag.Bool; value: boolean }
  | { tag: Tag.Int | Tag.Uint | Tag.Duration; value: bigint }
  | { tag: Tag.Double; value: number }
  | { tag: Tag.String; value: string }
  | { tag: Tag.Bytes; value: Uint8Array }
  | { tag: Tag.CellList; items: Constant[] }
  | { tag: Tag.CellMap; entries: [Constant, Constant][] }
  | { tag: Tag.Timestamp; seconds: bigint; nanos: number }
  | { tag: Tag.Type; value: number };

/** A member path below a root, for example Slot.Body and ["params", "arguments", "path"]. */
export interface SlotPath {
  root: Slot.Body | Slot.Claims;
  path: readonly string[];
}

/** Operand c: a number, or something that becomes an index when the program is encoded. */
export type Operand = number | { constant: Constant } | { slot: SlotPath } | { automaton: Automaton };

/** One instruction; operands that are left out are 0. */
export interface Instruction {
  op: Op;
  a?: number;
  b?: number;
  c?: Operand;
}

/** The code of one predicate, the bounds that the VM reserves for it, and what the filter must provide (bits of Flag). */
export interface PredicateCode {
  instructions: Instruction[];
  stack: number;
  loops: number;
  needs: number;
}
