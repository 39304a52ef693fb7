// One JSON text of a server, filtered: docs/lists.md told slowly. Which items go is asked of `judge`; all else stays as it
// came, byte by byte.
import { folded } from "../../scripts/fuzz/reader.ts";
import { faultIn, NotJson, parseJson, valueAt, type ArrayNode, type JsonNode, type ObjectNode } from "./json.ts";
import type { ListKind } from "./lists.ts";

/** What happens to an item: gone, or shown with scopes to annotate. */
export type Judge = (kind: ListKind, name: string) => { show: boolean; scopes?: string[] };

export interface Filtering {
  judge: Judge;
  /** GET streams replay what nobody knows the request of: a list is told by its shape alone. */
  byShape: boolean;
}

const NAMES: Record<ListKind, string> = {
  tools: "name",
  prompts: "name",
  resources: "uri",
  resourceTemplates: "uriTemplate",
};
const KINDS = Object.keys(NAMES) as ListKind[];
const SCOPES_KEY = "scopegate/scopes";

/** A change of a text: what stands from `start` to `end` is replaced. */
interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The filtered text. Throws NotJson for what must not leave. */
export function filterText(text: string, filtering: Filtering): string {
  const root = parseJson(text);
  const edits = root.kind === "array" ? batch(text, root, filtering) : message(text, root, filtering);
  return apply(text, edits);
}

function apply(text: string, edits: Edit[]): string {
  let out = "";
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return out + text.slice(at);
}

/** Each element for itself: a broken one becomes an error. */
function batch(text: string, root: ArrayNode, filtering: Filtering): Edit[] {
  return root.items.flatMap((item): Edit[] => {
    try {
      return message(text, item, filtering);
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
      const id = valueAt(item, "id");
      return [{ start: item.start, end: item.end, text: errorText(id && text.slice(id.start, id.end), error.reason) }];
    }
  });
}

/** The error that takes a list's place; the id is JSON as it stood in the request. */
export function errorText(id: string | undefined, reason: string): string {
  const known = id === undefined ? "" : `"id":${id},`;
  return `{"jsonrpc":"2.0",${known}"error":{"code":-32603,"message":"The list cannot be shown","data":{"reason":"${reason}"}}}`;
}

function message(text: string, root: JsonNode, filtering: Filtering): Edit[] {
  if (root.kind !== "object") return [];
  refuseTwins(root, ["result"]);
  const result = valueAt(root, "result");
  if (result?.kind !== "object") return [];
  refuseTwins(result, [...KINDS, "cacheScope"]);
  const lists = KINDS.flatMap((kind): [ListKind, ArrayNode][] => {
    const list = valueAt(result, kind);
    if (list?.kind === "array") return isList(kind, list, filtering) ? [[kind, list]] : [];
    if (list && !filtering.byShape && text.slice(list.start, list.end) !== "null") throw new NotJson("not_json");
    return [];
  });
  if (lists.length === 0) return [];
  refuseFaults(root, lists);
  return [...lists.flatMap(([kind, list]) => items(text, kind, list, filtering)), ...madePrivate(result)];
}

/** On a GET stream a list has at least one object with the name that its kind has. */
function isList(kind: ListKind, { items: all }: ArrayNode, { byShape }: Filtering): boolean {
  const isNamed = (item: JsonNode): boolean =>
    item.kind === "object" && item.members.some(({ key }) => folded(key) === folded(NAMES[kind]));
  return !byShape || all.some(isNamed);
}

/** A key that lenient readers take for another one that matters, be it there or not. */
function refuseTwins(node: ObjectNode, keys: string[]): void {
  const same = (key: string): number => node.members.filter((member) => member.key === key).length;
  if (keys.some((key) => same(key) > 1)) throw new NotJson("duplicate_key");
  const isTwin = (key: string): boolean => keys.some((known) => known !== key && folded(known) === folded(key));
  if (node.members.some(({ key }) => isTwin(key))) throw new NotJson("ambiguous_key");
}

/** Envelope, result and the items' own members are strict; what is wrong deeper in an item costs only that item. */
function refuseFaults(node: JsonNode, lists: [ListKind, ArrayNode][]): void {
  if (node.fault) throw new NotJson(node.fault);
  const found = lists.find(([, list]) => list === node);
  const parts =
    node.kind === "object" ? node.members.map(({ value }) => value) : node.kind === "array" ? node.items : [];
  for (const part of parts) {
    if (!found) refuseFaults(part, lists);
    else if (part.kind === "object") {
      if (part.fault && part.fault !== "too_deep") throw new NotJson(part.fault);
      refuseTwins(part, [NAMES[found[0]]]);
    }
  }
}

function items(text: string, kind: ListKind, list: ArrayNode, { judge }: Filtering): Edit[] {
  const kept = list.items.flatMap((item): string[] => {
    const name = valueAt(item, NAMES[kind]);
    if (item.kind !== "object" || name?.kind !== "text" || faultIn(item)) return [];
    const { show, scopes } = judge(kind, name.value);
    return show ? [annotated(text, item, scopes)] : [];
  });
  const unchanged =
    kept.length === list.items.length && kept.every((item, i) => item === sliceOf(text, list.items[i]!));
  return unchanged ? [] : [{ start: list.start, end: list.end, text: `[${kept.join(",")}]` }];
}

const sliceOf = (text: string, { start, end }: JsonNode): string => text.slice(start, end);

/** The item without scopes that the server put there, and with those of the challenge. */
function annotated(text: string, item: ObjectNode, scopes: string[] | undefined): string {
  const meta = valueAt(item, "_meta");
  const own = scopes && scopes.length > 0 ? `"${SCOPES_KEY}":${JSON.stringify(scopes)}` : "";
  if (meta === undefined) {
    const glue = item.members.length > 0 ? "," : "";
    return own ? `${text.slice(item.start, item.end - 1)}${glue}"_meta":{${own}}}` : sliceOf(text, item);
  }
  if (meta.kind !== "object") return sliceOf(text, item);
  const isOurs = ({ key }: { key: string }): boolean => key === SCOPES_KEY;
  if (!own && !meta.members.some(isOurs)) return sliceOf(text, item);
  const rest = meta.members.filter((member) => !isOurs(member)).map(({ start, value }) => text.slice(start, value.end));
  const made = `{${[...rest, ...(own ? [own] : [])].join(",")}}`;
  return text.slice(item.start, meta.start) + made + text.slice(meta.end, item.end);
}

/** What is filtered for one caller may be kept for no other. */
function madePrivate(result: ObjectNode): Edit[] {
  const scope = valueAt(result, "cacheScope");
  if (!scope || (scope.kind === "text" && scope.value === "private")) return [];
  return [{ start: scope.start, end: scope.end, text: '"private"' }];
}

/** Whether some reader could find a `result` in a text that is no JSON. */
export function mayHoldResult(text: string): boolean {
  const plain = text.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return folded(plain).includes("result");
}
