// Completion: members and words from the tables of the compiler, scopes from the policy, tools and arguments from the lock.
import { isFamily } from "../compiler/policy/hierarchy.ts";
import { names as functionNames } from "../compiler/cel/overloads.ts";
import { VOCABULARY, type Entry } from "../compiler/cel/vocabulary.ts";
import { annotation, type Item } from "../compiler/lock/lock.ts";
import {
  elementOf,
  memberNames,
  memberOf,
  shapeOf,
  typesOf,
  valuesOf,
  type Shape as ValueShape,
} from "../compiler/lock/schema.ts";
import type { Meaning, Shape } from "../compiler/policy/shapes.ts";
import type { Analysis } from "./analysis.ts";
import { completionSpot, dataOf, valueAt, type CompletionSpot, type Path } from "./spot.ts";
import { shapesAt } from "./shapes-at.ts";
import { inputSchemas } from "./tools.ts";

export interface Completion {
  label: string;
  /** What is put in place of the text from `from` to `to`. */
  insert: string;
  from: number;
  to: number;
  kind: "member" | "word" | "scope" | "tool" | "argument" | "function" | "variable";
  detail?: string;
}

type Draft = Omit<Completion, "from" | "to">;

/** What can be written at the cursor. */
export function complete(text: string, cursor: number, analysis: Analysis): Completion[] {
  const spot = completionSpot(text, cursor);
  if (!spot) return [];
  const shapes = shapesAt(analysis.shape, spot.path);
  if (spot.role === "value" && shapes.some(({ means }) => means === "when")) return inExpression(text, spot, analysis);
  const drafts = spot.role === "key" ? members(shapes, spot, analysis) : values(shapes, text, spot, analysis);
  const seen = new Set<string>();
  return drafts
    .filter(({ label }) => !seen.has(label) && seen.add(label))
    .map((draft) => ({ ...draft, from: spot.from, to: spot.to }));
}

/** Members that are not there yet. */
function members(shapes: readonly Shape[], { siblings }: { siblings: string[] }, analysis: Analysis): Draft[] {
  const known = shapes.flatMap(({ properties = {} }) =>
    Object.entries(properties).map(([name, { description }]): Draft => ({
      label: name,
      insert: `${name}: `,
      kind: "member",
      ...(description !== undefined && { detail: description }),
    })),
  );
  const named = shapes.some(({ propertyNames }) => propertyNames?.means === "scope");
  const scopes = named
    ? scopeNames(analysis).map((name): Draft => ({ label: name, insert: `${quoted(name)}: `, kind: "scope" }))
    : [];
  return [...known, ...scopes].filter(({ label }) => !siblings.includes(label));
}

function values(shapes: readonly Shape[], text: string, spot: CompletionSpot, analysis: Analysis): Draft[] {
  return shapes.flatMap((shape): Draft[] => {
    const { means, items } = shape;
    if (items) return values(shapesAt(items, []), text, spot, analysis).map((draft) => inList(draft));
    if (means) return meant(means, text, spot, analysis);
    if (shape.properties) return members([shape], { siblings: [] }, analysis);
    return words(shape).map((word) => ({
      label: String(word),
      insert: String(word),
      kind: "word",
      ...(shape.description !== undefined && { detail: shape.description }),
    }));
  });
}

/** Where a list is expected, one item is a list of one. */
function inList(draft: Draft): Draft {
  return draft.kind === "member"
    ? { ...draft, insert: `[{ ${draft.insert}` }
    : { ...draft, insert: `[${draft.insert}]` };
}

function words({ enum: choices, const: one, type }: Shape): unknown[] {
  if (choices) return [...choices];
  if (one !== undefined) return [one];
  return type === "boolean" ? [true, false] : [];
}

function meant(means: Meaning, text: string, spot: CompletionSpot, analysis: Analysis): Draft[] {
  if (means === "scope") {
    const there = listAround(text, spot.path);
    const names = scopeNames(analysis).filter((name) => !there.includes(name));
    return names.map((name) => ({
      label: name,
      insert: quoted(name),
      kind: "scope",
      ...detailOfScope(name, analysis),
    }));
  }
  if (means === "tool" || means === "prompt") {
    const kind = means === "tool" ? "tools" : "prompts";
    const items = analysis.locks.flatMap(({ lock }) => lock[kind]);
    return items.map((item) => ({ label: item.id, insert: quoted(item.id), kind: "tool", detail: detailOfTool(item) }));
  }
  if (means === "backend")
    return analysis.locks.flatMap(({ backend }) =>
      backend === undefined ? [] : { label: backend, insert: quoted(backend), kind: "word" },
    );
  if (means === "rule")
    return (analysis.policy?.rules ?? []).map(({ name }) => ({ label: name, insert: quoted(name), kind: "word" }));
  return [];
}

function listAround(text: string, path: Path): unknown[] {
  const list = valueAt(dataOf(text), path.slice(0, -1));
  return Array.isArray(list) ? list : [];
}

/** Every scope that the policy declares or uses. */
function scopeNames({ policy, closures }: Analysis): string[] {
  const implied = [...(policy?.scopes.values() ?? [])].flatMap(({ implies }) =>
    implies.flatMap(({ value }) => (isFamily(value) ? [] : value)),
  );
  return [...new Set([...closures.keys(), ...implied])].sort();
}

function detailOfScope(name: string, { closures }: Analysis): { detail?: string } {
  const implied = (closures.get(name) ?? []).slice(1);
  return implied.length > 0 ? { detail: `implies ${implied.join(", ")}` } : {};
}

export function detailOfTool(item: Item): string {
  const marks = [
    annotation(item, "readOnlyHint") === true && "read-only",
    annotation(item, "destructiveHint") === true && "destructive",
  ].filter((mark) => mark !== false);
  const description = item.content["description"] ?? item.content["title"] ?? "";
  return [...marks, String(description).split("\n")[0]].filter((part) => part !== "").join(" · ");
}

/** Names that YAML would read as something else. */
function quoted(name: string): string {
  return /^[A-Za-z_][\w./-]*(?::[\w./*-]+)*$/.test(name) && !/^(?:true|false|null|yes|no|on|off)$/i.test(name)
    ? name
    : JSON.stringify(name);
}

const MACROS = ["has", "all", "exists", "exists_one", "filter", "map"];
const PATH = /((?:[A-Za-z_]\w*(?:\[[^\]]*\])?\.\??)*)([A-Za-z_]\w*)?$/;

/** Inside a `when`: variables, members, arguments of the tool, functions. */
function inExpression(text: string, spot: CompletionSpot, analysis: Analysis): Completion[] {
  const before = spot.text.slice(0, spot.at);
  const [, way = "", word = ""] = PATH.exec(before) ?? [];
  const range = { from: spot.to - word.length, to: spot.to };
  const place = (draft: Draft): Completion => ({ ...draft, ...range });
  if (way === "" && /["'][^"']*$/.test(stringsRemoved(before))) return enumValues(text, spot, analysis).map(place);
  const steps = way.split(/\.\??/).filter((step) => step !== "");
  if (steps.length === 0) {
    const variables = Object.keys(VOCABULARY).map((name): Draft => ({ label: name, insert: name, kind: "variable" }));
    const functions = [...new Set([...MACROS.slice(0, 1), ...functionNames(false)])].filter((name) =>
      /^\w+$/.test(name),
    );
    return [
      ...variables,
      ...functions.map((name): Draft => ({ label: name, insert: `${name}(`, kind: "function" })),
    ].map(place);
  }
  const entry = entryAt(steps);
  const inside = steps[0] === "args" ? argumentNames(steps.slice(1), text, spot, analysis) : Object.keys(entry ?? {});
  const methods = [...new Set([...functionNames(true), ...MACROS.slice(1)])].filter((name) => /^\w+$/.test(name));
  return [
    ...inside.map((item): Draft => (typeof item === "string" ? { label: item, insert: item, kind: "variable" } : item)),
    ...(entry ? [] : methods.map((name): Draft => ({ label: name, insert: `${name}(`, kind: "function" }))),
  ].map(place);
}

/** The expression so far without the texts that are closed. */
function stringsRemoved(before: string): string {
  return before.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "");
}

/** Members of a group of the vocabulary: `request.auth.` */
function entryAt(steps: readonly string[]): Record<string, Entry> | undefined {
  let inside: Record<string, Entry> | undefined = VOCABULARY;
  for (const step of steps) {
    const entry: Entry | undefined = inside && Object.hasOwn(inside, step) ? inside[step] : undefined;
    inside = entry && "members" in entry ? entry.members : undefined;
  }
  return inside;
}

function argumentNames(steps: readonly string[], text: string, spot: CompletionSpot, analysis: Analysis): Draft[] {
  return argumentShapes(steps, text, spot, analysis).flatMap((shape) =>
    memberNames(shape).map((name): Draft => {
      const { shape: member, state } = memberOf(shape, name);
      const types = typesOf(member).join(" or ");
      return {
        label: name,
        insert: name,
        kind: "argument",
        detail: `${types}${state === "required" ? ", required" : ""}`,
      };
    }),
  );
}

function argumentShapes(
  steps: readonly string[],
  text: string,
  spot: CompletionSpot,
  analysis: Analysis,
): ValueShape[] {
  return inputSchemas(text, spot.path, analysis).map((schema) =>
    steps.reduce<ValueShape>(
      (shape, step) => {
        const name = step.replace(/\[.*$/, "");
        const { shape: member } = memberOf(shape, name);
        return step.includes("[") ? elementOf(member) : member;
      },
      shapeOf(schema, schema),
    ),
  );
}

/** `args.mode == "` offers the values of the schema. */
function enumValues(text: string, spot: CompletionSpot, analysis: Analysis): Draft[] {
  const path = /args((?:\.[A-Za-z_]\w*)+)\s*(?:==|!=|in\s*\[[^\]]*)\s*["'][^"']*$/.exec(
    spot.text.slice(0, spot.at),
  )?.[1];
  if (path === undefined) return [];
  const shapes = argumentShapes(path.split(".").slice(1), text, spot, analysis);
  const texts = shapes.flatMap((shape) => valuesOf(shape) ?? []).filter((value) => typeof value === "string");
  return [...new Set(texts)].map((value) => ({ label: value, insert: value, kind: "word" }));
}
