// What is wrong with a test file, with its place: for editors.
import { isMap, isSeq, LineCounter, parseDocument, type Node } from "yaml";
import type { Problem } from "../compiler/index.ts";
import { Source } from "../compiler/source/problem.ts";
import { readTests, TestFileError } from "./file.ts";

/** The first thing that is wrong with the text of a test file. */
export function checkTestText(text: string, file: string): Problem[] {
  const source = new Source(text, file);
  const document = parseDocument(text, { prettyErrors: false, lineCounter: new LineCounter(), logLevel: "silent" });
  const syntax = document.errors[0];
  if (syntax) return [source.problem("error", { start: syntax.pos[0], end: syntax.pos[1] }, `YAML: ${syntax.message}`)];
  try {
    readTests(text, file);
    return [];
  } catch (error) {
    if (!(error instanceof TestFileError)) throw error;
    const [, path = "", message = ""] =
      /^((?:tests\[\d+\][^:]*)?)(?:: )?([^]*)$/.exec(error.message.slice(file.length + 2)) ?? [];
    return [source.problem("error", spanAt(document.contents, path, text.length), message)];
  }
}

/** The place of `tests[3].call`, or of the longest part of it that is there. */
function spanAt(root: unknown, path: string, length: number): { start: number; end: number } {
  let node = root;
  for (const [, name, index] of path.matchAll(/(\w+)|\[(\d+)\]/g)) {
    const next: unknown = isMap(node) ? node.get(name!, true) : isSeq(node) ? node.items[Number(index)] : undefined;
    if (next === undefined) break;
    node = next;
  }
  const range = (node as Node | null)?.range;
  return range ? { start: range[0], end: range[1] } : { start: 0, end: length };
}
