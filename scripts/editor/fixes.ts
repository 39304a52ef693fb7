// Hints of problems as changes that an editor can make.
import type { Problem } from "../compiler/index.ts";

export interface Fix {
  title: string;
  /** What the marked text becomes; or what is put in front of `rules:`. */
  replacement?: string;
  topLevel?: string;
}

/** The fixes that a hint names. */
export function fixesOf({ hint = "" }: Problem): Fix[] {
  const meant = /^did you mean (.*)\?$/.exec(hint)?.[1];
  if (meant !== undefined) {
    const words = [...meant.matchAll(/"([^"]*)"|`([^`]*)`/g)].map(([, quoted, code]) => quoted ?? code!);
    return words.map((word) => ({ title: `Replace with ${word}`, replacement: word }));
  }
  const written = /^(?:write (\[[^…]*\])|put it in quotes: (".*"))$/.exec(hint);
  const replacement = written?.[1] ?? written?.[2];
  if (replacement !== undefined) return [{ title: `Replace with ${replacement}`, replacement }];
  const member = /^add (\w+: (?:\{[^…]*\}|[^\s…]+)) to the policy$/.exec(hint)?.[1];
  return member === undefined ? [] : [{ title: `Add ${member}`, topLevel: member }];
}

/** The changes of a fix: offsets into the text, and what is put there. */
export function editOf(fix: Fix, text: string, span: { start: number; end: number }) {
  if (fix.replacement !== undefined) return { from: span.start, to: span.end, insert: fix.replacement };
  const rules = text.search(/^rules:/m);
  const at = rules < 0 ? text.length : rules;
  return { from: at, to: at, insert: `${fix.topLevel}\n` };
}
