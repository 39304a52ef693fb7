// What the stages of the pipeline report to the author of a `when`.
import type { Span } from "./ast.ts";

/** A problem in an expression; offsets count UTF-16 units inside it. */
export interface ExpressionProblem {
  severity: "error" | "warning";
  offset: number;
  length: number;
  message: string;
  hint?: string;
}

/** More errors, or warnings, than this help nobody. */
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
