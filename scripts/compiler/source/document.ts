// A policy's text or object → one tree with places, whatever the source. YAML 1.2 core schema, no tags, no merge keys.
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  Scalar,
  visit,
  type Document,
  type Node,
} from "yaml";
import { offsetsIn } from "./embedded.ts";
import { Source, type Problem, type Severity, type Span } from "./problem.ts";

export interface Member {
  name: string;
  key: Place;
  value: Tree;
}

/** A place: in a file, or under a path of an object. */
export interface Place {
  path: string;
  span?: Span;
}

export type Tree = Place &
  (
    | { kind: "map"; members: Map<string, Member> }
    | { kind: "list"; items: Tree[] }
    | { kind: "text"; value: string; offset?: (index: number) => number }
    | { kind: "number"; value: number }
    | { kind: "boolean"; value: boolean }
    | { kind: "null" }
  );

/** Collects what is wrong with one document. */
export class Report {
  readonly problems: Problem[] = [];
  readonly notes: Problem[] = [];

  constructor(private readonly source?: Source) {}

  error(place: Place, message: string, hint?: string): undefined {
    this.add("error", place, message, hint);
  }

  warn(place: Place, message: string, hint?: string): undefined {
    this.add("warning", place, message, hint);
  }

  /** A problem inside the text of an expression; `offset` and `length` count UTF-16 units of its value. */
  inside(
    place: Tree & { kind: "text" },
    severity: Severity,
    offset: number,
    length: number,
    message: string,
    hint?: string,
  ): void {
    const list = severity === "note" ? this.notes : this.problems;
    const last = Math.max(offset, offset + length - 1);
    if (this.source && place.offset) {
      const span = { start: place.offset(offset), end: place.offset(last) + 1 };
      list.push(this.source.problem(severity, span, message, hint));
    } else {
      const own = new Source(place.value, place.path);
      list.push(own.problem(severity, { start: offset, end: offset + length }, message, hint));
    }
  }

  get failed(): boolean {
    return this.problems.some((problem) => problem.severity === "error");
  }

  /** By place; for an object in the order in which they were found. */
  sorted(): Problem[] {
    return this.problems.slice().sort((a, b) => (this.source ? a.line - b.line || a.column - b.column : 0));
  }

  /** The line of a place, for messages that name another place. */
  where(place: Place): string {
    if (!this.source || !place.span) return place.path;
    return `line ${this.source.problem("error", place.span, "").line}`;
  }

  private add(severity: Severity, place: Place, message: string, hint?: string): void {
    this.problems.push(this.problemAt(severity, place, message, hint));
  }

  /** A problem that is not reported yet. */
  problemAt(severity: Severity, place: Place, message: string, hint?: string): Problem {
    if (this.source && place.span) return this.source.problem(severity, place.span, message, hint);
    const nowhere = { line: 0, column: 0, length: 1, excerpt: "" };
    return { severity, file: place.path || "policy", ...nowhere, message, hint };
  }
}

const MAX_DEPTH = 64;
const TOO_DEEP = "the document is nested too deeply";
const OVERFLOW = /call stack/; // the parser's error on deep nesting
const CORE_TAG = /^tag:yaml\.org,2002:(?:map|seq|str|int|float|bool|null)$/;
const HALF_PAIR = /\p{Cs}/u;
const MAX_NODES = 200_000; // aliases can expand a small text enormously

/** Every document of a YAML text, except empty ones. Syntax errors and duplicate keys go to `report`. */
export function readYaml(source: Source, report: Report): Tree[] {
  const options = {
    prettyErrors: false,
    uniqueKeys: false,
    lineCounter: new LineCounter(),
    stringKeys: false,
    schema: "core", // even after a %YAML 1.1 directive
    resolveKnownTags: false,
    logLevel: "silent" as const,
  };
  const documents = parseAllDocuments(source.text, options) as Document.Parsed[];
  const trees: Tree[] = [];
  for (const document of documents) {
    reportSyntax(report, document);
    if (document.errors.length > 0 || document.contents === null) continue;
    const tree = new YamlReader(source, report, document).read(document.contents, "", undefined);
    if (tree.kind !== "null") trees.push(tree);
  }
  return trees;
}

/** The first syntax error of each line; the others follow from it. */
function reportSyntax(report: Report, document: Document.Parsed): void {
  const lines = new Set<string>();
  for (const { pos, code, message } of document.errors) {
    const start = /closing .quote/.test(message) ? openingQuote(document, pos[0]) : pos[0];
    const place = { path: "", span: { start, end: Math.max(pos[1], start + 1) } };
    const line = report.where(place);
    if (lines.has(line)) continue;
    lines.add(line);
    report.error(
      place,
      `YAML: ${OVERFLOW.test(message) ? TOO_DEEP : message}`,
      code === "TAB_AS_INDENT" ? "indent with spaces" : undefined,
    );
  }
}

/** The start of the quoted text that was still open at `end`. */
function openingQuote(document: Document.Parsed, end: number): number {
  let start = end;
  visit(document, {
    Scalar: (_, { range, type }) => {
      if (range && type?.startsWith("QUOTE") && range[0] < end && range[1] >= end) start = range[0];
    },
  });
  return start;
}

class YamlReader {
  private nodes = 0;
  private readonly open = new Set<unknown>();

  constructor(
    private readonly source: Source,
    private readonly report: Report,
    private readonly document: Document.Parsed,
  ) {}

  read(node: unknown, path: string, around: Span | undefined, depth = 0): Tree {
    const range = (node as Node | null)?.range;
    const span = range && range[1] > range[0] ? { start: range[0], end: range[1] } : around;
    const place = { path, span };
    if (++this.nodes > MAX_NODES) return this.refuse(place, "the document is too large");
    if (depth > MAX_DEPTH) return this.refuse(place, TOO_DEEP);
    if (isAlias(node)) return this.readAlias(node.resolve(this.document), place, depth);
    const tag = (node as { tag?: string } | null)?.tag;
    if (tag && !CORE_TAG.test(tag)) return this.refuse(place, `the tag ${tag} is not supported`);
    if (isMap(node)) return { ...place, kind: "map", members: this.readMembers(node.items, path, depth) };
    if (isSeq(node)) {
      const items = node.items.map((item, i) => this.read(item, `${path}[${i}]`, span, depth + 1));
      return { ...place, kind: "list", items };
    }
    return isScalar(node) ? this.readScalar(node, place) : { ...place, kind: "null" };
  }

  private refuse(place: Place, message: string): Tree {
    this.report.error(place, message);
    return { ...place, kind: "null" };
  }

  /** The value of an alias, at the place of the alias. */
  private readAlias(target: unknown, place: Place, depth: number): Tree {
    if (target === undefined || this.open.has(target))
      return this.refuse(place, "the alias is undefined or refers to itself");
    this.open.add(target);
    const tree = this.read(target, place.path, place.span, depth + 1);
    this.open.delete(target);
    return { ...tree, span: place.span, ...(tree.kind === "text" ? { offset: undefined } : {}) };
  }

  private readMembers(pairs: unknown[], path: string, depth: number): Map<string, Member> {
    const members = new Map<string, Member>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const key = this.read(pair.key, path, undefined, depth + 1);
      if (key.kind !== "text") {
        this.report.error(key, "a key must be a string", "put it in quotes");
        continue;
      }
      const name = key.value;
      const first = members.get(name);
      if (first) this.report.error(key, `duplicate key "${name}"`, `first on ${this.report.where(first.key)}`);
      else members.set(name, { name, key, value: this.read(pair.value, join(path, name), key.span, depth + 1) });
    }
    return members;
  }

  private readScalar(node: Scalar, place: Place): Tree {
    const { value } = node;
    if (typeof value === "number" || typeof value === "bigint")
      return { ...place, kind: "number", value: Number(value) };
    if (typeof value === "boolean") return { ...place, kind: "boolean", value };
    if (value === null || value === undefined) return { ...place, kind: "null" };
    const text = String(value);
    if (HALF_PAIR.test(text)) return this.refuse(place, "the string contains half of a surrogate pair");
    const [start, end] = node.range!;
    let offsets: number[] | undefined;
    const offset = (index: number): number => {
      offsets ??= offsetsIn(this.source.text.slice(start, end), text, node.type as Scalar.Type);
      return start + offsets[Math.min(index, text.length)]!;
    };
    return { ...place, kind: "text", value: text, offset };
  }
}

function join(path: string, name: string): string {
  const step = /^[A-Za-z_][\w-]*$/.test(name) ? name : JSON.stringify(name);
  return path ? `${path}.${step}` : step;
}

/** The tree of a policy that is already an object (as from JSON). */
export function readObject(value: unknown, report: Report, path = "", depth = 0): Tree {
  const inner = (member: unknown, at: string): Tree => readObject(member, report, at, depth + 1);
  if (depth > MAX_DEPTH) report.error({ path: path.slice(0, 64) }, TOO_DEEP);
  if (value === null || value === undefined || depth > MAX_DEPTH) return { path, kind: "null" };
  if (typeof value === "number") return { path, kind: "number", value };
  if (typeof value === "boolean") return { path, kind: "boolean", value };
  if (Array.isArray(value)) {
    return { path, kind: "list", items: value.map((item, i) => inner(item, `${path}[${i}]`)) };
  }
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, member]): [string, Member] => {
      const at = join(path, name);
      return [name, { name, key: { path: at }, value: inner(member, at) }];
    });
    return { path, kind: "map", members: new Map(members) };
  }
  const text = String(value);
  if (HALF_PAIR.test(text)) report.error({ path }, "the string contains half of a surrogate pair");
  return { path, kind: "text", value: text.replace(HALF_PAIR, "") };
}
