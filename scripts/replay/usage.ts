// What a log says of the policies that decided: which rules decide how often, who was denied what, which scope would have
// helped, and how many of those who were asked for a scope came back with it.
import { plain, targetOf } from "./call.ts";
import { textIn, type LogRecord } from "./records.ts";

export interface Denial {
  tool: string | null;
  reason: string;
  /** What would have helped. */
  scopes: string[];
  /** The subject, where records have it. */
  sub: string | null;
  count: number;
}

export interface Asked {
  scope: string;
  challenges: number;
  /** Challenges after which the same caller was allowed the same. */
  met: number;
}

export interface Usage {
  records: number;
  decisions: Record<string, number>;
  rules: { policy: string; rule: string | null; decision: string; count: number }[];
  denied: Denial[];
  scopes: Asked[];
  /** Challenges of callers whom the records do not tell apart. */
  anonymous: number;
  would: { from: string; to: string; count: number }[];
  /** With a policy: its rules that decided nothing, and its scopes that no caller held. */
  unused?: { rules: string[]; scopes: string[] };
}

const MOST = 20_000; // entries of each table; what comes later is counted together
const MOST_WAITING = 100_000; // challenges that may still be met
const OTHERS = "(others)";

export class UsageTally {
  private records = 0;
  private anonymous = 0;
  private readonly decisions = new Map<string, number>();
  private readonly rules = new Map<string, number>();
  private readonly denied = new Map<string, number>();
  private readonly would = new Map<string, number>();
  private readonly asked = new Map<string, Asked>();
  private readonly waiting = new Map<string, string[]>();
  private readonly held = new Set<number>();

  add(record: LogRecord, isOwn: boolean): void {
    this.records++;
    const decision = textIn(record, "decision")!;
    const reason = textIn(record, "reason")!;
    const rule = textIn(record, "rule");
    count(this.decisions, [decision]);
    count(this.rules, [textIn(record, "policy") ?? "", rule === undefined ? null : plain(rule), decision]);
    const would = record["would"] as LogRecord | undefined;
    if (would) count(this.would, [decision, textIn(would, "decision") ?? ""]);
    if (isOwn) this.addHeld(textIn(record, "tests") ?? "");
    if (decision === "deny") this.addDenial(record, reason);
    this.addChallenge(record, decision === "allow");
  }

  private addHeld(tests: string): void {
    for (let i = tests.indexOf("y"); i >= 0; i = tests.indexOf("y", i + 1)) this.held.add(i);
  }

  private addDenial(record: LogRecord, reason: string): void {
    count(this.denied, [targetOf(record), reason, scopesOf(record), textIn(record, "sub") ?? null]);
  }

  private addChallenge(record: LogRecord, isAllowed: boolean): void {
    const key = callerKey(record);
    if (isAllowed) return this.meet(key);
    const scopes = scopesOf(record);
    if (scopes.length === 0) return;
    if (key === undefined) this.anonymous++;
    else if (this.waiting.has(key)) return; // asked again
    const known = scopes.filter((scope) => this.asked.has(scope) || this.asked.size < MOST);
    for (const scope of known) {
      const asked = this.asked.get(scope) ?? { scope, challenges: 0, met: 0 };
      this.asked.set(scope, asked);
      if (key !== undefined) asked.challenges++;
    }
    if (key !== undefined) this.wait(key, known);
  }

  private wait(key: string, scopes: string[]): void {
    if (this.waiting.size >= MOST_WAITING) this.waiting.delete(this.waiting.keys().next().value!);
    this.waiting.set(key, scopes);
  }

  /** A caller is allowed what it may have been asked scopes for. */
  private meet(key: string | undefined): void {
    const waited = key === undefined ? undefined : this.waiting.get(key);
    if (!waited) return;
    for (const scope of waited) this.asked.get(scope)!.met++;
    this.waiting.delete(key!);
  }

  /** `own`: the rules and scopes of the policy that was asked about, the scopes by number. */
  usage(own?: { policy: string; rules: string[]; scopes: string[] }): Usage {
    const rules = entries<[string, string | null, string]>(this.rules);
    const used = new Set(rules.filter(({ key }) => key[0] === own?.policy).map(({ key }) => key[1]));
    return {
      records: this.records,
      decisions: Object.fromEntries(entries<[string]>(this.decisions).map(({ key, count: n }) => [key[0], n])),
      rules: rules.map(({ key: [policy, rule, decision], count: n }) => ({ policy, rule, decision, count: n })),
      denied: entries<[string | null, string, string[], string | null]>(this.denied).map(
        ({ key: [tool, reason, scopes, sub], count: n }) => ({ tool, reason, scopes, sub, count: n }),
      ),
      scopes: [...this.asked.values()].sort((a, b) => b.challenges - a.challenges),
      anonymous: this.anonymous,
      would: entries<[string, string]>(this.would).map(({ key: [from, to], count: n }) => ({ from, to, count: n })),
      ...(own && {
        unused: {
          rules: own.rules.filter((rule) => !used.has(rule)),
          scopes: own.scopes.filter((_, i) => !this.held.has(i)),
        },
      }),
    };
  }
}

/** Who asked for what; undefined where records do not tell callers apart. */
function callerKey(record: LogRecord): string | undefined {
  const caller = record["sub"] ?? record["mcp.session.id"];
  return caller === undefined ? undefined : JSON.stringify([caller, record["client"], targetOf(record)]);
}

function scopesOf(record: LogRecord): string[] {
  const scopes = record["scopes.asked"];
  return Array.isArray(scopes) ? scopes.map(String) : [];
}

function count(table: Map<string, number>, parts: unknown[]): void {
  const key = JSON.stringify(parts);
  const own =
    table.has(key) || table.size < MOST
      ? key
      : JSON.stringify(parts.map((part) => (Array.isArray(part) ? [] : OTHERS)));
  table.set(own, (table.get(own) ?? 0) + 1);
}

/** The largest first. */
function entries<T>(table: Map<string, number>): { key: T; count: number }[] {
  const all = [...table].map(([key, n]) => ({ key: JSON.parse(key) as T, count: n }));
  return all.sort((a, b) => b.count - a.count);
}
