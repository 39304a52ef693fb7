// The targets of rules → entries, buckets, anchors and patterns: a call tries only the rules that may apply to it.
import { Anchor, Kind, NONE, Section } from "../../../assembly/program.ts";
import { conditionOf, type Rule, type Target } from "../policy/policy.ts";
import { regexOf, type Stars } from "../policy/stars.ts";
import type { Automata } from "../regex/automaton.ts";
import { PatternError } from "../regex/machine.ts";
import type { Place, Report } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";
import { fileNames, isPiece, type Filing, type Named } from "./anchors.ts";
import type { Pair, ProgramWriter } from "./writer.ts";
import { binaryString } from "../../bytes.ts";

/** Entries of one target: (rule, predicate). */
interface Bucket extends Named {
  place?: Place;
  entries: [number, number][];
}

/** What a rule without a target is about. */
const ANYTHING: Omit<Target, "place"> & { place?: Place } = { kind: Kind.Any, name: "" };

export class Buckets {
  private readonly byName = new Map<string, Bucket>();

  /** Adds the targets of the rule `index`; `predicateOf` has the numbers of predicates. */
  addRule(rule: Rule, index: number, predicateOf: (when: TextTree | undefined) => number): void {
    for (const target of rule.targets ?? [ANYTHING]) {
      const { kind, backend, backendStars, name, stars, place } = target;
      const key = JSON.stringify([kind, backend ?? null, backendStars ? 1 : 0, name, stars ? 1 : 0]);
      const bucket: Bucket = this.byName.get(key) ?? { kind, backend, backendStars, name, stars, place, entries: [] };
      this.byName.set(key, bucket);
      bucket.entries.push([index, predicateOf(conditionOf(target))]);
    }
  }

  write(report: Report, writer: ProgramWriter, automata: Automata): void {
    const named = [...this.byName.values()];
    const filed = fileNames(named).map((filing, i) => ({
      filing,
      bucket: named[i]!,
      order: orderOf(named[i]!, filing),
    }));
    filed.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    const patterns = new Patterns(report, writer, automata);
    for (const { filing, bucket } of filed) {
      const entries = writer.run(Section.Entries, bucket.entries);
      const key = [bucket.kind, ...writer.text(filing.backend), ...writer.raw(filing.text)];
      const pattern = filing.exact ? NONE : patterns.add(bucket);
      writer.add(Section.Buckets, [...key, ...entries, filing.anchor, pattern]);
    }
    for (const anchor of anchorsOf(filed)) writer.add(Section.Anchors, anchor);
  }
}

/** Those found by a piece come first; then by kind and key, and of one key the one without a pattern comes last. */
function orderOf({ kind, name, backend }: Named, { anchor, backend: key, text, exact }: Filing): string {
  const digits = (value: number): string => `${value}`.padStart(2, "0");
  const filed = binaryString(text);
  const keyed = [isPiece(anchor) ? 0 : 1, digits(kind), digits(anchor), filed, key === undefined ? 0 : 1, key ?? ""];
  return JSON.stringify([...keyed, exact ? 1 : 0, name, backend ?? ""]);
}

/** The distinct (kind, anchor, whether there is a backend, length) of names with stars. */
function anchorsOf(filed: readonly { filing: Filing; bucket: Bucket }[]): number[][] {
  const anchors = new Map<string, number[]>();
  for (const { filing, bucket } of filed) {
    if (filing.anchor === Anchor.Exact) continue;
    const record = [bucket.kind, filing.anchor, filing.backend === undefined ? 0 : 1, filing.text.length];
    anchors.set(record.join(), record);
  }
  return [...anchors.values()].sort((a, b) => a.reduce((order, word, i) => order || word - b[i]!, 0));
}

export class Patterns {
  constructor(
    private readonly report: Report,
    private readonly writer: ProgramWriter,
    private readonly automata: Automata,
  ) {}

  /** The number of the pattern of a bucket. */
  add({ name, stars, backendStars, place }: Pick<Bucket, "name" | "stars" | "backendStars" | "place">): number {
    const own = stars ? this.affixes(stars, name, place) : this.anything();
    const backend = backendStars ? this.affixes(backendStars, name, place) : this.anything();
    return this.writer.add(Section.Patterns, [...own, ...backend]);
  }

  private anything(): number[] {
    return [NONE, 0, ...this.writer.text(""), NONE];
  }

  /** Literal ends, and an automaton for what they do not say. */
  private affixes(stars: Stars, name: string, place: Place | undefined): number[] {
    const { pieces, gaps } = stars;
    const ends: Pair[] = [this.writer.text(pieces[0]!), this.writer.text(pieces.at(-1)!)];
    const isPlain = gaps.length === 1 && gaps[0] === "any";
    return [...ends.flat(), isPlain ? NONE : this.automaton(stars, name, place)];
  }

  private automaton(stars: Stars, name: string, place: Place | undefined): number {
    try {
      return this.writer.operand({ automaton: this.automata.of(regexOf(stars)) });
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.report.error(place ?? { path: "" }, `the name "${name}" has too many stars`, "write several names instead");
      return NONE;
    }
  }
}
