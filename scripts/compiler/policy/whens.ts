// The predicates of a policy: every `when` is parsed, checked and compiled, each distinct text once.
import { BASE_STEPS, DEFAULT_MAX_BODY, STEPS_PER_BYTE } from "../../../assembly/program.ts";
import { compileWhen, millisecondsOf, stepsOf, stepsPerKiB, type Compiled } from "../cel/index.ts";
import type { PredicateCode } from "../cel/code.ts";
import { Automata } from "../regex/automaton.ts";
import type { Report } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";
import { dataConstant } from "./data.ts";
import { conditionOf, targetsOf, type Policy } from "./policy.ts";

/** Text of a `when` → its code; those with errors are left out. */
export type Whens = ReadonlyMap<string, PredicateCode>;

/** Compiles every `when`. Problems, and a note on the cost, are reported at each place where a text occurs. */
export function compileWhens(report: Report, policy: Policy): Whens {
  const automata = new Automata();
  const options = { automata, anyNames: policy.kind === "MCPRoute", data: dataConstant(policy) };
  const compiled = new Map<string, Compiled>();
  const compile = ({ value }: TextTree): Compiled => {
    const found = compiled.get(value) ?? compileWhen(value, options);
    compiled.set(value, found);
    return found;
  };
  const targets = targetsOf(policy);
  for (const when of new Set([...policy.rules, ...targets].flatMap((owner) => owner.when ?? [])))
    tell(report, when, compile(when), policy.limits.steps);
  for (const args of new Set(targets.flatMap((target) => target.args ?? []))) tellOfArgs(report, args, compile(args));
  for (const { args, when, ...target } of targets) {
    const both = args && when && compile(args).code && compile(when).code && conditionOf({ ...target, args, when });
    if (both) tellOfArgs(report, args, compile(both));
  }
  return new Map([...compiled].flatMap(([text, { code }]) => (code ? [[text, code]] : [])));
}

/** Of the predicate that `args` stands for only what makes it impossible is said: nobody wrote its text. */
function tellOfArgs(report: Report, args: TextTree, { problems }: Compiled): void {
  const found = problems.find(({ severity }) => severity === "error");
  if (found) report.error(args, found.message, found.hint);
}

function tell(report: Report, when: TextTree, { problems, cost }: Compiled, limit: number): void {
  for (const { severity, offset, length, message, hint } of problems) {
    report.inside(when, severity, offset, length, message, hint);
  }
  if (!cost) return;
  const message = `at most ${stepsPerKiB(cost)} steps per KiB of arguments; ${budgetOf(limit)}`;
  report.inside(when, "note", 0, when.value.length, message);
}

/** What all predicates of a request together may take, for people. */
function budgetOf(limit: number): string {
  const milliseconds = (steps: number) => `${Number(millisecondsOf(steps).toPrecision(2))} ms`;
  if (limit) return `a request has ${limit}, at most ${milliseconds(limit)}`;
  const most = [0, DEFAULT_MAX_BODY].map((bytes) => milliseconds(stepsOf(0, bytes)));
  return `a request has ${BASE_STEPS} and ${STEPS_PER_BYTE} for each of its bytes, at most ${most[0]}, and ${most[1]} with 4 MiB`;
}
