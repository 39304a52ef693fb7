// Where the cursor is in a YAML text: the path of members down to it, and the text at it. Works on texts that are not whole.
import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Node, type Pair, type Scalar } from "yaml";
import { offsetsIn } from "../compiler/source/embedded.ts";

export type Path = (string | number)[];

export interface Spot {
  /** Of the mapping for a key, of the value itself for a value. */
  path: Path;
  role: "key" | "value";
  /** The text of the key or scalar. */
  text: string;
  /** Where the cursor is in `text`. */
  at: number;
  /** The place of the scalar in the file. */
  start: number;
  end: number;
  /** Members that the mapping around it has. */
  siblings: string[];
  /** Offset in the file of each character of `text`. */
  offset(index: number): number;
}

const OPTIONS = { prettyErrors: false, uniqueKeys: false, logLevel: "silent", schema: "core" } as const;

/** The scalar under the cursor. */
export function spotAt(text: string, cursor: number): Spot | undefined {
  const document = parseDocument(text, OPTIONS);
  let found: Spot | undefined;
  visit(document, {
    Scalar(key, node, parents) {
      const { range } = node as Scalar;
      if (!range || cursor < range[0] || cursor > range[1] || range[0] === range[1]) return;
      found = spotOf(text, node as Scalar, key, parents, cursor);
    },
  });
  return found;
}

function spotOf(source: string, node: Scalar, key: unknown, parents: readonly unknown[], cursor: number): Spot {
  const [start, end] = node.range!;
  const text = typeof node.value === "string" ? node.value : String(node.source ?? node.value ?? "");
  const offsets = offsetsIn(source.slice(start, end), text, node.type as Scalar.Type);
  const role = key === "key" ? "key" : "value";
  const path = pathOf([...parents, node]);
  const map = parents.findLast(isMap);
  const siblings = (map?.items ?? []).map((pair) => textOf((pair as Pair).key)).filter((name) => name !== text);
  const at = Math.max(
    0,
    offsets.findLastIndex((offset) => start + offset <= cursor),
  );
  const offset = (index: number): number => start + offsets[Math.min(index, text.length)]!;
  return { path: role === "key" ? path.slice(0, -1) : path, role, text, at, start, end, siblings, offset };
}

function textOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : "";
}

/** Names of members and indexes of lists on the way down. */
function pathOf(parents: readonly unknown[]): Path {
  const path: Path = [];
  parents.forEach((node, i) => {
    if (isPair(node)) path.push(textOf(node.key));
    else if (isSeq(node)) path.push((node.items as unknown[]).indexOf(parents[i + 1]));
  });
  return path;
}

/** Stands for the cursor in a text that is to be completed. */
const MARK = "\u2042";
const WORD = /[^\s,[\]{}"'#]*$/;

export interface CompletionSpot extends Spot {
  /** What was typed so far of the word, and where in the file it begins and ends. */
  word: string;
  from: number;
  to: number;
}

/** The spot of a word that is being written, also where there is nothing yet. */
export function completionSpot(text: string, cursor: number): CompletionSpot | undefined {
  const word = WORD.exec(text.slice(text.lastIndexOf("\n", cursor - 1) + 1, cursor))?.[0] ?? "";
  const marked = text.slice(0, cursor) + MARK + text.slice(cursor);
  const spot = spotAt(marked, cursor);
  if (!spot || !spot.text.includes(MARK)) return undefined;
  const at = spot.text.indexOf(MARK);
  return { ...spot, text: spot.text.replace(MARK, ""), at, word, from: cursor - word.length, to: cursor };
}

/** The node at a path, and the key of its pair. */
export function nodeAt(text: string, path: Path): { key?: Node; value?: Node } | undefined {
  let node: unknown = parseDocument(text, OPTIONS).contents;
  let key: unknown;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => textOf(item.key) === step);
      if (!pair) return undefined;
      [key, node] = [pair.key, pair.value];
    } else if (isSeq(node) && typeof step === "number") [key, node] = [undefined, node.items[step]];
    else return undefined;
  }
  return {
    ...(key !== undefined && { key: key as Node }),
    ...(node !== undefined && node !== null && { value: node as Node }),
  };
}

/** The value of a text as plain data, as far as it can be read. */
export function dataOf(text: string): unknown {
  try {
    return parseDocument(text, OPTIONS).toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

/** A member of plain data. */
export function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, step) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[step] : undefined),
    data,
  );
}
