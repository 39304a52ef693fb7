// A regex in Go's RE2 syntax → the instruction list of its machine. re2js (pinned exactly: its `prog` is not a
// documented API) parses and compiles; what re2js accepts but Go 1.26 refuses is refused here.
import { RE2JS } from "re2js";

/** A regex that cannot be used: `offset` counts UTF-16 units inside the pattern. */
export class PatternError extends Error {
  constructor(
    message: string,
    readonly offset = 0,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** What an EmptyWidth instruction requires of its place; the numbers are those of Go's regexp/syntax.EmptyOp. */
export const Empty = {
  BeginLine: 1,
  EndLine: 2,
  BeginText: 4,
  EndText: 8,
  WordBoundary: 16,
  NoWordBoundary: 32,
} as const;

/** `ranges`: pairs of first and last code point, ascending. */
export type Step =
  | { kind: "fork"; out: number; other: number }
  | { kind: "empty"; out: number; needs: number }
  | { kind: "runes"; out: number; ranges: Int32Array }
  | { kind: "skip"; out: number }
  | { kind: "match" }
  | { kind: "fail" };

export interface Machine {
  start: number;
  steps: Step[];
}

/** The part of re2js's instruction that is used; `op` is one of InstOp. */
interface RawStep {
  op: number;
  out: number;
  arg: number;
  runes: Int32Array;
}

/** Opcodes of re2js 2.10.0 (`Inst`). */
const InstOp = {
  Fork: 1,
  ForkMatch: 2,
  Capture: 3,
  Empty: 4,
  Fail: 5,
  Match: 6,
  Nop: 7,
  Rune: 8,
  RuneAnyNotNewline: 11,
} as const;
const FOLD_CASE = 1;
const LAST_CODE_POINT = 0x10ffff;

/** Properties and scripts that re2js knows but the Unicode tables of Go 1.26 lack. */
const UNKNOWN_TO_GO = new Set([
  ..."Alphabetic Dash Emoji Lowercase Math Uppercase Unknown".split(" "),
  ..."Garay Sidetic Sunuwar Todhri".split(" "),
]);

const HINTS: [RegExp, string][] = [
  [/\(\?<?[=!]/, "RE2 has no look-ahead and no look-behind; combine two conditions with && instead"],
  [/\\[1-9]/, "RE2 has no back-references"],
  [/\\[pP]/, "Unicode classes are spelled as in \\p{L}, \\p{Lu} or \\p{Greek}"],
  [/\\[uZhRXKG]/, "RE2 has no such escape; write a code point as \\x{20AC}, the end of the text as \\z"],
];

/**
 * Parses and compiles `pattern` as Go's `regexp.Compile` does.
 * @throws PatternError when Go would refuse it (or re2js does); the offset is that of the offending part.
 */
export function compilePattern(pattern: string): Machine {
  refuseForeignClasses(pattern);
  const prog = compileWithRe2(pattern);
  return { start: prog.start, steps: prog.inst.map(readStep) };
}

function compileWithRe2(pattern: string): { start: number; inst: RawStep[] } {
  try {
    return (RE2JS.compile(pattern) as unknown as { re2Input: { prog: { start: number; inst: RawStep[] } } }).re2Input
      .prog;
  } catch (error) {
    const { error: reason, input } = error as { error?: string; input?: string | null };
    if (reason === undefined)
      throw new PatternError("the regex cannot be compiled: " + String((error as Error).message));
    const offset = input ? Math.max(0, pattern.indexOf(input)) : 0;
    const part = input && input !== pattern ? ` (${input})` : "";
    throw new PatternError(`RE2 rejects the regex: ${reason}${part}`, offset, hintFor(pattern.slice(offset)));
  }
}

function hintFor(part: string): string | undefined {
  return HINTS.find(([sign]) => part.search(sign) === 0)?.[1];
}

/** Go 1.25 and later drop `_` and inner capitals from a class name before they look it up, so such names are not found. */
function refuseForeignClasses(pattern: string): void {
  const token = /\\Q[^]*?(?:\\E|$)|\\[pP](?:\{\^?([^}]*)\}|.)|\\[^]/gu;
  for (const found of pattern.matchAll(token)) {
    const name = found[1];
    if (name === undefined) continue;
    if ((/^[A-Z][a-z]*$/.test(name) || name === "LC") && !UNKNOWN_TO_GO.has(name)) continue;
    throw new PatternError(`the Unicode class "${name}" is not supported`, found.index, HINTS[2]![1]);
  }
}

function readStep(raw: RawStep): Step {
  const { op, out, arg } = raw;
  if (op === InstOp.Fork || op === InstOp.ForkMatch) return { kind: "fork", out, other: arg };
  if (op === InstOp.Empty) return { kind: "empty", out, needs: arg };
  if (op === InstOp.Capture || op === InstOp.Nop) return { kind: "skip", out };
  if (op === InstOp.Match) return { kind: "match" };
  if (op === InstOp.Fail) return { kind: "fail" };
  if (op >= InstOp.Rune && op <= InstOp.RuneAnyNotNewline) return { kind: "runes", out, ranges: readRanges(raw) };
  throw new Error(`re2js: unknown instruction ${op}; the pinned version has changed`);
}

function readRanges({ runes, arg }: RawStep): Int32Array {
  if (runes.length !== 1) return runes;
  const rune = runes[0]!;
  return arg & FOLD_CASE ? foldOrbit(rune) : Int32Array.of(rune, rune);
}

const orbits = new Map<number, Int32Array>();

/** Every code point that equals `rune` under simple case folding, as re2js expands it in a class. */
function foldOrbit(rune: number): Int32Array {
  let orbit = orbits.get(rune);
  if (!orbit) {
    // The last code point keeps re2js from turning the class back into a folded literal.
    const prog = compileWithRe2(`(?i)[\\x{${rune.toString(16)}}\\x{${LAST_CODE_POINT.toString(16)}}]`);
    const runes = prog.inst.find((raw) => raw.op === InstOp.Rune)!.runes;
    orbit = runes.slice(0, runes.length - 2);
    orbits.set(rune, orbit);
  }
  return orbit;
}
