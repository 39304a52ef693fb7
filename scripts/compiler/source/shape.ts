// Takes members out of a tree and reports what does not have the expected shape. Every function returns undefined
// after reporting something, so that readers go on and find the next problem.
import type { Member, Place, Report, Tree } from "./document.ts";
import { suggest } from "./spelling.ts";

export type TextTree = Tree & { kind: "text" };
export type Members = Map<string, Member>;

const NAMES = {
  map: "a mapping",
  list: "a list",
  text: "a string",
  number: "a number",
  boolean: "true or false",
  null: "nothing",
};

/** "a list", "nothing", … */
export function shapeOf(tree: Tree): string {
  return NAMES[tree.kind];
}

function wrong(report: Report, tree: Tree, wanted: string, hint?: string): undefined {
  return report.error(tree, `expected ${wanted}, got ${shapeOf(tree)}`, hint);
}

/** The members of a mapping; names outside `known` are reported ("*" takes any). */
export function mapping(report: Report, tree: Tree, known: readonly string[] | "*"): Members | undefined {
  if (tree.kind !== "map") return wrong(report, tree, known === "*" ? "a mapping" : `a mapping (${known.join(", ")})`);
  for (const { name, key } of tree.members.values()) {
    if (known !== "*" && !known.includes(name)) report.error(key, `unknown key "${name}"`, suggest(name, known));
  }
  return tree.members;
}

/** A required member; the report points at the mapping when it is missing. */
export function required(report: Report, members: Members, name: string, owner: Place): Tree | undefined {
  return members.get(name)?.value ?? report.error(owner, `"${name}" is missing`);
}

/** A string that is not empty. */
export function text(report: Report, tree: Tree): string | undefined {
  if (tree.kind === "text")
    return tree.value === "" ? report.error(tree, "an empty string is not allowed here") : tree.value;
  const quoted = tree.kind === "number" || tree.kind === "boolean" ? `put it in quotes: "${tree.value}"` : undefined;
  return wrong(report, tree, "a string", quoted);
}

/** The items of a list; `emptyMeans` says why an empty one is refused; without it an empty list is fine. */
export function list(report: Report, tree: Tree, emptyMeans?: string): Tree[] | undefined {
  if (tree.kind !== "list") {
    return wrong(report, tree, "a list", tree.kind === "text" && tree.value ? `write [${tree.value}]` : undefined);
  }
  if (tree.items.length === 0 && emptyMeans !== undefined)
    return report.error(tree, "an empty list is not allowed here", emptyMeans);
  return tree.items;
}

/** A list of strings, each with its place; items that are not strings are reported and left out. */
export function texts(report: Report, tree: Tree, emptyMeans?: string): TextTree[] | undefined {
  return list(report, tree, emptyMeans)?.filter((item): item is TextTree => text(report, item) !== undefined);
}

/** One of the words of `table`. */
export function choice<T>(report: Report, tree: Tree, table: Readonly<Record<string, T>>): T | undefined {
  const words = Object.keys(table);
  if (tree.kind !== "text") return wrong(report, tree, words.join(" or "));
  if (Object.hasOwn(table, tree.value)) return table[tree.value];
  return report.error(tree, `unknown value "${tree.value}"`, suggest(tree.value, words));
}

export function integer(report: Report, tree: Tree, least: number, most: number): number | undefined {
  if (tree.kind !== "number" || !Number.isInteger(tree.value)) return wrong(report, tree, "an integer");
  if (tree.value >= least && tree.value <= most) return tree.value;
  return report.error(tree, `${tree.value} is out of range`, `it must be from ${least} to ${most}`);
}

export function flag(report: Report, tree: Tree): boolean | undefined {
  return tree.kind === "boolean" ? tree.value : wrong(report, tree, "true or false");
}

/** What some clients would mistake for a parameter of the challenge: they search its whole text (docs/challenges.md). */
const BAIT = /(?:scope|error|error_description|resource_metadata)=/;

function baitMessage(what: string): string {
  return `the ${what} contains the name of a challenge parameter and "=": clients would read it as that parameter`;
}

/** Without a fragment, in characters that a quoted text of a header may contain. */
export const URL_TEXT = /^https?:\/\/[!$-.0-;=?-[\]-~][!$-;=?-[\]-~]*$/;
const MAX_URL = 2048;

/** An absolute http or https URL in characters that a header may contain, without a fragment (RFC 9728 section 1.2). */
export function url(report: Report, tree: Tree): string | undefined {
  const value = text(report, tree);
  if (value === undefined) return undefined;
  if (!URL_TEXT.test(value.replaceAll("#", "")) || value.length > MAX_URL || !URL.canParse(value)) {
    return report.error(tree, "expected an absolute http or https URL", "for example https://mcp.example.com/mcp");
  }
  if (BAIT.test(value)) return report.error(tree, baitMessage("URL"));
  return value.includes("#") ? report.error(tree, "the URL must not have a fragment") : value;
}

/** Printable, without quotes and backslashes. */
export const LABEL = /^[^\p{C}\u2028\u2029"\\]+$/u;

/** Text that may appear in logs and replies: printable, no quotes or backslashes, at most `most` characters. */
export function label(report: Report, tree: Tree, most = 128): string | undefined {
  const value = text(report, tree);
  if (value === undefined) return undefined;
  if (value.length > most) return report.error(tree, `the name is longer than ${most} characters`);
  if (!LABEL.test(value)) {
    return report.error(tree, "a name must not contain control characters, quotes or backslashes");
  }
  return value;
}

const SCOPE_CHARACTERS = "\\x21\\x23-\\x5b\\x5d-\\x7e";
/** RFC 6750 section 3, `scope-token`. */
export const SCOPE = new RegExp(`^[${SCOPE_CHARACTERS}]+$`);
const NO_SCOPE_CHARACTER = new RegExp(`[^${SCOPE_CHARACTERS}]`, "u");

/** A scope token (RFC 6750 section 3): printable ASCII without spaces, quotes and backslashes. */
export function scope(report: Report, tree: Tree): string | undefined {
  const value = text(report, tree);
  if (value === undefined) return undefined;
  if (/\s/.test(value)) {
    return report.error(
      tree,
      `the scope "${value}" contains a space`,
      `list one scope per item: [${value.trim().split(/\s+/).join(", ")}]`,
    );
  }
  const bad = NO_SCOPE_CHARACTER.exec(value);
  if (bad)
    return report.error(tree, `the scope "${value}" contains a character that RFC 6750 does not allow: ${bad[0]}`);
  if (BAIT.test(value)) return report.error(tree, baitMessage("scope"));
  return value.length > 256 ? report.error(tree, "the scope is longer than 256 characters") : value;
}
