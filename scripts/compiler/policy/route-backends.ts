// What narrows access in an MCPRoute outside its `authorization`: selectors of backends, as Deny rules before all others,
// and `prefixMode`, which says where a tool's backend comes from.
import { Action, BackendFrom, Kind } from "../../../assembly/program.ts";
import type { Member, Place, Report, Tree } from "../source/document.ts";
import { choice, list, mapping, text, texts, type Members, type TextTree } from "../source/shape.ts";
import type { Policy, Rule, Target } from "./policy.ts";
import { starsOf } from "./stars.ts";
import { ACTIONS, MODES } from "./words.ts";

/** Members of `spec` and of a backend that do not narrow who may call what; those that are read besides. */
const SPEC = [
  "parentRefs",
  "hostnames",
  "path",
  "headers",
  "backendRefs",
  "securityPolicy",
  "prefixMode",
  "backendSelector",
];
const BACKEND = [
  ...["group", "kind", "name", "namespace", "port", "path", "weight", "hostname"],
  ...["securityPolicy", "forwardHeaders", "headerMutation", "timeouts"],
  ...["toolSelector", "promptSelector", "prefixMode", "backendSelector"],
];
const SELECTOR = ["include", "includeRegex", "exclude", "excludeRegex"];
const PREFIX_MODES = { Always: true, Never: false };
const SEPARATOR = "__";

interface Selector {
  place: Place;
  include: string[];
  includeRegex: string[];
  exclude: string[];
  excludeRegex: string[];
}

interface Backend {
  place: Tree;
  name: string;
  hasPrefix: boolean;
  tools?: Selector;
  prompts?: Selector;
  selector?: TextTree;
}

/** Reports members that are not on `known`: they may narrow access, and nothing here would enforce them. */
export function refuseOthers(report: Report, members: Members, known: readonly string[], where: string): void {
  for (const { name, key } of members.values()) {
    if (known.includes(name)) continue;
    const message = `"${name}" in ${where} is not enforced here: it may narrow access`;
    report.error(key, message, "take it out, and let the gateway in front enforce it");
  }
}

/** Reads `prefixMode` and the selectors of `spec`; its rules come before those that the policy has. */
export function readBackends(report: Report, spec: Members, policy: Policy): void {
  refuseOthers(report, spec, SPEC, "spec");
  const isPrefixed = readPrefixMode(report, spec.get("prefixMode")) ?? true;
  const refs = spec.get("backendRefs")?.value;
  const backends = refs ? (list(report, refs) ?? []).flatMap((ref) => readBackend(report, ref, isPrefixed) ?? []) : [];
  const routeWide = spec.get("backendSelector");
  const condition = routeWide && readCondition(report, routeWide);
  const rules = condition ? [denyRule("backendSelector", condition, undefined)] : [];
  rules.push(...backends.flatMap(rulesOf));
  rules.push(...withoutPrefix(report, backends, policy));
  if (backends.some(({ prompts }) => prompts)) {
    policy.govern = [...policy.govern, Kind.Prompt];
    const any = target(Kind.Prompt, "*", backends[0]!.place);
    rules.push({ ...denyRule("prompts", undefined, [any]), action: Action.Allow });
  }
  policy.rules.unshift(...rules);
}

function readPrefixMode(report: Report, member: Member | undefined): boolean | undefined {
  return member && choice(report, member.value, PREFIX_MODES);
}

function readBackend(report: Report, tree: Tree, isPrefixed: boolean): Backend | undefined {
  const members = mapping(report, tree, "*");
  if (!members) return undefined;
  refuseOthers(report, members, BACKEND, "a backend");
  const nameTree = members.get("name")?.value;
  const name = nameTree && text(report, nameTree);
  if (name === undefined) return undefined;
  const condition = members.get("backendSelector");
  const backend: Backend = {
    place: tree,
    name,
    hasPrefix: readPrefixMode(report, members.get("prefixMode")) ?? isPrefixed,
    tools: readSelector(report, members.get("toolSelector")),
    prompts: readSelector(report, members.get("promptSelector")),
    selector: condition && readCondition(report, condition),
  };
  const regexes = [...(backend.prompts?.includeRegex ?? []), ...(backend.prompts?.excludeRegex ?? [])];
  if (backend.hasPrefix && regexes.length > 0)
    report.error(
      members.get("promptSelector")!.key,
      "regexes of prompts are not supported with a prefix",
      "list the names",
    );
  return backend;
}

function readSelector(report: Report, member: Member | undefined): Selector | undefined {
  const members = member && mapping(report, member.value, SELECTOR);
  if (!members) return undefined;
  const [include, includeRegex, exclude, excludeRegex] = SELECTOR.map((name) => {
    const tree = members.get(name)?.value;
    return (tree && texts(report, tree)?.map(({ value }) => value)) ?? [];
  }) as [string[], string[], string[], string[]];
  return { place: member.key, include, includeRegex, exclude, excludeRegex };
}

/** `{ cel }`, or rules of `cel` and `action` with a default: the predicate that must hold. */
function readCondition(report: Report, { key, value }: Member): TextTree | undefined {
  const members = mapping(report, value, ["cel", "rules", "defaultAction"]);
  const cel = members?.get("cel")?.value;
  if (cel) return celOf(report, cel);
  const rules = members?.get("rules")?.value;
  const items = rules && list(report, rules);
  if (!items) return report.error(key, "a backendSelector has a cel, or rules with one each");
  const action = members?.get("defaultAction")?.value;
  const otherwise = `${action !== undefined && choice(report, action, ACTIONS) === Action.Allow}`;
  return { ...key, kind: "text", value: items.reduceRight((rest, item) => chosen(report, item, rest), otherwise) };
}

/** The expression of one rule of a backendSelector: its action where its `cel` is true, otherwise `rest`. */
function chosen(report: Report, item: Tree, rest: string): string {
  const parts = mapping(report, item, ["cel", "action"]);
  const [own, action] = [parts?.get("cel")?.value, parts?.get("action")?.value];
  const when = own && celOf(report, own);
  const allows = !action || choice(report, action, ACTIONS) === Action.Allow;
  return when ? `((${when.value}) ? ${allows} : ${rest})` : rest;
}

function celOf(report: Report, tree: Tree): TextTree | undefined {
  return text(report, tree) !== undefined && tree.kind === "text" ? tree : undefined;
}

function denyRule(name: string, holds: TextTree | undefined, targets: Target[] | undefined): Rule {
  const place = holds ?? targets![0]!.place;
  const when = holds && { kind: "text" as const, path: holds.path, span: holds.span, value: `!(${holds.value})` };
  const rule: Rule = { name, place, action: Action.Deny, mode: MODES.enforce, scopes: [], claims: [], when };
  return { ...rule, ...(targets && { targets }) };
}

function target(kind: Kind, name: string, place: Place, backend?: string): Target {
  return { kind, name, stars: starsOf(name, kind), place, ...(backend !== undefined && { backend }) };
}

/** Deny rules for what the selectors of a backend leave out. */
function rulesOf({ name, hasPrefix, tools, prompts, selector, place }: Backend): Rule[] {
  const rules: Rule[] = [];
  const backend = hasPrefix ? name : undefined;
  if (selector) rules.push(denyRule(`backendSelector ${name}`, selector, [target(Kind.Tool, "*", place, backend)]));
  if (tools && hasPrefix)
    rules.push(denyRule(`toolSelector ${name}`, selects(tools, "mcp.tool", ""), [target(Kind.Tool, "*", place, name)]));
  const prefix = hasPrefix ? name + SEPARATOR : "";
  if (prompts)
    rules.push(
      denyRule(`promptSelector ${name}`, selects(prompts, "mcp.prompt", prefix), [
        target(Kind.Prompt, `${prefix}*`, place),
      ]),
    );
  return rules;
}

/** A predicate: the name is included, and not excluded. */
function selects(
  { place, include, includeRegex, exclude, excludeRegex }: Selector,
  name: string,
  prefix: string,
): TextTree {
  const parts = [
    ...(include.length + includeRegex.length > 0 ? [oneOf(name, prefix, include, includeRegex)] : []),
    ...(exclude.length + excludeRegex.length > 0 ? [`!${oneOf(name, prefix, exclude, excludeRegex)}`] : []),
  ];
  return { ...place, kind: "text", value: parts.join(" && ") || "true" };
}

function oneOf(name: string, prefix: string, names: string[], regexes: string[]): string {
  const listed = names.map((item) => JSON.stringify(prefix + item)).join(", ");
  const matching = regexes.map((regex) => `${name}.matches(${JSON.stringify(regex)})`);
  return `(${[...(listed ? [`${name} in [${listed}]`] : []), ...matching].join(" || ")})`;
}

/** `prefixMode: Never`: one backend has all tools; of several, each tool belongs to the one whose selector includes it. */
function withoutPrefix(report: Report, backends: Backend[], policy: Policy): Rule[] {
  const bare = backends.filter(({ hasPrefix }) => !hasPrefix);
  if (bare.length === 0) return [];
  if (bare.length < backends.length) {
    report.error(
      bare[0]!.place,
      "some backends have a prefix and others have none: not supported",
      "give all one prefixMode",
    );
    return [];
  }
  if (bare.length === 1) {
    const [{ name, tools, place }] = bare as [Backend];
    policy.backend = { from: BackendFrom.Fixed, text: name };
    return tools
      ? [denyRule(`toolSelector ${name}`, selects(tools, "mcp.tool", ""), [target(Kind.Tool, "*", place)])]
      : [];
  }
  return amongSeveral(report, bare, policy);
}

function amongSeveral(report: Report, backends: Backend[], policy: Policy): Rule[] {
  const open = backends.find(({ tools }) => !tools || tools.include.length === 0 || tools.includeRegex.length > 0);
  if (open) {
    const message = `without a prefix, nothing says which tools the backend "${open.name}" has`;
    report.error(open.place, message, "list them under toolSelector.include");
    return [];
  }
  const owners = new Map<string, Backend[]>();
  for (const backend of backends)
    for (const tool of backend.tools!.include) owners.set(tool, [...(owners.get(tool) ?? []), backend]);
  for (const [tool, [first, second]] of owners)
    if (second)
      report.error(second.place, `without a prefix, "${tool}" is a tool of "${first!.name}" and of "${second.name}"`);
  const bareRule = backends.find(({ selector }) => selector);
  if (bareRule)
    report.error(bareRule.place, "without a prefix, a backendSelector of one of several backends is not supported");
  policy.backend = { from: BackendFrom.None, text: "" };
  for (const rule of policy.rules)
    rule.targets = rule.targets?.flatMap((entry) => ownTarget(report, entry, owners) ?? []);
  const all: Selector = {
    place: backends[0]!.place,
    include: [...owners.keys()],
    includeRegex: [],
    exclude: [],
    excludeRegex: [],
  };
  all.exclude = backends.flatMap(({ tools }) => tools!.exclude);
  all.excludeRegex = backends.flatMap(({ tools }) => tools!.excludeRegex);
  return [denyRule("toolSelector", selects(all, "mcp.tool", ""), [target(Kind.Tool, "*", backends[0]!.place)])];
}

/** The entry without its backend, which must be the one that has the tool. */
function ownTarget(report: Report, entry: Target, owners: Map<string, Backend[]>): Target | undefined {
  const [owner] = owners.get(entry.name) ?? [];
  if (entry.backend !== undefined && owner?.name !== entry.backend) {
    const message = `the backend "${entry.backend}" does not include the tool "${entry.name}"`;
    return report.error(entry.place, message, "without a prefix, list it under the backend's toolSelector.include");
  }
  const { backend: _, ...rest } = entry;
  return rest;
}
