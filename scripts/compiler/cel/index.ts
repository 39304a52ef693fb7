// Text of a `when` → code for the VM: CEL as cel-go 0.28.1 reads it, with optional types and dynamic variables.
// lexer → parser (macros) → checker → fold → plan (access, calls) → lint. An expression that is accepted gives cel-go's result.
import { Automata } from "../regex/automaton.ts";
import { check } from "./checker.ts";
import type { Constant, PredicateCode } from "./code.ts";
import type { Cost } from "./cost.ts";
import { fold } from "./fold.ts";
import { lintBounds } from "./bounds.ts";
import { refuseGuesses } from "./guesses.ts";
import { lintTypes } from "./known-types.ts";
import { lint } from "./lint.ts";
import { refuseFoldingNames } from "./member-names.ts";
import { parse } from "./parser.ts";
import { plan, type Known } from "./plan.ts";
import { Problems, type ExpressionProblem } from "./problems.ts";
import type { Node } from "./ast.ts";
import { show } from "./types.ts";
import { VARIABLES } from "./vocabulary.ts";

export { millisecondsOf, stepsOf, stepsPerKiB } from "./cost.ts";

export interface Compiled {
  /** Absent if a problem is an error. */
  code?: PredicateCode;
  problems: ExpressionProblem[];
  cost?: Cost;
}

export interface WhenOptions {
  /** Keeps the automata of earlier ones. */
  automata?: Automata;
  /** Names beyond ASCII are only warned of. */
  anyNames?: boolean;
  /** What `data` stands for; undefined: there is no such variable. */
  data?: Constant;
}

/** Compiles one `when`. Never throws on what an author can write. */
export function compileWhen(text: string, options: WhenOptions = {}): Compiled {
  const problems = new Problems();
  const compiled = run(text, options, problems);
  problems.list.sort((a, b) => a.offset - b.offset);
  return { ...compiled, problems: problems.list };
}

function run(text: string, options: WhenOptions, problems: Problems): Omit<Compiled, "problems"> {
  const { automata = new Automata(), anyNames = false, data } = options;
  const root = parse(text, problems);
  if (!root) return {};
  const checked = check(root, VARIABLES, problems, { constants: data ? { data } : {} });
  refuseGuesses(root, { text, checked }, problems);
  refuseFoldingNames(root, problems, anyNames);
  if (problems.failed) return {};
  const known: Known = { text, checked, constants: fold(root, checked, problems) };
  wantBool(root, known, problems);
  const planned = plan(root, known, automata, problems);
  if (!planned) return {};
  const { counts, ...code } = planned;
  lint(root, known, { counts }, problems);
  lintTypes(root, known, problems);
  lintBounds(root, known, problems);
  return { code, cost: { counts } };
}

function wantBool(root: Node, { checked }: Known, problems: Problems): void {
  const { kind } = checked.typeOf(root);
  if (kind === "bool" || kind === "dyn") return;
  problems.error(
    root.span,
    `a \`when\` must be a bool; this is ${show(checked.typeOf(root))}`,
    "compare it with something",
  );
}
