// What a run found: the JSON that `npm run bench -- --json FILE` writes, and that tables and graphs are made of.
import type { Cost, Middle } from "./measure.ts";

export interface Results {
  /** ISO time of the run. */
  date: string;
  machine: string;
  /** Made with --quick: few and short rounds. */
  quick: boolean;
  /** Bytes of scopegate.wasm. */
  wasm: number;
  filter?: FilterResults;
  envoy?: EnvoyResults;
  scale?: Axis[];
}

/** The filter alone. Costs are nanoseconds a call. */
export interface FilterResults {
  bodies: BodyResult[];
  policies: PolicyResult[];
  /** Single questions: what was asked, and the answer. */
  questions: Question[];
  /** Pages of 64 KiB of linear memory, after what. */
  memory: { after: string; pages: number }[];
}

export interface BodyResult {
  body: string;
  bytes: number;
  filter: Cost;
  /** Copying the body into wasm memory, and nothing else; part of `filter`. */
  copy: Cost;
  /** JSON.parse of a string that is already there, and of the bytes. */
  parseText: Cost;
  parseBytes: Cost;
}

export interface PolicyResult {
  rules: number;
  call: Cost;
  configure: Middle;
  /** Bytes of the plugin configuration, and of linear memory once it is accepted. */
  configuration: number;
  memory: number;
}

export interface Question {
  name: string;
  /** Nanoseconds. */
  cost: Middle;
  /** Bytes that this went over, where that is the point. */
  bytes?: number;
}

/** In Envoy. Costs are microseconds of processor time of the Envoy process a request. */
export interface EnvoyResults {
  /** In each sitting, that is, with each set of Envoy processes; small bodies have twice as many. */
  rounds: number;
  sittings: number;
  connections: number;
  /** Peer → what it is. */
  peers: Record<string, string>;
  loads: LoadResult[];
  /** Resident memory in MiB: after start and after all loads of a sitting, medians. */
  memory: { peer: string; start: number; end: number }[];
  /** Peers that were left out, and why. */
  absent: Record<string, string>;
}

export interface LoadResult {
  load: string;
  bytes: number;
  requests: number;
  peers: PeerResult[];
}

export interface PeerResult {
  peer: string;
  total: Middle;
  /** Over the baseline of the same round; absent for the baseline itself. */
  added?: Middle;
  /** Processor time of a service beside Envoy. */
  service?: Middle;
  /** Requests a second; bound by the machine, which also runs the load and the upstream. */
  rate: number;
}

/** How a cost grows along one axis. */
export interface Axis {
  name: string;
  /** What x counts, and the unit of y. */
  x: string;
  y: string;
  points: { x: number; y: Middle }[];
  /** What does not fit, with the limit that says so. */
  note?: string;
}
