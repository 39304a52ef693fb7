// Scopes that depend on the call: `repo:{args.owner}:read`. Whoever calls must not be able to choose which scope is asked
// for, and no two calls may make one scope out of different values.
import type { Report } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";

/** What stands for a placeholder: a member of the arguments, `_meta` or the claims, or the tool or backend. */
export type TemplateValue = "mcp.tool" | "mcp.backend" | { root: "args" | "meta" | "jwt.claims"; path: string[] };

export interface TemplatePart {
  /** The text before the placeholder. */
  before: string;
  value: TemplateValue;
}

export interface Template {
  parts: TemplatePart[];
  /** The text after the last placeholder. */
  tail: string;
}

/** Characters of a value; what parts two placeholders has another one. */
const VALUE = "A-Za-z0-9._~-";
const NO_VALUE = new RegExp(`[^${VALUE}]`);
const MAX_VALUE = 64;
const MAX_LENGTH = 512;
const PATH = /^(args|meta|jwt\.claims)((?:\.[A-Za-z_][\w-]*)+)$/;

/** Whether a scope has placeholders, or what looks like one. */
export function hasBraces(scope: string): boolean {
  return /[{}]/.test(scope);
}

/** The template of a scope with braces. */
export function readTemplate(report: Report, tree: TextTree): Template | undefined {
  const pieces = tree.value.split(/\{([^{}]*)\}/);
  const stray = pieces.find((piece, i) => i % 2 === 0 && hasBraces(piece));
  if (stray !== undefined)
    return report.error(tree, `a brace in the scope "${tree.value}" has no partner`, "write {args.NAME} for a value");
  const parts: TemplatePart[] = [];
  for (let i = 1; i < pieces.length; i += 2) {
    const value = valueOf(pieces[i]!);
    if (value === undefined) return unknownValue(report, tree, pieces[i]!);
    parts.push({ before: pieces[i - 1]!, value });
  }
  const template = { parts, tail: pieces.at(-1)! };
  return isSafe(report, tree, template) ? template : undefined;
}

function valueOf(path: string): TemplateValue | undefined {
  if (path === "mcp.tool" || path === "mcp.backend") return path;
  const [, root, rest] = PATH.exec(path) ?? [];
  if (root === undefined || /^jwt\.claims\.(scope|scp)(\.|$)/.test(path)) return undefined;
  return { root: root as "args", path: rest!.slice(1).split(".") };
}

function unknownValue(report: Report, tree: TextTree, path: string): undefined {
  const message = `"{${path}}" in the scope "${tree.value}" stands for nothing`;
  return report.error(tree, message, "a path into args, meta or jwt.claims, or mcp.tool or mcp.backend");
}

function isSafe(report: Report, tree: TextTree, { parts, tail }: Template): boolean {
  const name = `the scope "${tree.value}"`;
  const literals = [...parts.map(({ before }) => before), tail];
  const problem = (message: string, hint: string): false => (report.error(tree, message, hint), false);
  if (literals[0] === "")
    return problem(
      `${name} begins with a value: the caller could choose which scope is asked for`,
      "begin it with a text",
    );
  const between = literals.slice(1, -1);
  if (between.some((literal) => !NO_VALUE.test(literal)))
    return problem(
      `two values of ${name} are not kept apart: two calls could make one scope`,
      "write : or / between them",
    );
  if (literals.slice(1).some((literal) => /^[a-z_]*=/.test(literal)))
    return problem(
      `a value of ${name} stands before "=": clients would read it as a parameter`,
      "write : in place of =",
    );
  if (literals.join("").length + MAX_VALUE * parts.length > MAX_LENGTH)
    return problem(`${name} can be longer than ${MAX_LENGTH} characters`, `each value may have ${MAX_VALUE}`);
  return true;
}

/** The texts that a template can make, as a regex. */
export function shapeOf({ parts, tail }: Template): RegExp {
  const escaped = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$-]/g, "\\$&");
  const begun = parts.map(({ before }) => `${escaped(before)}[${VALUE}]{1,${MAX_VALUE}}`);
  return new RegExp(`^${begun.join("")}${escaped(tail)}$`);
}
