// What replay counts: records, those that are decided the same, flips, and what nobody can know.

export type Kind = "allow-to-deny" | "deny-to-allow" | "new-challenge" | "other-scopes" | "other-reason";
export const KINDS: readonly Kind[] = [
  "allow-to-deny",
  "deny-to-allow",
  "new-challenge",
  "other-scopes",
  "other-reason",
];

export interface Flip {
  kind: Kind;
  /** The rule that decides under the next policy, or whose scopes it asks for; null: none. */
  rule: string | null;
  /** The tool, prompt, URI or method. */
  tool: string | null;
  reason: string;
  count: number;
  /** Of a few of its records. */
  ids: string[];
}

export interface Summary {
  records: number;
  same: number;
  flips: Flip[];
  unknown: { count: number; by: { reason: string; count: number }[] };
}

const MOST_IDS = 5;
/** Different flips that are told apart: a log with more of them is counted under the tool null. */
const MOST_FLIPS = 10_000;
const MOST_REASONS = 1000;

export class Tally {
  private records = 0;
  private same = 0;
  private readonly flips = new Map<string, Flip>();
  private readonly unknown = new Map<string, number>();

  addSame(): void {
    this.records++;
    this.same++;
  }

  addUnknown(reason: string): void {
    this.records++;
    const key = this.unknown.has(reason) || this.unknown.size < MOST_REASONS ? reason : "other reasons";
    this.unknown.set(key, (this.unknown.get(key) ?? 0) + 1);
  }

  addFlip({ kind, rule, tool, reason }: Pick<Flip, "kind" | "rule" | "tool" | "reason">, id: string | undefined): void {
    this.records++;
    const keyOf = (name: string | null): string => JSON.stringify([kind, rule, name, reason]);
    const isKnown = this.flips.has(keyOf(tool)) || this.flips.size < MOST_FLIPS;
    const named = isKnown ? tool : null;
    const flip = this.flips.get(keyOf(named)) ?? { kind, rule, tool: named, reason, count: 0, ids: [] };
    this.flips.set(keyOf(named), flip);
    flip.count++;
    if (id !== undefined && flip.ids.length < MOST_IDS) flip.ids.push(id);
  }

  summary(): Summary {
    const order = (a: Flip, b: Flip): number => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || b.count - a.count;
    const by = [...this.unknown].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
    const count = by.reduce((sum, item) => sum + item.count, 0);
    return {
      records: this.records,
      same: this.same,
      flips: [...this.flips.values()].sort(order),
      unknown: { count, by },
    };
  }
}
