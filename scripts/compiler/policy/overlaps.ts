// Broader rules that let a call through which a narrower one guards with other scopes: legal, since an unmet rule falls
// through to the next one, but rarely meant.
import { Action } from "../../../assembly/program.ts";
import type { Report } from "../source/document.ts";
import type { Closures } from "./hierarchy.ts";
import { keyOf } from "./target-lint.ts";
import { isSatisfied, termText } from "./terms.ts";
import { conditionOf, takesIn, type Policy, type Rule, type Target } from "./policy.ts";

/** More pairs are not looked at: the compiler must stay fast. */
const MAX_PAIRS = 2_000_000;

/** Warns once for each broader rule. */
export function warnOfOverlaps(report: Report, policy: Policy, closures: Closures): void {
  const guards: Guard[] = [];
  const required = policy.rules.filter(({ action }) => action === Action.Require);
  let pairs = 0;
  for (const rule of policy.rules) {
    const broad = partsOf(rule);
    pairs += broad.length * guards.length;
    if (pairs > MAX_PAIRS) return;
    for (const part of broad) {
      const found = guards.find((guard) => passesBy(rule, part, guard, closures));
      if (!found) continue;
      const where = `"${found.rule.name}" (${report.where(found.rule.place)})`;
      const held = heldBy(rule, closures);
      const scopes = found.rule.scopes.filter((term) => !isSatisfied(term, held)).map(termText);
      const message = `a call of "${found.target.name}" that lacks ${scopes.join(", ")} passes ${where} by and is allowed here`;
      const hint = "action: Require says what must hold whatever rule allows; or let this rule's scopes imply them";
      report.warn(part?.place ?? rule.place, message, hint);
      break;
    }
    if (rule.action === Action.Allow && rule.scopes.length > 0)
      guards.push(...guardsOf(rule).filter((guard) => !required.some((one) => isRequired(one, guard, closures))));
  }
}

interface Guard {
  rule: Rule;
  target: Target;
}

function guardsOf(rule: Rule): Guard[] {
  return (rule.targets ?? []).map((target) => ({ rule, target }));
}

/** Whether a requirement already says what a guard does. */
function isRequired(required: Rule, { rule, target }: Guard, closures: Closures): boolean {
  const isAbout = !required.targets?.every(
    (one) =>
      conditionOf(one) !== undefined ||
      !(takesIn(one, target) || keyOf(one, one.backend) === keyOf(target, target.backend)),
  );
  const held = heldBy(required, closures);
  return (
    isAbout &&
    rule.scopes.every(
      (term) => isSatisfied(term, held) || required.scopes.some((one) => termText(one) === termText(term)),
    )
  );
}

/** The targets with stars of a rule without other conditions; undefined stands for any call. */
function partsOf({ action, mode, when, claims, ranges, principals, targets }: Rule): (Target | undefined)[] {
  if (mode === 0 || action !== Action.Allow || when || claims.length > 0 || ranges || principals) return [];
  return targets
    ? targets.filter((target) => !conditionOf(target) && (target.stars ?? target.backendStars))
    : [undefined];
}

function passesBy(rule: Rule, part: Target | undefined, guard: Guard, closures: Closures): boolean {
  if (part && (part.name === guard.target.name || !takesIn(part, guard.target))) return false;
  const held = heldBy(rule, closures);
  return !guard.rule.scopes.every((term) => isSatisfied(term, held));
}

/** The scopes that whoever satisfies the rule surely holds. */
export function heldBy({ scopes }: Rule, closures: Closures): Set<string> {
  const single = scopes.flatMap(({ options }) => (options.length === 1 ? [options[0]!.name] : []));
  return new Set(single.flatMap((scope) => closures.get(scope) ?? [scope]));
}
