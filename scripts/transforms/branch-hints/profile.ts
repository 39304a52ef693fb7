// Which ways the branches of the filter go: a copy of it sets a byte for each way that a branch takes, and runs the
// calls of calls.ts.
import { Host } from "../../simulate/host.ts";
import { typicalCalls, typicalConfiguration } from "./calls.ts";
import { afterNumber, CODE, counted, GLOBAL, MEMORY, newSection, numberAt, sectionOf, unsigned } from "./module.ts";
import type { Body, Module } from "./module.ts";

const PAGE = 65_536;
/** The clock stands still, so that a build is reproducible. */
const NOW = 1_767_225_600_000_000_000n;
const [I32, MUTABLE] = [0x7f, 1];
const [END, GLOBAL_GET, GLOBAL_SET, I32_STORE8, I32_CONST, I32_EQZ] = [0x0b, 0x23, 0x24, 0x3a, 0x41, 0x45];

/** Which ways a branch has gone. */
export interface Ways {
  taken: boolean;
  passed: boolean;
}

/** Calls that a VM handles before its branches are recorded: the first ones fill caches for later ones. */
const FIRST_CALLS = 3;

/** Which ways the branches go in calls that pass, in the order of bodies. */
export function observe(module: Module): Ways[] {
  const total = module.bodies.reduce((sum, { branches }) => sum + branches.length, 0);
  const marked = new WebAssembly.Module(mark(module, total));
  const from = PAGE * pagesOf(module);
  const ways = Array.from({ length: total }, () => ({ taken: false, passed: false }));
  const configuration = typicalConfiguration();
  for (const call of typicalCalls()) {
    const host = new Host(marked, { holdsHeaders: true, now: () => NOW });
    if (!host.configure(configuration).ok) throw new Error("the filter refused its configuration");
    for (let i = 0; i < FIRST_CALLS; i++) host.request(call);
    host.guest.write(from, new Uint8Array(2 * total));
    if (!host.request(call).forwarded) throw new Error("the filter refused a typical call");
    const marks = host.guest.read(from, 2 * total);
    ways.forEach((way, branch) => {
      way.taken ||= marks[2 * branch] === 1;
      way.passed ||= marks[2 * branch + 1] === 1;
    });
  }
  return ways;
}

/** The module with code in front of each branch that marks its way; the `total` marks lie after the initial memory. */
function mark(module: Module, total: number): Uint8Array<ArrayBuffer> {
  const { bytes, sections, bodies } = module;
  const condition = numberAt(bytes, sectionOf(sections, GLOBAL).start); // the number of a new global
  const pages = pagesOf(module);
  let to = PAGE * pages;
  const markOf = () => markAt((to += 2) - 2, condition);
  const parts = sections.map(({ id, at, start, end }) => {
    const rest = bytes.subarray(afterNumber(bytes, start), end);
    if (id === GLOBAL)
      return newSection(id, Buffer.from([...unsigned(condition + 1), ...rest, I32, MUTABLE, I32_CONST, 0, END]));
    if (id === MEMORY) return newSection(id, Buffer.from([1, 0, ...unsigned(pages + Math.ceil((2 * total) / PAGE))]));
    if (id !== CODE) return bytes.subarray(at, end);
    const marked = bodies.map((body) => counted(markBody(bytes, body, markOf)));
    return newSection(id, Buffer.concat([Buffer.from(unsigned(bodies.length)), ...marked]));
  });
  return Buffer.concat([bytes.subarray(0, 8), ...parts]);
}

function markBody(bytes: Uint8Array, { start, end, branches }: Body, markOf: () => Uint8Array): Uint8Array {
  const cuts = [start, ...branches, end];
  const parts = cuts.slice(1).map((cut, i) => [bytes.subarray(cuts[i], cut), cut === end ? Buffer.of() : markOf()]);
  return Buffer.concat(parts.flat());
}

/** Sets the byte at `to` if the condition on the stack is true, the next byte if it is not. */
function markAt(to: number, condition: number): Uint8Array {
  const set = [GLOBAL_SET, ...unsigned(condition)];
  const get = [GLOBAL_GET, ...unsigned(condition)];
  return Buffer.from([...set, ...get, I32_EQZ, I32_CONST, 1, I32_STORE8, 0, ...unsigned(to), ...get]);
}

/** Initial pages of the memory. It must be the only one and have no maximum, which the bytes 1 and 0 say. */
function pagesOf({ bytes, sections }: Module): number {
  const { start } = sectionOf(sections, MEMORY);
  if (bytes[start] !== 1 || bytes[start + 1] !== 0) throw new Error("the memory is not the only one, or has a limit");
  return numberAt(bytes, start + 2);
}
