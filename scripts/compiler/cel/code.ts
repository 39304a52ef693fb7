// What a compiled `when` needs from the program around it. The predicate compiler (cel/) asks, the program
// writer (encode.ts) answers; neither knows the other.
import type { Flag, Op, Slot, Tag } from "../../../assembly/program.ts";

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

/** One instruction; operands that are left out are 0. */
export interface Instruction {
  op: Op;
  a?: number;
  b?: number;
  c?: number;
}

/** A regex that cannot be used: `offset` counts UTF-16 units inside the pattern. */
export class PatternError extends Error {
  constructor(
    message: string,
    readonly offset = 0,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface Pool {
  /** Index in Cells; equal constants share one. */
  constant(value: Constant): number;
  /** Slot of a member path below a root: `slot(Slot.Body, ["params", "arguments", "path"])`. */
  slot(root: Slot.Body | Slot.Claims, path: readonly string[]): number;
  /** Index in Automata; equal patterns share one. Throws PatternError. */
  automaton(pattern: string): number;
  /** The filter must provide this for some predicate. */
  need(flag: Flag): void;
}

/** The code of one predicate with the bounds that the VM reserves. */
export interface PredicateCode {
  instructions: Instruction[];
  stack: number;
  loops: number;
}

/** Something to tell the author; offsets count UTF-16 units inside the expression. */
export interface ExpressionProblem {
  severity: "error" | "warning";
  offset: number;
  length: number;
  message: string;
  hint?: string;
}
