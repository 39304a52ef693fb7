// Maps each character of a YAML scalar's value to its place in the file, so that an error inside an expression points there.
import { Scalar } from "yaml";

const ESCAPE = /^\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r?\n[ \t]*|[^])/;
const FOLD = /^[ \t]*(?:\r?\n[ \t]*)+/;

/**
 * For each UTF-16 unit of `value`, and for its end, the offset in `raw` (the scalar's text in the file, with its quotes or
 * block header). `style` is the scalar's type in the `yaml` package.
 */
export function offsetsIn(raw: string, value: string, style: Scalar.Type | null | undefined): number[] {
  const block = style === "BLOCK_LITERAL" || style === "BLOCK_FOLDED";
  const offsets = block ? alignBlock(raw, value) : decodeFlow(raw, value, style ?? "PLAIN");
  return offsets ?? Array<number>(value.length + 1).fill(0);
}

/** Plain and quoted scalars, read as YAML 1.2 section 7.3 folds and escapes them; undefined if the result is not `value`. */
function decodeFlow(raw: string, value: string, style: string): number[] | undefined {
  const quotes = style === "PLAIN" ? 0 : 1;
  const end = raw.length - quotes;
  const offsets: number[] = [];
  for (let at = quotes; at < end && offsets.length <= value.length;) {
    const { length, units } = nextPiece(raw.slice(at, end), style);
    for (let i = 0; i < units; i++) offsets.push(at);
    at += length;
  }
  offsets.push(end);
  return offsets.length === value.length + 1 ? offsets : undefined;
}

/** The next piece of a flow scalar: its length in the file, and how many units of the value it produces. */
function nextPiece(rest: string, style: string): { length: number; units: number } {
  const fold = FOLD.exec(rest)?.[0];
  if (fold) return { length: fold.length, units: foldedLength(fold) };
  const escape = style === "QUOTE_DOUBLE" ? ESCAPE.exec(rest)?.[0] : undefined;
  if (escape) return { length: escape.length, units: escapedLength(escape) };
  return { length: style === "QUOTE_SINGLE" && rest.startsWith("''") ? 2 : 1, units: 1 };
}

/** One line end becomes a space, each further one a line end. */
function foldedLength(fold: string): number {
  return Math.max(1, fold.split("\n").length - 2);
}

function escapedLength(escape: string): number {
  if (/^\\\r?\n/.test(escape)) return 0;
  return escape[1] === "U" && parseInt(escape.slice(2), 16) > 0xffff ? 2 : 1;
}

/** Block scalars change only white space: everything else is in the same order in both texts. */
function alignBlock(raw: string, value: string): number[] | undefined {
  const offsets: number[] = [];
  let at = raw.indexOf("\n") + 1;
  let spaces = 0;
  for (let i = 0; i < value.length; i++) {
    if (/\s/.test(value[i]!)) {
      spaces++;
      continue;
    }
    while (at < raw.length && /\s/.test(raw[at]!)) at++;
    if (raw[at] !== value[i]) return undefined;
    // White space is counted back from what follows it, so that indentation inside the value maps correctly.
    for (; spaces > 0; spaces--) offsets.push(at - spaces);
    offsets.push(at++);
  }
  for (let i = 0; i <= spaces; i++) offsets.push(Math.min(at + i, raw.length));
  return offsets;
}
