// Targets and groups that are allowed but probably not meant.
import { BackendFrom, Flag, Kind } from "../../../assembly/program.ts";
import type { Report } from "../source/document.ts";
import { conditionOf, targetsOf, type Policy, type Target } from "./policy.ts";
import { fits, type Stars } from "./stars.ts";
import { isNormalUri, uriFlags } from "./uris.ts";

const NORMAL_FORM =
  "the normal form: ASCII; escapes only where needed, with upper-case hex digits; lower-case scheme and authority; no dot segments";

/** Equal for targets that name the same; `backend` in place of the target's own. */
export function keyOf({ kind, name, stars, backendStars }: Target, backend: string | undefined): string {
  return JSON.stringify([kind, backend ?? null, name, stars !== undefined, backend !== undefined && !!backendStars]);
}

/** Targets of kinds that are not governed, and those that no call has. */
export function warnOfTargets(report: Report, policy: Policy): void {
  const governed: Partial<Record<Kind, boolean>> = {};
  for (const kind of policy.govern) governed[kind] = true;
  const isOpen: Partial<Record<Kind, string>> = {
    ...(governed[Kind.Tool] ? {} : { [Kind.Tool]: "tools" }),
    ...(governed[Kind.Prompt] || governed[Kind.Completion] ? {} : { [Kind.Prompt]: "prompts" }),
    ...(governed[Kind.Resource] || governed[Kind.Completion] || governed[Kind.Subscription]
      ? {}
      : { [Kind.Resource]: "resources" }),
  };
  for (const target of targetsOf(policy)) {
    const open = isOpen[target.kind];
    const message = `${open} are not governed: such calls pass before any rule is tried`;
    if (open) report.warn(target.place, message, `add ${open} to govern`);
    const never = neverMatches(policy, target);
    if (never !== undefined) report.warn(target.place, `this never matches: ${never}`);
  }
}

/** Why no call can have this method or backend; undefined if one can. */
function neverMatches({ backend: { from, text } }: Policy, target: Target): string | undefined {
  const { kind, backend, backendStars, name, stars } = target;
  if (kind === Kind.Method && stars && matchesNoMethod(stars))
    return `a * stands for no lifecycle method, and "${name}" fits only such`;
  if (backend === undefined) return undefined;
  if (from === BackendFrom.Fixed && !(backendStars ? fits(backendStars, text) : backend === text))
    return `the backend is always "${text}"`;
  return from === BackendFrom.ToolPrefix && backend.includes(text)
    ? `a backend name ends before the first "${text}"`
    : undefined;
}

/** Notifications are lifecycle methods. */
function matchesNoMethod({ pieces }: Stars): boolean {
  return pieces[0]!.startsWith("notifications/");
}

/** Groups that no rule uses, and what is listed twice in one target. */
export function warnOfGroups(report: Report, policy: Policy): void {
  for (const [name, { place, used }] of policy.groups) {
    if (!used) report.warn(place, `no rule uses the group "${name}"`);
  }
  for (const targets of [...policy.groups.values(), ...policy.rules].map((owner) => owner.targets ?? [])) {
    const seen = new Set<string>();
    for (const target of targets) {
      const key = `${keyOf(target, target.backend)} ${conditionOf(target)?.value ?? ""}`;
      if (seen.has(key)) report.warn(target.place, `"${target.name}" is listed twice`);
      seen.add(key);
    }
  }
}

/** Where spelling matters, a URI that is not in normal form is refused before any rule is tried. */
export function warnOfUris(report: Report, policy: Policy): void {
  const flags = uriFlags(policy.rules);
  const targets = flags ? targetsOf(policy) : [];
  for (const { kind, name, stars, place } of targets) {
    if (kind !== Kind.Resource) continue;
    // The last segment may continue where there is a star.
    const uri = stars ? stars.pieces.join("x") : name;
    if (!isNormalUri(uri, (flags & Flag.AsciiUris) !== 0))
      report.warn(place, `this never matches: calls with "${name}" are refused`, NORMAL_FORM);
  }
}
