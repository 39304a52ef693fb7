// The pages of the documentation, and their contents: fenced blocks, sections, tables.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

export const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...["docs", "docs/deploy"].flatMap((folder) => markdownIn(folder)),
];
export const CLI = "build/scopegate.mjs";

function markdownIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".md"));
  return names.map((name) => `${folder}/${name}`);
}

export function page(file: string): string {
  return readFileSync(file, "utf8");
}

/** The texts of fenced blocks of one language. */
export function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter((found) => found[1] === language)
    .map((found) => found[2]!);
}

/** The text under a heading, up to the next one of its level or above. */
export function section(text: string, heading: string): string {
  const [, marks] = /^(#+) /.exec(heading)!;
  const start = text.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `no heading "${heading}"`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${marks!.length}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Cells of every table row, without heads and rules. */
export function rows(text: string): string[][] {
  const tables = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = tables.map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
  return cells.filter((row, i) => !/^:?-+:?$/.test(row[0]!) && !/^:?-+:?$/.test(cells[i + 1]?.[0] ?? ""));
}

/** The code in a table cell. */
export function code(cell: string): string | undefined {
  return /^`+ ?(.*?) ?`+$/.exec(cell)?.[1]?.replaceAll("\\|", "|");
}
