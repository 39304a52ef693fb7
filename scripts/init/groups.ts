// Sorts the tools of a server by what they do: by their annotations, else by the verbs in their names. What is only a guess
// is said to be one, and what is unclear counts as destructive.
import { annotation, type Item } from "../compiler/lock/lock.ts";

export const GROUPS = ["read", "write", "delete"] as const;
export type Group = (typeof GROUPS)[number];

export interface Sorted {
  item: Item;
  group: Group;
  /** Why, for a comment. */
  why: string;
  guessed: boolean;
}

const VERBS: Record<Group, string> = {
  read: `get list search read retrieve find fetch query describe show view lookup count check status stat browse download inspect
    diff compare validate explain whoami ping resolve info help suggest preview history log logs tail head grep tree
    screenshot snapshot summarize analyze calculate convert echo`,
  write: `create update write add set put post edit move copy rename send append upload insert save assign comment reply
    merge push fork subscribe tag label mark star open submit schedule invite import sync upsert patch fill click
    type navigate select start enable`,
  delete: `delete remove drop destroy purge wipe clear reset revoke uninstall kill stop terminate shutdown restart cancel
    archive disable close force execute exec run eval deploy rollback revert truncate erase detach transfer approve pay
    refund`,
};
const GROUP_OF = new Map(
  GROUPS.flatMap((group) => VERBS[group].split(/\s+/).map((verb): [string, Group] => [verb, group])),
);

/** The group of each tool. */
export function sortTools(tools: readonly Item[]): Sorted[] {
  return tools.map((item) => ({ item, ...groupOf(item) }));
}

function groupOf(item: Item): Omit<Sorted, "item"> {
  const said = saidGroup(item);
  const named = namedGroup(item.id);
  if (said && named && GROUPS.indexOf(named.group) > GROUPS.indexOf(said)) {
    if (said === "read")
      return { ...named, guessed: true, why: `the server says read-only, but its name says "${named.verb}"` };
  }
  if (said)
    return {
      group: said,
      guessed: false,
      why: { read: "says it is read-only", write: "says it destroys nothing", delete: "says it is destructive" }[said],
    };
  if (named) return { group: named.group, guessed: true, why: `"${named.verb}" in its name` };
  return { group: "delete", guessed: true, why: "neither annotations nor its name tell what it does" };
}

/** What the server says of a tool. */
function saidGroup(item: Item): Group | undefined {
  if (annotation(item, "readOnlyHint") === true) return "read";
  if (annotation(item, "destructiveHint") === true) return "delete";
  return annotation(item, "destructiveHint") === false ? "write" : undefined;
}

/** The riskiest verb of a name decides; `get_deleted_items` has only one. */
function namedGroup(name: string): { group: Group; verb: string } | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const verbs = words.flatMap((verb) => (GROUP_OF.has(verb) ? { group: GROUP_OF.get(verb)!, verb } : []));
  // The verb comes first or last; in the middle the same word is a thing: list_pull_request_comments.
  const first = verbs.find(({ verb }) => verb === words[0] || verb === words.at(-1)) ?? verbs[0];
  const risky = verbs.find(({ group, verb }) => group === "delete" && (verb === words[0] || verb === words.at(-1)));
  return risky ?? first;
}
