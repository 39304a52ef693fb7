// The text of a lock: YAML that a person reads in a review. Written by `scopegate lock`, never by hand.
import { stringify } from "yaml";
import { Report, readYaml, type Tree } from "../source/document.ts";
import { Source, type Problem } from "../source/problem.ts";
import { mapping, required, text as textOf } from "../source/shape.ts";
import { digestOf } from "./digest.ts";
import { emptyLock, isObject, KIND_NAMES, KINDS, type Item, type Json, type Kind, type Lock } from "./lock.ts";

const VERSION = 1;
const HEAD = `# What the server offers, made by \`scopegate lock\`. Read what changes; do not edit: each digest covers its whole entry.
`;
/** What is written first of each entry; the rest follows in alphabetical order. */
const FIRST = ["uri", "uriTemplate", "name", "title", "description", "digest", "annotations"];

/** The text of a lock: the same for the same items. */
export function renderLock(lock: Lock): string {
  const lists = KIND_NAMES.filter((kind) => lock[kind].length > 0).map((kind) => [kind, lock[kind].map(entryOf)]);
  const document = {
    scopegateLock: VERSION,
    ...(lock.server && { server: lock.server }),
    ...Object.fromEntries(lists),
  };
  return HEAD + stringify(document, { lineWidth: 100, aliasDuplicateObjects: false });
}

function entryOf({ digest, content }: Item): object {
  const members = Object.entries({ ...content, digest });
  const place = (name: string): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  members.sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
  return Object.fromEntries(members);
}

/** Reads a lock; `lock` is there when nothing is wrong with it. */
export function readLock(yaml: string, file: string): { lock?: Lock; problems: Problem[] } {
  const report = new Report(new Source(yaml, file));
  const [tree, more] = readYaml(new Source(yaml, file), report);
  const lock = tree && readDocument(report, tree);
  if (!tree && !report.failed) report.error({ path: "", span: { start: 0, end: 1 } }, "the lock is empty", REMAKE);
  if (more) report.error(more, "one lock per file");
  return { ...(lock && !report.failed && { lock }), problems: report.sorted() };
}

const REMAKE = "make it with `scopegate lock --from URL -o FILE`";

function readDocument(report: Report, tree: Tree): Lock | undefined {
  const members = mapping(report, tree, ["scopegateLock", "server", ...KIND_NAMES]);
  const version = members && required(report, members, "scopegateLock", tree);
  if (!version) return undefined;
  if (version.kind !== "number" || version.value !== VERSION)
    return report.error(version, `version ${VERSION} of the lock format is expected here`, REMAKE);
  const lock = emptyLock();
  const server = members.get("server")?.value;
  if (server) lock.server = textOf(report, server);
  for (const kind of KIND_NAMES) {
    const items = members.get(kind)?.value;
    if (items) lock[kind] = readItems(report, items, kind);
  }
  return lock;
}

function readItems(report: Report, tree: Tree, kind: Kind): Item[] {
  if (tree.kind !== "list") return report.error(tree, "a list is expected here") ?? [];
  const seen = new Set<string>();
  return tree.items.flatMap((entry) => {
    const item = readItem(report, entry, kind);
    if (item && seen.has(item.id)) report.error(entry, `the ${KINDS[kind].one} "${item.id}" is listed twice`, REMAKE);
    if (item) seen.add(item.id);
    return item ?? [];
  });
}

/** One entry; one that was edited shows, as its digest is no longer that of its content. */
function readItem(report: Report, tree: Tree, kind: Kind): Item | undefined {
  const members = mapping(report, tree, "*");
  const idTree = members && required(report, members, KINDS[kind].id, tree);
  const digestTree = members && required(report, members, "digest", tree);
  const id = idTree && textOf(report, idTree);
  const digest = digestTree && textOf(report, digestTree);
  if (id === undefined || digest === undefined) return undefined;
  const { digest: _digest, ...content } = valueOf(tree) as Record<string, Json>;
  if (digestOf(content) !== digest) {
    const message = `the entry of the ${KINDS[kind].one} "${id}" was edited: its digest is not that of its content`;
    return report.error(digestTree!, message, REMAKE);
  }
  if (kind === "tools" && !isObject(content["inputSchema"]))
    return report.error(tree, `the tool "${id}" has no inputSchema`, REMAKE);
  return { id, digest, content };
}

/** The JSON value of a tree. */
export function valueOf(tree: Tree): Json {
  if (tree.kind === "map")
    return Object.fromEntries([...tree.members].map(([name, { value }]) => [name, valueOf(value)]));
  if (tree.kind === "list") return tree.items.map(valueOf);
  return tree.kind === "null" ? null : tree.value;
}
