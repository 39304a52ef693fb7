// What a token may do with each tool of a list: the filter judges the answer to a tools/list, as it does in Envoy.
import type { Engine } from "../evaluate/engine.ts";
import type { Loaded } from "../evaluate/load.ts";
import type { Struct } from "../wire.ts";

export interface ListedItem {
  name: string;
  outcome: "callable" | "obtainable" | "never";
  /** The scopes that would open an obtainable item. */
  scopes: string[];
  rule: string | null;
}

/** The outcome of each tool for a token; undefined when the list itself is not judged. */
export function outcomesOf(
  engine: Engine,
  loaded: Loaded,
  names: readonly string[],
  payload: Struct | null,
): ListedItem[] | undefined {
  const tools = names.map((name) => ({ name, inputSchema: { type: "object" } }));
  const found = engine.listOf(loaded, {
    payload,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    response: {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } }),
    },
  });
  return found?.items.map(({ name, outcome, scopes }, i) => ({
    name: name ?? "?",
    outcome,
    scopes: scopes ?? [],
    rule: found.rules[i] ?? null,
  }));
}
