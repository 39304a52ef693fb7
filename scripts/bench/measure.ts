// Compares costs on a machine that is never quiet: all candidates run in turn, round after round, and the median is
// reported. A slow moment then affects all of them.
import { cpuUsage } from "node:process";

/** Something whose cost per run is measured: `run(count)` does it `count` times. */
export interface Candidate {
  name: string;
  run(count: number): void;
}

/** The cost of one run over the rounds, in nanoseconds. */
export interface Cost {
  /** Median CPU time of this process, user and system. */
  cpu: number;
  /** Median of the elapsed time. */
  wall: number;
  /** First and third quartile of the rounds' CPU times. */
  spread: [low: number, high: number];
}

/** A median with the quartiles around it. */
export interface Middle {
  median: number;
  spread: [low: number, high: number];
}

export class Comparison {
  private readonly rounds = new Map<string, { cpu: number[]; wall: number[] }>();

  has(name: string): boolean {
    return this.rounds.has(name);
  }

  cost(name: string): Cost {
    const { cpu, wall } = this.rounds.get(name)!;
    return { cpu: middle(cpu).median, wall: middle(wall).median, spread: middle(cpu).spread };
  }

  /** How much more `name` costs than `base`: the median of the differences within a round. */
  difference(name: string, base: string): Middle {
    const [of, from] = [this.rounds.get(name)!.cpu, this.rounds.get(base)!.cpu];
    return middle(of.map((cpu, round) => cpu - from[round]!));
  }

  note(name: string, cpu: number, wall: number): void {
    const rounds = this.rounds.get(name) ?? { cpu: [], wall: [] };
    rounds.cpu.push(cpu);
    rounds.wall.push(wall);
    this.rounds.set(name, rounds);
  }
}

/**
 * Runs every candidate for about `batchMs` in each of `rounds` rounds, every other round in reverse order.
 * Before that, each one runs until V8 has had time to optimise it.
 */
export function compare(candidates: Candidate[], rounds: number, batchMs: number): Comparison {
  const counts = new Map(candidates.map((candidate) => [candidate, warmUp(candidate, batchMs)]));
  const comparison = new Comparison();
  for (let round = 0; round < rounds; round++) {
    for (const candidate of round % 2 ? [...candidates].reverse() : candidates) {
      const count = counts.get(candidate)!;
      const before = { cpu: cpuUsage(), wall: process.hrtime.bigint() };
      candidate.run(count);
      const wall = Number(process.hrtime.bigint() - before.wall);
      const { user, system } = cpuUsage(before.cpu);
      comparison.note(candidate.name, ((user + system) * 1000) / count, wall / count);
    }
  }
  return comparison;
}

/** How many runs fill `batchMs`, found by doubling; takes about three times as long. */
function warmUp({ run }: Candidate, batchMs: number): number {
  for (let count = 1; ; count *= 2) {
    const start = performance.now();
    run(count);
    const took = performance.now() - start;
    if (took < batchMs) continue;
    const again = performance.now();
    run(count);
    return Math.max(1, Math.round((count * batchMs) / (performance.now() - again)));
  }
}

export function middle(values: number[]): Middle {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = (sorted.length - 1) * share;
    const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: at(0.5), spread: [at(0.25), at(0.75)] };
}

/** In another unit. */
export function scaled({ median, spread: [low, high] }: Middle, by: number): Middle {
  return { median: median / by, spread: [low / by, high / by] };
}
