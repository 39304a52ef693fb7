// `scopes.<name>.implies` → which scopes each scope grants.
import type { Place, Report } from "../source/document.ts";
import type { Policy } from "./policy.ts";
import { shapeOf } from "./templates.ts";
import { fixedNames, optionsOf } from "./terms.ts";
import { suggest } from "../source/spelling.ts";

/** Scope → itself and everything it implies, in order of discovery; for every scope that the policy names. */
export type Closures = Map<string, string[]>;

export interface Hierarchy {
  closures: Closures;
  /** Scope → the beginnings of all scopes that it implies besides. */
  families: Map<string, string[]>;
  /** The scopes that can be asked for: declared, or in rules. */
  asked: string[];
  /** What tokens have in place of a scope → these scopes. */
  forms: Map<string, string[]>;
}

const MAX_CHAIN = 256; // scopes that imply one another in a chain
const MAX_HINTS = 16; // each searches all scopes
const MAX_IMPLIED = 1_000_000; // entries of all closures together

/** Whether an implied name stands for all scopes that begin so. */
export function isFamily(name: string): boolean {
  return name.endsWith("*");
}

/** Closes the hierarchy; unknown names and cycles are reported. */
export function closeScopes(report: Report, policy: Policy): Hierarchy {
  const asked = new Set([...policy.scopes.keys(), ...policy.rules.flatMap((rule) => fixedNames(rule))]);
  reportUnknown(report, policy, asked);
  reportCycles(report, policy);
  const implied = [...policy.scopes.values()].flatMap(({ implies }) => implies.map(({ value }) => value));
  const known = new Set([...asked, ...implied.filter((name) => !isFamily(name))]);
  const forms = formsOf(policy);
  const closer = new Closer(policy, known, forms);
  const closures: Closures = new Map();
  const families = new Map<string, string[]>();
  let left = MAX_IMPLIED;
  for (const name of known) {
    const closed = left > 0 ? closer.close(name) : { held: [name], families: [] };
    closures.set(name, closed.held);
    families.set(name, closed.families);
    left -= closed.held.length;
  }
  if (left < 0) report.error({ path: "scopes" }, `the scope hierarchy expands to more than ${MAX_IMPLIED} entries`);
  return { closures, families, asked: [...asked], forms };
}

/** An implied scope that stands nowhere else: real tables have such, and misspelt ones look the same. */
function reportUnknown(report: Report, policy: Policy, asked: ReadonlySet<string>): void {
  const shapes = policy.rules.flatMap((rule) =>
    optionsOf(rule).flatMap(({ template }) => (template ? [shapeOf(template)] : [])),
  );
  let hints = MAX_HINTS;
  for (const { implies } of policy.scopes.values()) {
    for (const item of implies) {
      const { value } = item;
      if (isFamily(value) || asked.has(value) || shapes.some((shape) => shape.test(value))) continue;
      report.warn(
        item,
        `the scope "${value}" is neither declared under scopes nor used in a rule`,
        hints-- > 0 ? suggest(value, [...asked]) : undefined,
      );
    }
  }
}

class Closer {
  private readonly members = new Map<string, string[]>();

  constructor(
    private readonly policy: Policy,
    private readonly known: ReadonlySet<string>,
    private readonly forms: ReadonlyMap<string, string[]>,
  ) {}

  /** A member of a family brings what it implies itself, and the form of a scope brings that scope. */
  close(name: string): { held: string[]; families: string[] } {
    const held = new Set([name]);
    const families = new Set<string>();
    for (const scope of held) {
      for (const issued of this.forms.get(scope) ?? []) held.add(issued);
      for (const { value } of this.policy.scopes.get(scope)?.implies ?? []) {
        if (!isFamily(value)) held.add(value);
        else if (!families.has(value.slice(0, -1))) {
          families.add(value.slice(0, -1));
          for (const member of this.membersOf(value.slice(0, -1))) held.add(member);
        }
      }
    }
    return { held: [...held], families: [...families] };
  }

  private membersOf(family: string): string[] {
    const found = this.members.get(family) ?? [...this.known].filter((name) => name.startsWith(family));
    this.members.set(family, found);
    return found;
  }
}

function formsOf({ scopes }: Policy): Map<string, string[]> {
  const forms = new Map<string, string[]>();
  for (const [name, { issuedAs }] of scopes)
    for (const { value } of issuedAs) forms.set(value, [...(forms.get(value) ?? []), name]);
  return forms;
}

/**
 * Depth first; every edge back into the open path closes a cycle and is reported once. Families are no edges: a scope may
 * well imply the family that it belongs to.
 */
function reportCycles(report: Report, policy: Policy): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string, from: Place): void => {
    const open = path.indexOf(name);
    if (open >= 0) {
      const cycle = [...path.slice(open), name].join(" -> ");
      return void report.error(from, `these scopes imply each other: ${cycle}`, "a scope may only imply narrower ones");
    }
    if (done.has(name)) return;
    if (path.length >= MAX_CHAIN)
      return void report.error(from, `more than ${MAX_CHAIN} scopes imply one another in a chain`);
    path.push(name);
    for (const item of policy.scopes.get(name)?.implies ?? []) if (!isFamily(item.value)) visit(item.value, item);
    path.pop();
    done.add(name);
  };
  for (const [name, { place }] of policy.scopes) visit(name, place);
}
