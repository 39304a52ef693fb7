// Go to definition: scopes to their declaration, rules named in tests, tools to their entry in the lock, files.
import { Report, readYaml, type Place } from "../compiler/source/document.ts";
import { Source } from "../compiler/source/problem.ts";
import type { ReadFile } from "../compiler/lock/locks.ts";
import { dataOf, nodeAt, spotAt, valueAt, type Path } from "./spot.ts";
import { shapesAt } from "./shapes-at.ts";
import type { Analysis } from "./analysis.ts";

export interface Definition {
  /** undefined: this file. */
  file?: string;
  start: number;
  end: number;
}

/** Where the thing under the cursor is defined. */
export function define(text: string, cursor: number, analysis: Analysis, read?: ReadFile): Definition | undefined {
  const spot = spotAt(text, cursor);
  if (!spot || spot.role !== "value") return undefined;
  const means = shapesAt(analysis.shape, spot.path).flatMap((shape) => shape.means ?? []);
  if (means.includes("file"))
    return read?.(spot.text) === undefined ? undefined : { file: spot.text, start: 0, end: 0 };
  if (means.includes("tool") || means.includes("prompt")) return inLock(spot.text, analysis, read);
  const file = policyFile(text);
  const policyText = file === undefined ? text : read?.(file);
  if (policyText === undefined) return undefined;
  const found = means.includes("scope")
    ? scopeIn(policyText, spot.text)
    : means.includes("rule")
      ? ruleIn(policyText, spot.text)
      : undefined;
  return found && { ...(file !== undefined && { file }), ...found };
}

/** In a test file things are defined in the policy that it names. */
function policyFile(text: string): string | undefined {
  const policy = valueAt(dataOf(text), ["policy"]);
  return typeof policy === "string" ? policy : undefined;
}

function rangeAt(text: string, path: Path, part: "key" | "value"): Definition | undefined {
  const range = nodeAt(text, path)?.[part]?.range;
  return range ? { start: range[0], end: range[1] } : undefined;
}

/** The declaration under `scopes`, else the first rule that asks for it. */
function scopeIn(text: string, name: string): Definition | undefined {
  const declared = rangeAt(text, ["scopes", name], "key");
  if (declared) return declared;
  const rules = valueAt(dataOf(text), ["rules"]);
  for (const [i, rule] of (Array.isArray(rules) ? rules : []).entries()) {
    const scopes = valueAt(rule, ["source", "jwt", "scopes"]);
    const at = Array.isArray(scopes) ? scopes.indexOf(name) : -1;
    if (at >= 0) return rangeAt(text, ["rules", i, "source", "jwt", "scopes", at], "value");
  }
  return undefined;
}

function ruleIn(text: string, name: string): Definition | undefined {
  const rules = valueAt(dataOf(text), ["rules"]);
  const index = Array.isArray(rules) ? rules.findIndex((rule) => valueAt(rule, ["name"]) === name) : -1;
  return index < 0 ? undefined : rangeAt(text, ["rules", index, "name"], "value");
}

function inLock(name: string, { locks }: Analysis, read: ReadFile | undefined): Definition | undefined {
  for (const { file } of locks) {
    const yaml = read?.(file);
    const place = yaml === undefined ? undefined : entryPlace(yaml, name);
    if (place?.span) return { file, ...place.span };
  }
  return undefined;
}

function entryPlace(yaml: string, name: string): Place | undefined {
  const source = new Source(yaml, "");
  const [tree] = readYaml(source, new Report(source));
  if (tree?.kind !== "map") return undefined;
  for (const { value } of tree.members.values()) {
    if (value.kind !== "list") continue;
    for (const item of value.items) {
      const id = item.kind === "map" ? item.members.get("name")?.value : undefined;
      if (id?.kind === "text" && id.value === name) return id;
    }
  }
  return undefined;
}
