// Where calls must come from: records for rules, of which most have none.
import { NONE, Section } from "../../../assembly/program.ts";
import type { Rule } from "../policy/policy.ts";
import type { Patterns } from "./patterns.ts";
import type { ProgramWriter } from "./writer.ts";

export class Sources {
  private readonly indexes = new Map<string, number>();

  constructor(
    private readonly writer: ProgramWriter,
    private readonly patterns: Patterns,
  ) {}

  /** The number of a rule's source with its SourceFlag bits; NONE when there is nothing to say. Equal ones share a record. */
  indexOf({ ranges, principals = [] }: Rule, flags: number): number {
    if (!ranges && principals.length === 0 && flags === 0) return NONE;
    const key = JSON.stringify([flags, ranges?.map((range) => [...range]), principals.map(({ name }) => name)]);
    const index = this.indexes.get(key) ?? this.add(ranges, principals, flags);
    this.indexes.set(key, index);
    return index;
  }

  private add(ranges: Rule["ranges"], principals: NonNullable<Rule["principals"]>, flags: number): number {
    const { writer } = this;
    const bytes = ranges ? writer.raw(Uint8Array.from(ranges.flatMap((range) => [...range]))) : writer.text(undefined);
    const plain = principals.filter(({ stars }) => !stars).map(({ name }) => name);
    const starred = principals.filter(({ stars }) => stars).map((one) => this.patterns.add(one));
    const patterns = [starred[0] ?? 0, starred.length];
    return writer.add(Section.Sources, [...bytes, ...writer.textRun(plain), ...patterns, flags]);
  }
}
