import { Exit, UsageError, wantsJson, type Command, type Invocation } from "../command.ts";
import { programDigest, type Member } from "../compiler/index.ts";
import { Engine } from "../evaluate/engine.ts";
import { load, type Loaded } from "../evaluate/load.ts";
import { readRequest } from "../evaluate/request.ts";
import { compileFiles } from "../input.ts";
import { numbered } from "../replay/atoms.ts";
import { KINDS, Tally, type Kind, type Summary } from "../replay/flips.ts";
import type { Decided } from "../replay/judge.ts";
import { Progress } from "../replay/progress.ts";
import { readLines, recordIn, sizeOf } from "../replay/records.ts";
import { Replay, type Source } from "../replay/replay.ts";

export const replay: Command = {
  summary: "what another policy would have decided about a log",
  help: `Usage: scopegate replay --policy NEXT [--against POLICY] [options] LOG…

Reads the decision records in access logs, JSON lines, and says where NEXT would have decided otherwise. A decision that the
record does not allow to know is counted as unknown, with the reason. A LOG may be packed with gzip; - is standard input.
Lines that are requests of \`scopegate eval\` are decided by POLICY and by NEXT.

Options:
  --policy NEXT       the policy that is tried
  --against POLICY    the policy that decided, if the records' digest is not NEXT's
  --at PATH           where a line has its record; default: its member scopegate, else the line itself
  --format json       print {records, same, flips, unknown} for programs
  --fail-on KINDS     exit with 1 if there are flips of these kinds, separated by commas: allow-to-deny, deny-to-allow,
                      new-challenge, other-scopes, other-reason, unknown

Exit codes: 0 success, 1 a flip that --fail-on names, or a policy has errors, 2 could not run.
`,
  options: {
    policy: { type: "string" },
    against: { type: "string" },
    at: { type: "string" },
    format: { type: "string" },
    "fail-on": { type: "string" },
  },
  async run({ options, files }) {
    const json = wantsJson(options.format);
    const failing = failOn(options["fail-on"]);
    if (typeof options.policy !== "string") throw new UsageError("--policy is required: the policy that is tried");
    if (files.length === 0) throw new UsageError("no LOG given; - is standard input");
    const [next] = compileFiles([options.policy]) ?? [];
    const against = typeof options.against === "string" ? compileFiles([options.against]) : [];
    if (!next || !against) return Exit.Wrong;
    const summary = await replayFiles(files, next, against[0], options);
    process.stdout.write(json ? `${JSON.stringify(summary)}\n` : textOf(summary));
    const kinds: string[] = summary.flips.map(({ kind }) => kind);
    if (summary.unknown.count > 0) kinds.push("unknown");
    return kinds.some((kind) => failing.includes(kind)) ? Exit.Wrong : Exit.Done;
  },
};

function failOn(option: unknown): string[] {
  const kinds = typeof option === "string" ? option.split(",") : [];
  const wrong = kinds.find((kind) => kind !== "unknown" && !KINDS.includes(kind as Kind));
  if (wrong !== undefined) throw new UsageError(`--fail-on must be of ${KINDS.join(", ")}, unknown; not ${wrong}`);
  return kinds;
}

async function replayFiles(
  files: string[],
  next: Member,
  against: Member | undefined,
  options: Invocation["options"],
): Promise<Summary> {
  const tally = new Tally();
  const run = new Replay(sourceOf(next), against && sourceOf(against), tally);
  const requests = new Requests(next, against);
  const progress = new Progress(sizeOf(files));
  let [records, bytes] = [0, 0];
  for await (const lines of readLines(files)) {
    for (const { value, bytes: read } of lines) {
      records++;
      bytes = read;
      const record = value && recordIn(value, options.at as string | undefined);
      if (record) run.add(record);
      else requests.add(value, run, tally);
    }
    progress.show(records, bytes);
  }
  progress.end();
  return tally.summary();
}

function sourceOf({ policy, program }: Member): Source {
  return { numbered: numbered(policy, program), digest: programDigest(program) };
}

/** Lines that are requests: decided by both policies. */
class Requests {
  private readonly engines = [new Engine(), new Engine()] as const;
  private readonly loaded: (Loaded | undefined)[];

  constructor(next: Member, against: Member | undefined) {
    this.loaded = [against, next].map((member) => member && load({ ...member, problems: [] }));
  }

  add(value: Record<string, unknown> | undefined, run: Replay, tally: Tally): void {
    const isRequest = value && ["body", "bodyBase64", "method", "payload"].some((name) => name in value);
    if (!isRequest) return tally.addUnknown(value ? "the line has no record" : "the line is not JSON");
    const [before, after] = this.loaded;
    if (!before) return tally.addUnknown("the line is a request: --against says what decided it");
    try {
      const request = readRequest(value);
      const [old, fresh] = [before, after!].map((loaded, i) => this.engines[i]!.evaluate(loaded, request)) as [
        ReturnType<Engine["evaluate"]>,
        ReturnType<Engine["evaluate"]>,
      ];
      run.compare(decidedOf(old), decidedOf(fresh), toolOf(request.body), request.id);
    } catch (error) {
      tally.addUnknown(`the request is malformed: ${(error as Error).message}`);
    }
  }
}

function decidedOf({ decision, reason, rule, requiredScopes }: ReturnType<Engine["evaluate"]>): Decided {
  return { decision, reason, rule, scopes: reason === "insufficient_scope" ? (requiredScopes ?? []) : [] };
}

function toolOf(body: string | undefined): string | null {
  try {
    const { method, params } = JSON.parse(body ?? "") as { method?: string; params?: { name?: string; uri?: string } };
    return params?.name ?? params?.uri ?? method ?? null;
  } catch {
    return null;
  }
}

/** The summary as a table for people. */
function textOf({ records, same, flips, unknown }: Summary): string {
  const lines = [`${records} records: ${same} decided the same, ${unknown.count} unknown`];
  const rows = flips.map(({ kind, count, rule, tool, reason, ids }) => [
    ...[kind, `${count}`, rule ?? "-", tool ?? "-", reason, ids.join(" ")],
  ]);
  const table = [["flip", "count", "rule", "tool", "reason", "for example"], ...rows];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((row) => row[i]!.length)));
  const shown = table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  if (rows.length > 0) lines.push("", ...shown);
  if (unknown.by.length > 0) lines.push("", "unknown, because");
  for (const { reason, count } of unknown.by) lines.push(`  ${count}  ${reason}`);
  return `${lines.join("\n")}\n`;
}
