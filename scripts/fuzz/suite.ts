// What a fuzz suite is: it makes inputs from a seed and says what is wrong with how the filter handles one. Inputs are JSON,
// so that one that was handled incorrectly can be kept in tests/corpus and replayed forever.
import type { Choice } from "../../tests/support/random.ts";

export interface Suite<Input = unknown> {
  /** A random input; JSON. */
  generate(choice: Choice): Input;
  /** What is wrong with how the filter handles it; undefined: nothing. */
  check(input: Input): string | undefined | Promise<string | undefined>;
  /** Counts over the rounds so far: how many inputs had which outcome. */
  counts: Record<string, number>;
  /** Stops what the suite has started. */
  stop?(): void;
}

/** An input that is handled incorrectly, and the seed of its round. */
export interface Finding {
  seed: number;
  input: unknown;
  problem: string;
}

/** The result of a number of rounds. */
export interface Outcome {
  rounds: number;
  findings: Finding[];
  counts: Record<string, number>;
}

export function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
