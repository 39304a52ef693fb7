// Whether Envoy's memory stays flat.
import type { Envoy } from "../envoy/envoy.ts";

/** The share of requests for the warm-up: heaps grow to their size and pages are touched for the first time. */
const WARM_UP = 0.2;
/** Growth after the warm-up that still counts as flat. */
const GROWTH = 0.05;
const MEBIBYTE = 1 << 20;

export class Memory {
  private readonly samples: [done: number, bytes: number][] = [];

  constructor(private readonly envoy: Envoy) {}

  /** Notes the memory after `done` requests. */
  sample(done: number): void {
    this.samples.push([done, this.envoy.residentBytes()]);
  }

  /** Tells the peaks of the warm-up and of the end, and returns a fault when it grew in between. */
  report(total: number, say: (line: string) => void): string[] {
    const highest = (samples: [number, number][]) => Math.max(...samples.map(([, bytes]) => bytes));
    const before = highest(this.samples.filter(([done]) => done <= total * WARM_UP));
    const after = highest(this.samples.filter(([done]) => done > total * (1 - WARM_UP)));
    const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
    say(`Envoy's memory: ${mebibytes(before)} after the warm-up, ${mebibytes(after)} at the end`);
    return after > before * (1 + GROWTH) ? [`the memory grew by ${((after / before - 1) * 100).toFixed(1)} %`] : [];
  }
}
