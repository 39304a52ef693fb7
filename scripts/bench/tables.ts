// Results as Markdown tables: for the terminal, and for docs/benchmarks.md.
import { growthOf } from "./growth.ts";
import type { Cost, Middle } from "./measure.ts";
import type { Axis, EnvoyResults, FilterResults, ListResults, Pairing, Results, Several, Worst } from "./results.ts";
import { AGAIN, BASELINE, OURS, QUIET } from "./peers.ts";

/** Heading of the interquartile range. */
const SPREAD = "middle half of rounds";

/** All results of a run. `heading` is the number of `#` in its headings. */
export function describe(results: Results, heading = 2): string {
  const { date, machine, quick, wasm, filter, envoy, scale, worst, lists, several, language } = results;
  const head = `${date.slice(0, 10)}, ${machine}; scopegate.wasm ${(wasm / 1024).toFixed(1)} KiB${quick ? "; quick run, noisy" : ""}.`;
  const parts = [
    filter && filterPart(filter),
    envoy && envoyPart(envoy),
    scale && scalePart(scale),
    worst && worstPart(worst),
    several && severalPart(several),
    lists && listPart(lists),
    language && languagePart(language),
  ];
  const text = [head, ...parts.filter((part) => part !== undefined)].join("\n\n");
  return text.replace(/^## /gm, `${"#".repeat(heading)} `);
}

/** How many of the worst requests are told. */
const WORST = 12;

function worstPart(worst: Worst[]): string {
  const rows = worst
    .slice(0, WORST)
    .map(({ name, bytes, took, bound }) => [
      name,
      bytes.toLocaleString("en"),
      digits(took),
      digits(bound),
      ((took / bound) * 100).toFixed(0),
    ]);
  return ["## The worst found", table(["request", "bytes", "ms", "may take", "%"], rows)].join("\n\n");
}

function severalPart(several: Several[]): string {
  const rows = several.map(({ policies, bytes, start, memory, call }) => [
    policies.toLocaleString("en"),
    `${(bytes / 1024).toFixed(0)} KiB`,
    `${(start / 1000).toFixed(2)} s`,
    `${(memory / 1048576).toFixed(0)} MiB`,
    `${call.toFixed(0)} µs`,
  ]);
  return ["## Policies in one Envoy", table(["policies", "configuration", "start", "memory", "a call"], rows)].join(
    "\n\n",
  );
}

function languagePart(pairings: Pairing[]): string {
  const rows = pairings.map((pairing) => [
    pairing.name,
    time(pairing.with),
    time(pairing.without),
    (pairing.with / pairing.without).toFixed(2),
    time(pairing.difference.median),
    range(pairing.difference, time),
  ]);
  const head = ["a call of 200 B with …; beside one with …", "with", "beside", "ratio", "difference", SPREAD];
  return ["## The language", table(head, rows)].join("\n\n");
}

function listPart({ sittings, rounds, loads, events }: ListResults): string {
  const names = loads[0]!.added.map(({ peer }) => peer);
  const rows = loads.map(({ load, added }) => [load, ...added.map(({ median }) => digits(median))]);
  const ranges = loads.map(({ load, added }) => [load, ...added.map((one) => range(one, digits))]);
  const late = ({ median, spread }: Middle): string =>
    `${median.toFixed(2)} ms (${spread.map((at) => at.toFixed(2)).join(" to ")})`;
  return [
    "## Lists",
    `µs of CPU time per request, added to jwt_authn; ${sittings} sittings of ${rounds} rounds.`,
    table(["", ...names], rows),
    "The middle half of the rounds:",
    table(["", ...names], ranges),
    `An event that is no list arrives ${late(events.with)} after the server wrote it; without the filter ${late(events.without)}.`,
  ].join("\n\n");
}

/** Columns of numbers are right-aligned. */
function table(head: string[], rows: string[][]): string {
  const columns = head.map((name, i) => {
    const cells = rows.map((row) => row[i]!);
    const right = i > 0 && cells.every((cell) => /^([-+\d–]|$)/.test(cell));
    return { right, width: Math.max(3, name.length, ...cells.map((cell) => cell.length)) };
  });
  const pad = (cell: string, i: number) =>
    columns[i]!.right ? cell.padStart(columns[i]!.width) : cell.padEnd(columns[i]!.width);
  const line = (cells: string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = columns.map(({ right, width }) => "-".repeat(right ? width - 1 : width) + (right ? ":" : ""));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Three digits. */
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** Nanoseconds, formatted for people. */
function time(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  if (size < 1e3) return `${nanoseconds.toFixed(0)} ns`;
  return size < 1e6 ? `${digits(nanoseconds / 1e3)} µs` : `${digits(nanoseconds / 1e6)} ms`;
}

function range({ spread: [low, high] }: Middle | Cost, show: (value: number) => string): string {
  return `${show(low)} – ${show(high)}`;
}

/** Bytes in nanoseconds, as megabytes per second. */
function rate(bytes: number, nanoseconds: number): string {
  return nanoseconds > 0 ? `${((bytes * 1e3) / nanoseconds).toFixed(0)} MB/s` : "–";
}

function filterPart({ bodies, policies, questions, memory }: FilterResults): string {
  return [
    "## The filter alone",
    bodyTable(bodies),
    policyTable(policies),
    questionTable(questions),
    `Pages of wasm memory: ${memory.map(({ after, pages }) => `${pages} after ${after}`).join(", ")}.`,
  ].join("\n\n");
}

function bodyTable(bodies: FilterResults["bodies"]): string {
  const head = ["body", "bytes", "per call", SPREAD, "elapsed", "speed", "copy", "JSON.parse", "of bytes", "ratio"];
  const rows = bodies.map(({ body, bytes, filter, copy, parseText, parseBytes }) => [
    body,
    String(bytes),
    time(filter.cpu),
    range(filter, time),
    time(filter.wall),
    rate(bytes, filter.cpu),
    time(copy.cpu),
    time(parseText.cpu),
    time(parseBytes.cpu),
    `${(parseText.cpu / filter.cpu).toFixed(1)}×`,
  ]);
  return table(head, rows);
}

function policyTable(policies: FilterResults["policies"]): string {
  const head = ["rules", "per 200 B call", SPREAD, "configuring", "middle half of VMs", "configuration", "memory"];
  const rows = policies.map(({ rules, call, configure, configuration, memory }) => [
    rules.toLocaleString("en"),
    time(call.cpu),
    range(call, time),
    time(configure.median),
    range(configure, time),
    `${(configuration / 1024).toFixed(0)} KiB`,
    `${(memory / 1024).toFixed(0)} KiB`,
  ]);
  return table(head, rows);
}

function questionTable(questions: FilterResults["questions"]): string {
  const rows = questions.map(({ name, cost, bytes }) => [
    name,
    time(cost.median),
    range(cost, time),
    bytes === undefined ? "" : rate(bytes, cost.median),
  ]);
  return table(["question", "cost", SPREAD, "speed"], rows);
}

function envoyPart({ rounds, sittings, connections, peers, loads, memory, absent }: EnvoyResults): string {
  const present = Object.entries(peers).filter(([name]) => absent[name] === undefined);
  const missing = Object.entries(absent).map(([name, why]) => `- ${name} was left out: ${why}.`);
  return [
    "## In Envoy",
    `${sittings} × ${rounds} rounds, twice as many for bodies up to 4 KiB; ${connections} connections, one worker.`,
    present.map(([name, what]) => `- ${name}: ${what}.`).join("\n"),
    loadTable(loads),
    "Resident memory of the Envoy process:",
    memoryTable(memory),
    ...(missing.length ? [missing.join("\n")] : []),
  ].join("\n\n");
}

function loadTable(loads: EnvoyResults["loads"]): string {
  const microseconds = (value: number) => `${digits(value)} µs`;
  const rows = loads.flatMap(({ load, peers }) => {
    const own = peers.find(({ peer }) => peer === OURS)?.added;
    const isClear = own !== undefined && own.spread[0] > 0; // no multiple of something that may be zero
    return peers.map(({ peer, total, added, service, rate: requests }) => [
      load,
      peer,
      microseconds(total.median),
      added ? `${added.median < 0 ? "" : "+"}${microseconds(added.median)}` : "",
      added ? range(added, digits) : "",
      added && added.median > 0 && isClear && peer !== OURS && peer !== AGAIN
        ? `${(added.median / own.median).toFixed(1)}×`
        : "",
      service ? microseconds(service.median) : "",
      requests.toFixed(0),
    ]);
  });
  return table(["load", "peer", "CPU per request", "added", SPREAD, "vs. ours", "service", "requests/s"], rows);
}

function memoryTable(memory: EnvoyResults["memory"]): string {
  const base = memory.find(({ peer }) => peer === BASELINE);
  const rows = memory.map(({ peer, start, end }) => [
    peer,
    `${start.toFixed(0)} MiB`,
    `${end.toFixed(0)} MiB`,
    base && peer !== BASELINE ? `${(start - base.start).toFixed(0)} / ${(end - base.end).toFixed(0)} MiB` : "",
  ]);
  return table(["peer", "after start", "after all loads", "over baseline"], rows);
}

/** The cost of a request in Envoy by body, in microseconds, for README. */
export function costTable({ loads }: EnvoyResults): string {
  const bodies = loads.filter(({ load }) => !load.includes("denied"));
  const shown = [OURS, QUIET, "mcp + RBAC", "Rust wasm", "Rust native", "Lua"];
  const names = shown.filter((name) => bodies.every(({ peers }) => peers.some(({ peer }) => peer === name)));
  const microseconds = (value: number) => Math.round(value).toLocaleString("en");
  const rows = bodies.map(({ load, peers }) => [
    load,
    ...names.map((name) => microseconds(peers.find(({ peer }) => peer === name)!.added!.median)),
  ]);
  return table(["body", ...names], rows);
}

function scalePart(axes: Axis[]): string {
  const parts = axes.map((axis) => {
    const rows = axis.points.map(({ x, y }) => [
      x.toLocaleString("en"),
      `${digits(y.median)} ${axis.y}`,
      range(y, digits),
    ]);
    const verdict = `**${axis.name}: ${growthOf(axis)}.**${axis.note ? ` ${axis.note}.` : ""}`;
    return `${verdict}\n\n${table([axis.x, "cost", SPREAD], rows)}`;
  });
  return ["## Scale", ...parts].join("\n\n");
}
