// What the stages of the pipeline tell the author of a `when`.
import type { ExpressionProblem } from "../pool.ts";
import type { Span } from "./ast.ts";

/** More errors, or warnings, than these help nobody. */
const MOST = 25;

/** Collects problems so that one run can report several; offsets count UTF-16 units of the expression. */
export class Problems {
  readonly list: ExpressionProblem[] = [];

  get failed(): boolean {
    return this.list.some((problem) => problem.severity === "error");
  }

  error(span: Span, message: string, hint?: string): void {
    this.add("error", span, message, hint);
  }

  warn(span: Span, message: string, hint?: string): void {
    this.add("warning", span, message, hint);
  }

  private add(severity: ExpressionProblem["severity"], { start, end }: Span, message: string, hint?: string): void {
    if (this.list.filter((known) => known.severity === severity).length >= MOST) return;
    if (this.list.some((known) => known.offset === start && known.message === message)) return;
    this.list.push({ severity, offset: start, length: Math.max(1, end - start), message, ...(hint && { hint }) });
  }
}

/** "did you mean" for a misspelt word, or undefined when nothing is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase());
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
