// What became of the items of a list: the filter's trace of them (assembly/lists/trace.ts) in the words of docs/cli.md.
import { ListOutcome } from "../../assembly/program.ts";
import type { Guest } from "../simulate/guest.ts";
import { utf8Text } from "../bytes.ts";

/** The kinds of lists, in the order of ListKind. */
export const LIST_KINDS = ["tools", "prompts", "resources", "resourceTemplates"] as const;
export type ListName = (typeof LIST_KINDS)[number];

export interface ListItem {
  /** What was judged: a name, a URI or a template; null for an item that cannot be read. */
  name: string | null;
  outcome: "callable" | "obtainable" | "never";
  /** Of an obtainable item, what a challenge would ask for. */
  scopes?: string[];
  /** The tool is not as in the policy's lock. */
  drift?: true;
}

export interface List {
  kind: ListName;
  total: number;
  shown: number;
  /** All of the server's, in order. */
  items: ListItem[];
}

/** The rule of each item, beside the list; null: none. */
export interface TracedList extends List {
  rules: (string | null)[];
}

type Traced = [
  kind: number,
  outcome: ListOutcome,
  name: string | null,
  shown: boolean,
  rule: number | null,
  scopes: string[],
  drifted: boolean,
];

/** Makes the filter trace the items of the next answer, and forget what it traced. */
export function startItems(guest: Guest): void {
  guest.call("scopegate_items", 1);
}

/** The list that was in the last answer; undefined when there was none. Of several kinds, the first. */
export function readItems(guest: Guest, ruleName: (index: number) => string): TracedList | undefined {
  const bytes = guest.read(guest.call("scopegate_items_text"), guest.call("scopegate_items_size"));
  const all = JSON.parse(`[${utf8Text(bytes)}]`) as Traced[];
  const kind = all[0]?.[0];
  if (kind === undefined) return undefined;
  const own = all.filter((item) => item[0] === kind);
  return {
    kind: LIST_KINDS[kind]!,
    total: own.length,
    shown: own.filter(([, , , shown]) => shown).length,
    items: own.map(itemOf),
    rules: own.map(([, , , , rule]) => (rule === null ? null : ruleName(rule))),
  };
}

function itemOf([, outcome, name, , , scopes, drifted]: Traced): ListItem {
  const drift = drifted && { drift: true as const };
  if (outcome === ListOutcome.Callable) return { name, outcome: "callable", ...drift };
  if (outcome !== ListOutcome.Obtainable) return { name, outcome: "never", ...drift };
  return { name, outcome: "obtainable", ...(scopes.length > 0 && { scopes }), ...drift };
}
