// What a fuzz suite is: it makes inputs from a seed and says what is wrong about how the filter takes one. Inputs are JSON,
// so that one that was taken wrongly can be kept in tests/corpus and replayed for ever.
import type { Choice } from "../../tests/support/random.ts";

export interface Suite<Input = unknown> {
  /** A random input; JSON. */
  generate(choice: Choice): Input;
  /** What is wrong about how the filter takes it; undefined: nothing. */
  check(input: Input): string | undefined | Promise<string | undefined>;
  /** Figures of the rounds so far: how many inputs went which way. */
  counts: Record<string, number>;
  /** Ends what the suite has started. */
  stop?(): void;
}

/** An input that is taken wrongly, and the seed of the round that made it. */
export interface Finding {
  seed: number;
  input: unknown;
  problem: string;
}

/** What a number of rounds found. */
export interface Outcome {
  rounds: number;
  findings: Finding[];
  counts: Record<string, number>;
}

export function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
