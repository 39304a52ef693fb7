// One part of the soak: its input and its result.

interface SoakOptions {
  /** For scenarios that count. */
  requests: number;
  /** For scenarios that run for a time. */
  seconds: number;
  seed: number;
  say(line: string): void;
}

/** Runs to its end; returns what went wrong. */
export type Scenario = (options: SoakOptions) => Promise<string[]>;
