import { Exit, UsageError, wantsJson, type Command } from "../command.ts";
import { programDigest, type Member } from "../compiler/index.ts";
import { Engine } from "../evaluate/engine.ts";
import { load, type Loaded } from "../evaluate/load.ts";
import { readRequest } from "../evaluate/request.ts";
import { compileFiles } from "../input.ts";
import { numbered, type Numbered } from "../replay/atoms.ts";
import { Progress } from "../replay/progress.ts";
import { readLines, recordIn, sizeOf, type LogRecord } from "../replay/records.ts";
import { UsageTally, type Usage } from "../replay/usage.ts";

export const report: Command = {
  summary: "which rules decide, who is denied what, and which scopes would help",
  help: `Usage: scopegate report [--policy POLICY] [--at PATH] [--format text|json] LOG…

Reads the decision records in access logs, JSON lines: how often each rule decided, what was denied and which scopes would
have helped, how many of those who were asked for a scope came back with it, and what would have been decided. With a POLICY also which of its rules
decided nothing, and which of its scopes no caller held. A LOG may be packed with gzip; - is standard input. Lines that are requests
of \`scopegate eval\` are decided by POLICY.

Options:
  --policy POLICY     the policy that decided
  --at PATH           where a line has its record; default: its member scopegate, else the line itself
  --format json       print the same for programs

Exit codes: 0 success, 1 POLICY has errors, 2 could not run.
`,
  options: { policy: { type: "string" }, at: { type: "string" }, format: { type: "string" } },
  async run({ options, files }) {
    const json = wantsJson(options.format);
    if (files.length === 0) throw new UsageError("no LOG given; - is standard input");
    const members = typeof options.policy === "string" ? compileFiles([options.policy]) : [];
    if (!members) return Exit.Wrong;
    const usage = await reportFiles(files, members[0], options.at as string | undefined);
    process.stdout.write(json ? `${JSON.stringify(usage)}\n` : textOf(usage));
    return Exit.Done;
  },
};

async function reportFiles(files: string[], member: Member | undefined, at: string | undefined): Promise<Usage> {
  const own: Numbered | undefined = member && numbered(member.policy, member.program);
  const digest = member && programDigest(member.program);
  const loaded = member && load({ ...member, problems: [] });
  const tally = new UsageTally();
  const engine = new Engine();
  const progress = new Progress(sizeOf(files));
  let records = 0;
  for await (const lines of readLines(files)) {
    for (const { value, bytes } of lines) {
      progress.show(++records, bytes);
      const record = value && (recordIn(value, at) ?? recordOf(value, loaded, engine));
      if (record) tally.add(record, record["digest"] === digest);
    }
  }
  progress.end();
  const names = member?.policy.rules.map(({ name }) => name) ?? [];
  return tally.usage(own && { policy: own.policy.name, rules: names, scopes: own.scopes });
}

/** The record of a request, which the policy decides. */
function recordOf(value: Record<string, unknown>, loaded: Loaded | undefined, engine: Engine): LogRecord | undefined {
  if (!loaded || !["body", "bodyBase64", "method", "payload"].some((name) => name in value)) return undefined;
  try {
    const { record } = engine.evaluate(loaded, readRequest(value));
    return typeof record === "object" ? record : undefined;
  } catch {
    return undefined;
  }
}

const MOST_LINES = 20;

function textOf(usage: Usage): string {
  const { records, decisions, rules, denied, scopes, anonymous, would, unused } = usage;
  const parts: [string, string[]][] = [
    [`${records} records`, Object.entries(decisions).map(([decision, count]) => `${count}  ${decision}`)],
    [
      "rules",
      rules.map(({ policy, rule, decision, count }) => `${count}  ${decision}  ${rule ?? "-"}  of ${policy || "-"}`),
    ],
    ["denied", denied.map(deniedLine)],
    [
      "scopes that were asked for",
      scopes.map(({ scope, challenges, met }) => `${challenges}  ${scope}  ${rate(met, challenges)}`),
    ],
    ["would have been", would.map(({ from, to, count }) => `${count}  ${from} → ${to}`)],
    ["rules that decided nothing", unused?.rules ?? []],
    ["scopes that no caller held", unused?.scopes ?? []],
  ];
  const note =
    anonymous > 0
      ? [`${anonymous} challenges of callers that the records do not tell apart (record.token, record.session)`]
      : [];
  const shown = parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [title, ...cut(lines)].join("\n"));
  return `${[...shown, ...note].join("\n\n")}\n`;
}

function cut(lines: string[]): string[] {
  const rest = lines.length - MOST_LINES;
  return [...lines.slice(0, MOST_LINES), ...(rest > 0 ? [`… and ${rest} more`] : [])].map((line) => `  ${line}`);
}

function deniedLine({ tool, reason, scopes, sub, count }: Usage["denied"][number]): string {
  const helps = scopes.length > 0 ? `  needs ${scopes.join(" ")}` : "";
  return `${count}  ${tool ?? "-"}  ${reason}${helps}${sub === null ? "" : `  by ${sub}`}`;
}

function rate(met: number, challenges: number): string {
  return challenges === 0 ? "" : `${met} came back with it (${Math.round((100 * met) / challenges)} %)`;
}
