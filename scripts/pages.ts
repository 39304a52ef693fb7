// Results of a run, written into a page of the documentation between two marks.
import { readFileSync, writeFileSync } from "node:fs";
import { format } from "prettier";

/** Replaces what stands between `<!-- COMMAND -->` and `<!-- end of COMMAND -->`. Throws when the page has no such marks. */
export async function writeBetween(page: string, command: string, markdown: string): Promise<void> {
  const [start, end] = [`<!-- ${command} -->`, `<!-- end of ${command} -->`];
  const text = readFileSync(page, "utf8");
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no ${start} … ${end}`);
  const whole = `${before}${start}\n\n${markdown}\n\n${end}${after}`;
  writeFileSync(page, await format(whole, { parser: "markdown", printWidth: 120 }));
}
