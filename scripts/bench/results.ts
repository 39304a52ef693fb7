// The results of a run: the JSON that `npm run bench -- --json FILE` writes, and the source of tables and graphs.
import type { Cost, Middle } from "./measure.ts";

/** So many policies in one Envoy: medians over several starts. */
export interface Several {
  policies: number;
  /** Of Envoy's configuration. */
  bytes: number;
  /** Milliseconds until it serves. */
  start: number;
  /** Resident bytes. */
  memory: number;
  /** CPU time of a call, in microseconds. */
  call: number;
}

/** One hostile request. */
export interface Worst {
  name: string;
  /** Of body and token. */
  bytes: number;
  /** CPU time, and what it may be, in milliseconds. */
  took: number;
  bound: number;
}

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
  /** The longest that hostile requests held a worker. */
  worst?: Worst[];
  several?: Several[];
  lists?: ListResults;
  language?: Pairing[];
}

/** A call under a policy with a construct and one without it, in nanoseconds. */
export interface Pairing {
  name: string;
  with: number;
  without: number;
  difference: Middle;
}

/** Filtered lists in Envoy. */
export interface ListResults {
  sittings: number;
  rounds: number;
  /** Microseconds of CPU time per request, added to the baseline. */
  loads: { load: string; added: ({ peer: string } & Middle)[] }[];
  /** Milliseconds from the server's write of an event that is no list to its arrival. */
  events: { without: Middle; with: Middle };
}

/** The filter alone. Costs are nanoseconds per call. */
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
  /** JSON.parse of an existing string, and of the bytes. */
  parseText: Cost;
  parseBytes: Cost;
}

export interface PolicyResult {
  rules: number;
  call: Cost;
  configure: Middle;
  /** Bytes of the plugin configuration, and of linear memory after loading it. */
  configuration: number;
  memory: number;
}

export interface Question {
  name: string;
  /** Nanoseconds. */
  cost: Middle;
  /** Bytes that were processed, where that matters. */
  bytes?: number;
}

/** In Envoy. Costs are microseconds of CPU time of the Envoy process per request. */
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

interface PeerResult {
  peer: string;
  total: Middle;
  /** Compared with the baseline of the same round; absent for the baseline itself. */
  added?: Middle;
  /** CPU time of a service next to Envoy. */
  service?: Middle;
  /** Requests per second; limited by the machine, which also runs the load and the upstream. */
  rate: number;
}

/** How a cost grows along one axis. */
export interface Axis {
  name: string;
  /** What x counts, and the unit of y. */
  x: string;
  y: string;
  points: { x: number; y: Middle }[];
  /** What exceeds a limit, and which limit. */
  note?: string;
}
