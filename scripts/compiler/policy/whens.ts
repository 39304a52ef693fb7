// The predicates of a policy: every `when` is parsed, checked and compiled, each distinct text once.
import { compileWhen, stepsPerKiB, type Compiled } from "../cel/index.ts";
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

function tell(report: Report, when: TextTree, { problems, cost }: Compiled, budget: number): void {
  for (const { severity, offset, length, message, hint } of problems) {
    report.inside(when, severity, offset, length, message, hint);
  }
  if (!cost) return;
  const message = `at most ${stepsPerKiB(cost)} steps per KiB of arguments; the request budget is ${budget}`;
  report.inside(when, "note", 0, when.value.length, message);
}
