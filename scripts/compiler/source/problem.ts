// Places in a text, and the problems that are reported at them.

/** A note is not a problem but something worth knowing, such as the cost of a `when`. */
export type Severity = "error" | "warning" | "note";

/** A message to the author of a policy. */
export interface Problem {
  severity: Severity;
  /** The file, or the path of the member in a policy given as an object. */
  file: string;
  /** From 1, in code points; both 0 if there is no text to point into. */
  line: number;
  column: number;
  /** Code points to underline, at least 1. */
  length: number;
  /** The line of the text, without its end. */
  excerpt: string;
  message: string;
  hint?: string;
}

/** UTF-16 offsets into a text; `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

const LINE_END = /\r\n|\n|\r/g;

/** A text with a name, which can locate an offset. */
export class Source {
  private readonly starts: number[];

  constructor(
    readonly text: string,
    readonly file: string,
  ) {
    this.starts = [0, ...[...text.matchAll(LINE_END)].map((end) => end.index + end[0].length)];
  }

  /** The problem at `span`, limited to its first line. */
  problem(severity: Severity, span: Span, message: string, hint?: string): Problem {
    const start = Math.min(span.start, this.text.length);
    const line = this.starts.findLastIndex((first) => first <= start);
    const excerpt = this.text.slice(this.starts[line], this.starts[line + 1]).replace(LINE_END, "");
    const before = start - this.starts[line]!;
    const marked = [...excerpt.slice(before, before + Math.max(1, span.end - start)).trimEnd()].length;
    const column = [...excerpt.slice(0, before)].length + 1;
    return { severity, file: this.file, line: line + 1, column, length: Math.max(1, marked), excerpt, message, hint };
  }
}

/**
 * The text of `check`: `file:line:col: error: text`, the line, a caret under the place, a hint; problems are separated by an empty line.
 * Without `color` the text contains no escape sequences.
 */
export function renderProblems(problems: readonly Problem[], { color = false } = {}): string {
  return problems.map((problem) => renderProblem(problem, color)).join("\n");
}

/** A policy must not control the terminal through its errors. */
function harmless(text: string): string {
  return [...text].map((char) => (isControl(char) ? "\ufffd" : char)).join("");
}

function renderProblem(problem: Problem, color: boolean): string {
  const paint = (code: number, text: string): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const place = harmless(problem.file) + (problem.line > 0 ? `:${problem.line}:${problem.column}` : "");
  const severity = paint(problem.severity === "error" ? 31 : 33, problem.severity + ":");
  let out = `${paint(1, place + ":")} ${severity} ${harmless(problem.message)}\n`;
  if (problem.line > 0) {
    const { line, caret } = pointAt(problem);
    out += `${line}\n${paint(32, caret)}\n`;
  }
  if (problem.hint) out += `${paint(36, "hint:")} ${harmless(problem.hint)}\n`;
  return out;
}

/** The line as shown and the carets below it, as wide as what they mark; a tab is aligned with a tab. */
function pointAt({ excerpt, column, length }: Problem): { line: string; caret: string } {
  const shown = [...excerpt].map((char) => (char !== "\t" && isControl(char) ? "\ufffd" : char));
  const pad = shown.slice(0, column - 1).map((char) => (char === "\t" ? "\t" : " ".repeat(displayWidth(char))));
  const marked = shown.slice(column - 1, column - 1 + length).reduce((sum, char) => sum + displayWidth(char), 0);
  return { line: shown.join(""), caret: pad.join("") + "^" + "~".repeat(Math.max(0, marked - 1)) };
}

/** Control and bidirectional format characters. */
function isControl(char: string): boolean {
  return /^[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]$/u.test(char);
}

const NO_WIDTH = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;
const TWO_WIDE = new RegExp(
  "^[\\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff" +
    "\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$",
  "u",
);

/** Columns of a terminal: none for combining marks, two for East Asian wide characters and emoji. */
function displayWidth(char: string): number {
  if (NO_WIDTH.test(char)) return 0;
  return TWO_WIDE.test(char) ? 2 : 1;
}
