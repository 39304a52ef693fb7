// What the tests of a policy reached: rules that matched, each alternative of their scopes, groups that were called, and for
// each `when` whether it was both true and not true.
import { Action } from "../../assembly/program.ts";
import { conditionOf, type Policy } from "../compiler/index.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import { Probe, type Target } from "../evaluate/probe.ts";
import type { Step } from "../evaluate/result.ts";

/** Something a test suite should reach. */
export interface Goal {
  /** For people: `rule greet matches`. */
  what: string;
  kind: "rule" | "when";
  reached: boolean;
}

interface When {
  rule: string;
  probe: Probe;
  /** Of a target entry; a rule's own `when` comes after target and claims. */
  ofEntry: boolean;
  whenTrue: Goal;
  whenNot: Goal;
}

/** One of several scopes that a rule takes. */
interface Alternative {
  rule: string;
  isHeld: Probe;
  goal: Goal;
}

export class Coverage {
  readonly goals: Goal[] = [];
  private readonly matches = new Map<string, Goal>();
  /** Of requirements that a call did not meet. */
  private readonly unmet = new Map<string, Goal>();
  private readonly whens: When[] = [];
  private readonly alternatives: Alternative[] = [];
  private readonly groups: { isCalled: Probe; goal: Goal }[] = [];

  constructor(private readonly policy: Policy) {
    for (const rule of policy.rules) {
      const isRequired = rule.action === Action.Require;
      const what = isRequired ? `requirement ${rule.name} holds` : `rule ${rule.name} matches`;
      this.matches.set(rule.name, this.goal("rule", what));
      if (isRequired) this.unmet.set(rule.name, this.goal("rule", `requirement ${rule.name} is not met`));
      for (const target of rule.targets ?? []) {
        const condition = conditionOf(target);
        if (condition) this.addWhen(rule.name, condition.value, [target], nameOf(target));
      }
      if (rule.when) this.addWhen(rule.name, rule.when.value, rule.targets);
      this.addAlternatives(rule);
    }
    for (const [name, { targets, used }] of policy.groups)
      if (used && targets.length > 0)
        this.groups.push({
          isCalled: new Probe(policy, "true", targets),
          goal: this.goal("rule", `group ${name} is called`),
        });
  }

  /** Of a template the scope depends on the call, so it is no goal. */
  private addAlternatives({ name: rule, scopes }: Policy["rules"][number]): void {
    for (const { options } of scopes)
      for (const { name, template } of options.length > 1 ? options : [])
        if (!template)
          this.alternatives.push({
            rule,
            isHeld: new Probe(this.policy, `${JSON.stringify(name)} in jwt.scopes`, undefined),
            goal: this.goal("rule", `rule ${rule} matches by the scope ${name}`),
          });
  }

  /** Counts what one request with the trace `steps` reached. */
  add(request: EvalRequest, steps: readonly Step[]): void {
    steps.forEach((step, i) => this.addStep(step, i === steps.length - 1));
    const matched = new Set(steps.filter(isMatch).map(({ rule }) => rule));
    for (const { rule, isHeld, goal } of this.alternatives)
      if (!goal.reached && matched.has(rule)) goal.reached = isHeld.ask(request) === "true";
    for (const { isCalled, goal } of this.groups) goal.reached ||= isCalled.ask(request) === "true";
    for (const when of this.whens) {
      const outcome = steps.find(({ rule }) => rule === when.rule)?.outcome;
      if (
        outcome === undefined ||
        outcome === "target" ||
        ((outcome === "claims" || outcome === "source") && !when.ofEntry)
      )
        continue;
      const truth = when.probe.ask(request);
      if (truth !== undefined) (truth === "true" ? when.whenTrue : when.whenNot).reached = true;
    }
  }

  /** The last step is that of the rule that decided: perhaps a requirement. One that lacks scopes lets the list go on. */
  private addStep({ rule, outcome }: Step, isLast: boolean): void {
    const matched = this.matches.get(rule);
    const unmet = this.unmet.get(rule);
    if (matched && isMatch({ outcome })) matched.reached = true;
    else if (unmet && (outcome === "scopes" || (isLast && outcome !== "target"))) unmet.reached = true;
  }

  private addWhen(rule: string, text: string, targets: readonly Target[] | undefined, entry?: string): void {
    const place = entry === undefined ? `rule ${rule}` : `rule ${rule}, ${entry}`;
    this.whens.push({
      rule,
      probe: new Probe(this.policy, text, targets),
      ofEntry: entry !== undefined,
      whenTrue: this.goal("when", `the when of ${place} is true`),
      whenNot: this.goal("when", `the when of ${place} is not true`),
    });
  }

  private goal(kind: Goal["kind"], what: string): Goal {
    const goal = { kind, what, reached: false };
    this.goals.push(goal);
    return goal;
  }
}

function isMatch({ outcome }: Pick<Step, "outcome">): boolean {
  return outcome === "matched" || outcome === "met";
}

function nameOf({ backend, name }: Target): string {
  return backend === undefined ? name : `${backend}/${name}`;
}

/** Reached and total goals, of one kind or of both. */
export function share(goals: readonly Goal[], kind?: Goal["kind"]): { reached: number; all: number; percent: number } {
  const counted = goals.filter((goal) => kind === undefined || goal.kind === kind);
  const reached = counted.filter((goal) => goal.reached).length;
  const all = counted.length;
  return { reached, all, percent: all === 0 ? 100 : Math.floor((100 * reached) / all) };
}
