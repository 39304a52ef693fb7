// Scopes, and what rules ask of them → ScopeRecords, TermRecords, TemplateRecords.
import { Flag, MAX_TEMPLATES, NONE, PartValue, Section, Slot } from "../../../assembly/program.ts";
import type { Hierarchy } from "../policy/hierarchy.ts";
import type { Template, TemplateValue } from "../policy/templates.ts";
import type { ScopeOption, Term } from "../policy/terms.ts";
import type { Report } from "../source/document.ts";
import type { Pair, ProgramWriter } from "./writer.ts";

/** Writes the scopes, those that can be asked for first, each part in ascending order; returns their numbers. */
export function addScopes(writer: ProgramWriter, { closures, families, asked, forms }: Hierarchy): Map<string, number> {
  const first = new Set(asked);
  const others = new Set([...closures.keys(), ...forms.keys()].filter((name) => !first.has(name)));
  const names = [...[...first].sort(), ...[...others].sort()];
  const ids = new Map(names.map((name, id) => [name, id]));
  for (const name of names) {
    // Whoever has another form of a scope holds that scope.
    const also = [name, ...(forms.get(name) ?? [])];
    const held = new Set([name, ...also.flatMap((scope) => closures.get(scope) ?? [])]);
    const begun = new Set(also.flatMap((scope) => families.get(scope) ?? []));
    const closure = [...held].map((scope) => [ids.get(scope)!]);
    writer.add(Section.Scopes, [
      ...writer.text(name),
      ...writer.run(Section.ScopeIds, closure),
      ...writer.textRun([...begun]),
    ]);
  }
  return ids;
}

/** Writes what rules ask of the token's scopes; equal templates share one record. */
export class Terms {
  private readonly templates = new Map<string, number>();

  constructor(
    private readonly report: Report,
    private readonly writer: ProgramWriter,
    private readonly scopeIds: ReadonlyMap<string, number>,
  ) {}

  add(terms: readonly Term[]): Pair {
    const records = terms.map(({ options }) => {
      const run = this.writer.run(
        Section.Options,
        options.map((option) => this.optionOf(option)),
      );
      const [only, ...others] = options;
      return [others.length > 0 || only!.template ? NONE : this.scopeIds.get(only!.name)!, ...run];
    });
    return this.writer.run(Section.Terms, records);
  }

  private optionOf({ name, template, place }: ScopeOption): Pair {
    if (!template) return [this.scopeIds.get(name)!, NONE];
    const index = this.templates.get(name) ?? this.addTemplate(name, template);
    this.templates.set(name, index);
    if (index === MAX_TEMPLATES)
      this.report.error(place, `the policy has more than ${MAX_TEMPLATES} scopes that depend on the call`);
    return [NONE, index];
  }

  private addTemplate(source: string, { parts, tail }: Template): number {
    const records = parts.map(({ before, value }) => [...this.writer.text(before), ...this.valueOf(value)]);
    const run = this.writer.run(Section.Parts, records);
    return this.writer.add(Section.Templates, [...this.writer.text(source), ...run, ...this.writer.text(tail)]);
  }

  private valueOf(value: TemplateValue): Pair {
    if (value === "mcp.tool") return [PartValue.Tool, 0];
    if (value === "mcp.backend") return [PartValue.Backend, 0];
    if (value.root === "jwt.claims") {
      this.writer.need(Flag.NeedsClaims);
      return [PartValue.Slot, this.writer.slot({ root: Slot.Claims, path: value.path })];
    }
    const member = { args: "arguments", meta: "_meta" }[value.root];
    return [PartValue.Slot, this.writer.slot({ root: Slot.Body, path: ["params", member, ...value.path] })];
  }
}
