// The targets of rules → entries, buckets, anchors and patterns: a call tries only the rules that may apply to it.
import { Anchor, Kind, NONE, Section } from "../../../assembly/program.ts";
import { conditionOf, type Rule, type Target } from "../policy/policy.ts";
import type { Place } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";
import { fileNames, isPiece, type Filing, type Named } from "./anchors.ts";
import type { Patterns } from "./patterns.ts";
import type { ProgramWriter } from "./writer.ts";
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

  write(writer: ProgramWriter, patterns: Patterns): void {
    const named = [...this.byName.values()];
    const filed = fileNames(named).map((filing, i) => ({
      filing,
      bucket: named[i]!,
      order: orderOf(named[i]!, filing),
    }));
    filed.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
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
