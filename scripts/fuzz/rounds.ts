// Rounds of one suite in a thread of their own. Round n has the seed `seed + n`, so that each can be repeated alone.
import { parentPort, workerData } from "node:worker_threads";
import { Choice, seeded } from "../../tests/support/random.ts";
import type { Finding, Outcome } from "./suite.ts";
import { ENDLESS, SUITES } from "./suites.ts";

export interface Task {
  suite: string;
  seed: number;
  seconds: number;
  rounds: number;
  /** The number of findings after which the run ends. */
  most: number;
  /** Where the thread reports its current round to the thread that watches it. */
  progress: SharedArrayBuffer;
}

/** Runs the task of this thread and posts its Outcome. */
export async function work(): Promise<void> {
  const { suite: name, seed, seconds, rounds, most, progress } = workerData as Task;
  const suite = SUITES[name]?.() ?? ENDLESS;
  const at = new Int32Array(progress);
  const findings: Finding[] = [];
  const end = performance.now() + seconds * 1000;
  let round = 0;
  for (; round < rounds && findings.length < most && performance.now() < end; round++) {
    Atomics.store(at, 0, round);
    const input = suite.generate(new Choice(seeded(seed + round)));
    const problem = await suite.check(input);
    if (problem !== undefined) findings.push({ seed: seed + round, input, problem });
  }
  suite.stop?.();
  parentPort!.postMessage({ rounds: round, findings, counts: suite.counts } satisfies Outcome);
}
