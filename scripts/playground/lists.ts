// The three outcomes of the items of a tools/list: callable, obtainable with more scopes, never. The filter judges a call of
// each tool by a policy in which what depends on arguments is taken as open: an Allow rule may match, a Deny rule may not.
import { parse as parseYaml } from "yaml";
import type { Node } from "../compiler/cel/ast.ts";
import { walk } from "../compiler/cel/ast.ts";
import { parse } from "../compiler/cel/parser.ts";
import { Problems } from "../compiler/cel/problems.ts";
import type { Engine } from "../evaluate/engine.ts";
import { loadDocument } from "../evaluate/load.ts";
import type { Struct } from "../wire.ts";

export interface ListedItem {
  name: string;
  outcome: "callable" | "obtainable" | "never";
  /** The scopes that would open an obtainable item. */
  scopes: string[];
  rule: string | null;
}

type Json = Record<string, unknown>;

/** The outcome of each tool for a token. */
export function outcomesOf(
  engine: Engine,
  policy: string,
  names: readonly string[],
  payload: Struct | null,
): ListedItem[] {
  const loaded = loadDocument(openPolicy(policy));
  if (Array.isArray(loaded)) return [];
  return names.map((name) => {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } });
    const { decision, requiredScopes, rule } = engine.evaluate(loaded, { payload, body });
    const outcome = decision === "allow" ? "callable" : requiredScopes ? "obtainable" : "never";
    return { name, outcome, scopes: requiredScopes ?? [], rule };
  });
}

/** The policy with arguments unknown. */
function openPolicy(text: string): object {
  const document = parseYaml(text) as Json;
  const { lock: _lock, drift: _drift, ...rest } = document;
  const spec = rest["spec"] as { securityPolicy?: { authorization?: Json } } | undefined;
  const owner = spec?.securityPolicy?.authorization ?? rest;
  if (Array.isArray(owner["rules"]))
    owner["rules"] = (owner["rules"] as Json[]).flatMap((rule) => openRule(rule) ?? []);
  return rest;
}

function openRule(rule: Json): Json | undefined {
  const denies = rule["action"] === "Deny";
  const opened = openEntry(rule, denies);
  const target = rule["target"] as Json | undefined;
  if (!opened || !target) return opened;
  const lists = Object.entries(target).map(([kind, entries]) => [
    kind,
    (entries as unknown[]).flatMap((entry) =>
      typeof entry === "string" ? entry : (openEntry(entry as Json, denies) ?? []),
    ),
  ]);
  const left = lists.filter(([, entries]) => (entries as unknown[]).length > 0);
  return left.length === 0 ? undefined : { ...opened, target: Object.fromEntries(left) as Json };
}

/** A rule or an entry without what reads arguments; undefined for one that then surely decides nothing. */
function openEntry(entry: Json, denies: boolean): Json | undefined {
  const { when, cel, ...rest } = entry;
  const text = (when ?? cel) as string | undefined;
  if (text === undefined || text.trim() === "") return rest;
  const known = knownPart(text, denies);
  if (known === "never") return undefined;
  return known === "always" ? rest : { ...rest, when: known };
}

/** The part of an expression that is known without the arguments; for a Deny rule only what is surely true counts. */
function knownPart(text: string, denies: boolean): string {
  const root = parse(text, new Problems());
  if (!root || !readsArguments(root)) return text;
  const fn = denies ? "_||_" : "_&&_";
  const operands = root.kind === "call" && root.fn === fn ? root.args : [];
  const known = operands.filter((operand) => !readsArguments(operand));
  const texts = known.map(({ span }) => `(${text.slice(span.start, span.end)})`);
  if (texts.length > 0) return texts.join(denies ? " || " : " && ");
  return denies ? "never" : "always";
}

function readsArguments(root: Node): boolean {
  let reads = false;
  walk(root, (node) => {
    reads ||= node.kind === "ident" && (node.name === "args" || node.name === "meta");
    reads ||= node.kind === "select" && node.field === "params";
  });
  return reads;
}
