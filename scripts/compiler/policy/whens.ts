// The predicates of a policy: every `when` is parsed, checked and compiled, each distinct text once.
import { BASE_STEPS, DEFAULT_MAX_BODY, STEPS_PER_BYTE } from "../../../assembly/program.ts";
import { compileWhen, millisecondsOf, stepsOf, stepsPerKiB, type Compiled } from "../cel/index.ts";
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
