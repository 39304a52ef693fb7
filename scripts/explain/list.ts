// `explain --list`: a server's list as a caller would see it, with the rule and the scopes of each item.
import { LIST_KINDS, type ListName, type TracedList } from "../evaluate/list.ts";
import { RequestError, type EvalRequest } from "../evaluate/request.ts";

const METHODS: Record<ListName, string> = {
  tools: "tools/list",
  prompts: "prompts/list",
  resources: "resources/list",
  resourceTemplates: "resources/templates/list",
};
/** The member of an item that says of which kind it is, the most telling first. */
const NAMES: [member: string, kind: ListName][] = [
  ["uriTemplate", "resourceTemplates"],
  ["uri", "resources"],
  ["name", "tools"],
];

type Json = Record<string, unknown>;

/**
 * The request whose answer is this list: an answer of a server, its result, or only the items (of which those with a name
 * count as tools). Throws RequestError.
 */
export function listRequest(document: unknown): EvalRequest {
  const [kind, result] = findList(document);
  return {
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: METHODS[kind] }),
    response: {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, result }),
    },
  };
}

function findList(document: unknown): [ListName, Json] {
  if (Array.isArray(document)) {
    const first = document[0] as Json | undefined;
    const kind = NAMES.find(([member]) => first?.[member] !== undefined)?.[1] ?? "tools";
    return [kind, { [kind]: document as unknown[] }];
  }
  const outer = (typeof document === "object" && document !== null ? document : {}) as Json;
  const result = (outer["result"] ?? outer) as Json;
  const kind = LIST_KINDS.find((name) => Array.isArray(result[name]));
  if (!kind) throw new RequestError(`there is no list in it: expected ${LIST_KINDS.join(", ")}, or a list of items`);
  return [kind, result];
}

/** A table: item, outcome, rule, scopes. */
export function renderList({ items, rules, kind, total, shown }: TracedList): string {
  const rows = items.map(({ name, outcome, scopes }, i) => [
    name ?? "(cannot be read)",
    outcome,
    rules[i] ?? "-",
    scopes?.join(" ") ?? "",
  ]);
  const head = [kind, "outcome", "rule", "scopes"];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (row: string[]): string =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [...[head, ...rows].map(line), "", `${shown} of ${total} shown`, ""].join("\n");
}
