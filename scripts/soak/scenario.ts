// One part of the soak: what it is asked to do, and what it gives back.

export interface SoakOptions {
  /** For scenarios that count. */
  requests: number;
  /** For scenarios that go by time. */
  seconds: number;
  seed: number;
  say(line: string): void;
}

/** Runs to its end; returns what went wrong. */
export type Scenario = (options: SoakOptions) => Promise<string[]>;
