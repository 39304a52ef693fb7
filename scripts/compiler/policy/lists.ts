// The members of `lists`: which items of a list are shown, for each kind of list.
import { Kind, LISTED, ListKind, ListOutcome } from "../../../assembly/program.ts";
import type { Member, Report, Tree } from "../source/document.ts";
import { choice, flag, mapping, shapeOf } from "../source/shape.ts";
import type { Policy } from "./policy.ts";

/** The lists as policies name them, and the kind of call that each belongs to. */
const KINDS = {
  tools: [ListKind.Tools, Kind.Tool],
  prompts: [ListKind.Prompts, Kind.Prompt],
  resources: [ListKind.Resources, Kind.Resource],
  resourceTemplates: [ListKind.Templates, Kind.Resource],
} as const;
type Name = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as Name[];

const OUTCOMES = {
  callable: ListOutcome.Callable,
  obtainable: ListOutcome.Obtainable,
  never: ListOutcome.Never,
};

/** The outcomes that are shown, as bits; undefined: the list is not filtered. */
export type Shown = number | undefined;

export interface Lists {
  /** By name; what is not named is shown by default. */
  shown: Record<Name, Shown>;
  annotate: boolean;
}

const CALLABLE = 1 << ListOutcome.Callable;
const OBTAINABLE = 1 << ListOutcome.Obtainable;

/** Hides what no scope would make callable: a hidden tool can never be asked for. */
export function defaultLists(): Lists {
  return { shown: byName(() => CALLABLE | OBTAINABLE), annotate: false };
}

/** As in ai-gateway: tools only, and only those that can be called now. */
export function routeLists(): Lists {
  return { shown: { ...byName(() => undefined), tools: CALLABLE }, annotate: false };
}

function byName(value: (name: Name) => Shown): Record<Name, Shown> {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<Name, Shown>;
}

/** Reads `lists`. */
export function readLists(report: Report, tree: Tree, policy: Policy): void {
  if (isOff(tree)) {
    policy.lists = { shown: byName(() => undefined), annotate: false };
    return;
  }
  if (tree.kind !== "map")
    return report.error(
      tree,
      `a mapping (${NAMES.join(", ")}, annotate) or off is expected here, not ${shapeOf(tree)}`,
    );
  const members = mapping(report, tree, [...NAMES, "annotate"]);
  for (const name of NAMES) {
    const member = members?.get(name);
    if (member) policy.lists.shown[name] = readList(report, member, name);
  }
  const annotate = members?.get("annotate")?.value;
  if (annotate) policy.lists.annotate = flag(report, annotate) ?? false;
}

/** YAML 1.2 reads `off` as text, a careful author may write false. */
function isOff(tree: Tree): boolean {
  return (tree.kind === "text" && tree.value === "off") || (tree.kind === "boolean" && !tree.value);
}

function readList(report: Report, { key, value: tree }: Member, name: Name): Shown {
  if (isOff(tree)) return undefined;
  const members = mapping(report, tree, Object.keys(OUTCOMES));
  let shown = CALLABLE | OBTAINABLE;
  for (const [word, outcome] of Object.entries(OUTCOMES)) {
    const member = members?.get(word)?.value;
    const shows = member && choice(report, member, { show: true, hide: false });
    if (shows !== undefined) shown = shows ? shown | (1 << outcome) : shown & ~(1 << outcome);
  }
  if (!(shown & CALLABLE))
    report.warn(key, `${name} that can be called are hidden`, "clients then find nothing to call");
  return shown;
}

/** The word of Setting.Lists; lists of kinds that are not governed are not filtered. */
export function listBits({ lists, govern, shadow }: Policy): number {
  if (shadow) return 0; // everything is shown of what passes
  return NAMES.reduce((bits, name) => {
    const [list, kind] = KINDS[name];
    const shown = lists.shown[name];
    const isFiltered = shown !== undefined && govern.includes(kind);
    return isFiltered ? bits | ((shown | LISTED) << (list * ListKind.Count)) : bits;
  }, 0);
}

/** What Setting.Lists says, for listings. */
export function listWords(bits: number): string {
  const parts = NAMES.flatMap((name) => {
    const own = (bits >> (KINDS[name][0] * ListKind.Count)) & 15;
    const shown = Object.entries(OUTCOMES).filter(([, outcome]) => own & (1 << outcome));
    return own & LISTED ? [`${name}: ${shown.map(([word]) => word).join(" ") || "nothing"}`] : [];
  });
  return parts.join(", ") || "not filtered";
}
