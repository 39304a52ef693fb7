// Whether Envoy's memory stays flat.
import type { Envoy } from "../envoy/envoy.ts";

/** The share of requests for the warm-up: heaps grow to their size and pages are touched for the first time. */
const WARM_UP = 0.2;
/** Growth after the warm-up that still counts as flat. */
const GROWTH = 0.05;
const SAMPLES = 50;
/** One in so many samples is told. */
const TOLD = 5;
const MEBIBYTE = 1 << 20;

const mebibytes = (bytes: number): string => `${(bytes / MEBIBYTE).toFixed(1)} MiB`;

export class Memory {
  private readonly samples: [done: number, bytes: number][] = [];

  constructor(
    private readonly envoy: Envoy,
    /** How many requests there will be. */
    private readonly total: number,
    private readonly say: (line: string) => void,
  ) {}

  /** Notes the memory after `done` requests, if it is time for that; tells how far the run is. */
  sample(done: number): void {
    if (done % Math.max(1, Math.floor(this.total / SAMPLES)) !== 0) return;
    const bytes = this.envoy.residentBytes();
    this.samples.push([done, bytes]);
    if (this.samples.length % TOLD === 0) this.say(`${done} of ${this.total}, Envoy's memory ${mebibytes(bytes)}`);
  }

  /** Tells the peaks of the warm-up and of the end, and returns a fault when it grew in between. */
  report(): string[] {
    const { total } = this;
    const highest = (samples: [number, number][]) => Math.max(...samples.map(([, bytes]) => bytes));
    const before = highest(this.samples.filter(([done]) => done <= total * WARM_UP));
    const after = highest(this.samples.filter(([done]) => done > total * (1 - WARM_UP)));
    this.say(`Envoy's memory: ${mebibytes(before)} after the warm-up, ${mebibytes(after)} at the end`);
    return after > before * (1 + GROWTH) ? [`the memory grew by ${((after / before - 1) * 100).toFixed(1)} %`] : [];
  }
}
