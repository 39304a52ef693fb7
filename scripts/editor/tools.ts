// The tools that a place in a policy is about: those of the entry, or of the rule's target.
import { isObject, type Item, type JsonObject } from "../compiler/lock/lock.ts";
import type { Analysis } from "./analysis.ts";
import { dataOf, valueAt, type Path } from "./spot.ts";

/** The items of the lock with these names. */
export function toolsNamed(names: readonly string[], { locks }: Analysis): Item[] {
  return locks
    .flatMap(({ lock }) => lock.tools)
    .filter(({ id }) => names.some((name) => id === name || id.endsWith(`__${name}`)));
}

/** The names of the tools that the `when` at a path is asked for. */
export function toolNamesFor(text: string, path: Path): string[] {
  const data = dataOf(text);
  const around = valueAt(data, path.slice(0, -1));
  if (!isObject(around)) return [];
  const own = around["tool"] ?? around["toolName"];
  if (typeof own === "string") return [own];
  const tools = valueAt(around, ["target", "tools"]);
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((entry) => (typeof entry === "string" ? entry : nameOf(entry)));
}

function nameOf(entry: unknown): string[] {
  const name = isObject(entry) ? (entry["tool"] ?? entry["toolName"]) : undefined;
  return typeof name === "string" ? [name] : [];
}

/** The input schemas of the tools that the `when` at a path is asked for; of all tools, where it names none. */
export function inputSchemas(text: string, path: Path, analysis: Analysis): JsonObject[] {
  const names = toolNamesFor(text, path);
  const tools = names.length > 0 ? toolsNamed(names, analysis) : analysis.locks.flatMap(({ lock }) => lock.tools);
  return tools.map(({ content }) => content["inputSchema"]).filter(isObject);
}
