// The predicates of a policy: every `when` is parsed, checked and compiled, each distinct text once.
import { compileWhen, stepsPerKiB, type Compiled } from "../cel/index.ts";
import type { PredicateCode } from "../cel/code.ts";
import { Automata } from "../regex/automaton.ts";
import type { Report } from "../source/document.ts";
import type { TextTree } from "../source/shape.ts";
import { dataConstant } from "./data.ts";
import type { Policy, Rule } from "./policy.ts";

/** Text of a `when` → its code; those with errors are left out. */
export type Whens = ReadonlyMap<string, PredicateCode>;

/** Compiles every `when`. Problems, and a note on the cost, are reported at each place where a text occurs. */
export function compileWhens(report: Report, policy: Policy): Whens {
  const automata = new Automata();
  const options = { automata, anyNames: policy.kind === "MCPRoute", data: dataConstant(policy) };
  const compiled = new Map<string, Compiled>();
  for (const when of new Set(policy.rules.flatMap(whensOf))) {
    const known = compiled.get(when.value) ?? compileWhen(when.value, options);
    compiled.set(when.value, known);
    tell(report, when, known, policy.limits.steps);
  }
  return new Map([...compiled].flatMap(([text, { code }]) => (code ? [[text, code]] : [])));
}

function whensOf(rule: Rule): TextTree[] {
  return [rule.when, ...(rule.targets ?? []).map((target) => target.when)].filter((when) => when !== undefined);
}

function tell(report: Report, when: TextTree, { problems, cost }: Compiled, budget: number): void {
  for (const { severity, offset, length, message, hint } of problems) {
    report.inside(when, severity, offset, length, message, hint);
  }
  if (!cost) return;
  const message = `at most ${stepsPerKiB(cost)} steps per KiB of arguments; the request budget is ${budget}`;
  report.inside(when, "note", 0, when.value.length, message);
}
