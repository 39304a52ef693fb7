// Runs a suite in a thread and watches it: a round that does not end is also a finding.
import { Worker } from "node:worker_threads";
import type { Task } from "./rounds.ts";
import type { Finding, Outcome } from "./suite.ts";

/** Default limit for one round; the slowest real ones take milliseconds. */
const STUCK_MS = 20_000;
/** The same before the first round, while the thread loads. */
const LOAD_MS = 60_000;
const LOOK_MS = 500;

interface RunOptions {
  seed: number;
  seconds: number;
  rounds?: number;
  /** The number of findings after which the run ends; default 1. */
  most?: number;
  /** Milliseconds after which a round counts as endless. */
  stuckMs?: number;
  /** Called about twice a second with the number of rounds done. */
  progress?: (rounds: number) => void;
}

export function runSuite(suite: string, options: RunOptions): Promise<Outcome> {
  const progress = new SharedArrayBuffer(4);
  new Int32Array(progress)[0] = -1;
  const { seed, seconds, rounds = Infinity, most = 1, stuckMs = STUCK_MS } = options;
  const task: Task = { suite, seed, seconds, rounds, most, progress };
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData: task });
  return new Promise((done, fail) => {
    const watch = watchRounds(new Int32Array(progress), (round, since) => {
      options.progress?.(Math.max(0, round));
      if (since < (round < 0 ? LOAD_MS : stuckMs)) return;
      finish();
      void worker.terminate();
      const finding: Finding = {
        seed: seed + round,
        input: null,
        problem: `the round did not end in ${stuckMs / 1000} s`,
      };
      done({ rounds: round + 1, findings: [finding], counts: {} });
    });
    const finish = () => clearInterval(watch);
    worker.on("message", (outcome: Outcome) => (finish(), done(outcome)));
    worker.on("error", (error) => (finish(), fail(error)));
    worker.on("exit", (code) => (finish(), fail(new Error(`the thread of ${suite} ended with ${code}`))));
  });
}

function watchRounds(at: Int32Array, tell: (round: number, since: number) => void): NodeJS.Timeout {
  let [last, since] = [-1, performance.now()];
  return setInterval(() => {
    const round = Atomics.load(at, 0);
    if (round !== last) [last, since] = [round, performance.now()];
    tell(round, performance.now() - since);
  }, LOOK_MS);
}
