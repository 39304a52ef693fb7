// `rules` of both kinds of document → Rule.
import { Action, BackendFrom, Kind } from "../../../assembly/program.ts";
import type { Member, Report, Tree } from "../source/document.ts";
import { readClaim } from "./claims.ts";
import type { Policy, Rule, Target } from "./policy.ts";
import type { Hint } from "../lock/lock.ts";
import { ANNOTATIONS, GROUP, namesOf, rangeOf, ROLLOUT, ROUTE_RULE, ROUTE_TARGET, RULE, TARGET } from "./shapes.ts";
import { JWT_SOURCE, ROUTE_SOURCE, SOURCE } from "./source-shapes.ts";
import { readArgs } from "./args.ts";
import { readPrincipals, readRanges } from "./places.ts";
import { starsOf } from "./stars.ts";
import { readTerms } from "./terms.ts";
import { ACTIONS, MAX_EXPRESSION, MODES, RULE_ACTIONS, TARGETS } from "./words.ts";
import {
  choice,
  flag,
  integer,
  label,
  list,
  mapping,
  required,
  text,
  type Members,
  type TextTree,
} from "../source/shape.ts";
import { closest } from "../source/spelling.ts";

/** Reads a list of rules. An MCPRoute names only tools, and an empty `cel` there means none. */
export function readRules(report: Report, tree: Tree, policy: Policy): Rule[] {
  const items = list(report, tree) ?? [];
  const rules = items.flatMap((item, index) => new RuleReader(report, policy).read(item, index) ?? []);
  return rules.filter(({ mode }) => mode !== MODES.off);
}

/** Reads `groups`. */
export function readGroups(report: Report, tree: Tree, policy: Policy): void {
  const reader = new RuleReader(report, policy);
  for (const { name, key, value } of mapping(report, tree, "*")?.values() ?? []) {
    if (label(report, { ...key, kind: "text", value: name }) === undefined) continue;
    policy.groups.set(name, { place: key, targets: reader.readTarget(value, namesOf(GROUP)), used: false });
  }
}

class RuleReader {
  constructor(
    private readonly report: Report,
    private readonly policy: Policy,
  ) {}

  read(tree: Tree, index: number): Rule | undefined {
    const members = mapping(this.report, tree, namesOf(this.policy.kind === "MCPRoute" ? ROUTE_RULE : RULE));
    if (!members) return undefined;
    const [name, action, target] = [members.get("name"), members.get("action"), members.get("target")];
    const rule: Rule = {
      name: `rule[${index}]`,
      place: tree,
      action: Action.Allow,
      mode: MODES.enforce,
      scopes: [],
      claims: [],
    };
    if (name) rule.name = label(this.report, name.value) ?? rule.name;
    rule.mode = this.readMode(members.get("mode"));
    if (action) rule.action = choice(this.report, action.value, this.actions()) ?? Action.Deny;
    this.readSource(members.get("source"), rule);
    const kinds = namesOf(this.policy.kind === "MCPRoute" ? ROUTE_TARGET : TARGET);
    if (target) rule.targets = this.readTarget(target.value, kinds);
    rule.when = this.readWhen(members);
    rule.place = name?.value ?? action?.key ?? [...members.values()][0]?.key ?? tree;
    return rule;
  }

  /** For how many of 100 subjects it is enforced; -1: it is off. */
  private readMode(member: Member | undefined): number {
    if (!member) return MODES.enforce;
    const tree = member.value;
    if (tree.kind === "boolean" && !tree.value) return MODES.off;
    if (tree.kind !== "map") return choice(this.report, tree, MODES) ?? MODES.enforce;
    const members = mapping(this.report, tree, namesOf(ROLLOUT));
    const part = members && required(this.report, members, "enforce", tree);
    const by = members?.get("by")?.value;
    if (by) choice(this.report, by, { sub: true });
    return (part && integer(this.report, part, ...rangeOf(ROLLOUT, "enforce"))) ?? MODES.enforce;
  }

  private readSource(source: Member | undefined, rule: Rule): void {
    if (!source) return;
    const all = mapping(this.report, source.value, namesOf(this.policy.kind === "MCPRoute" ? ROUTE_SOURCE : SOURCE));
    if (all?.size === 0)
      this.report.error(source.key, "an empty source is not allowed: it would match any caller", "leave it out");
    const [ip, principals, jwt, anonymous] = ["ip", "principals", "jwt", "anonymous"].map((name) => all?.get(name));
    if (ip) rule.ranges = readRanges(this.report, ip.value);
    if (principals) rule.principals = readPrincipals(this.report, principals.value);
    if (jwt) this.readJwt(jwt, rule);
    if (anonymous) this.readAnonymous(anonymous, jwt, rule);
  }

  private readAnonymous(member: Member, jwt: Member | undefined, rule: Rule): void {
    rule.anonymous = this.readFlag(member) ?? false;
    if (!rule.anonymous) return;
    if (jwt)
      this.report.error(
        jwt.key,
        "a rule for callers without a token cannot ask for one",
        "leave jwt out, or anonymous",
      );
    if (rule.action !== Action.Allow)
      this.report.error(member.key, "only an Allow rule can be anonymous", "other rules hold for everybody anyway");
  }

  private readJwt(jwt: Member, rule: Rule): void {
    const members = mapping(this.report, jwt.value, namesOf(JWT_SOURCE));
    if (!members) return;
    if (members.size === 0)
      this.report.error(jwt.key, "an empty jwt is not allowed: it would match any caller", "leave source out");
    const [scopes, claims] = [members.get("scopes")?.value, members.get("claims")?.value];
    if (scopes) rule.scopes = readTerms(this.report, scopes, this.policy);
    const items = claims && list(this.report, claims, "it would match any caller; leave it out");
    rule.claims = items?.flatMap((item) => readClaim(this.report, item, this.policy) ?? []) ?? [];
  }

  private actions(): Readonly<Record<string, Action>> {
    return this.policy.kind === "MCPRoute" ? ACTIONS : RULE_ACTIONS;
  }

  private readFlag(member: Member | undefined): boolean | undefined {
    return member && flag(this.report, member.value);
  }

  /** The targets of a rule; `names` are those of the members that the mapping may have. */
  readTarget(tree: Tree, names: readonly string[]): Target[] {
    const members = mapping(this.report, tree, names);
    if (!members) return [];
    if (members.size === 0)
      this.report.error(
        tree,
        "an empty target is not allowed: it would match any call",
        "leave it out, or name the calls it is about",
      );
    return names.flatMap((kind) => {
      const value = members.get(kind)?.value;
      if (kind === "annotations") return value ? this.readAnnotations(value) : [];
      const items = value && list(this.report, value, "it would match any call; leave it out");
      if (kind === "groups") return items?.flatMap((item) => this.readGroup(item)) ?? [];
      return items?.flatMap((item) => this.readEntry(item, kind) ?? []) ?? [];
    });
  }

  /** Stands for the tools that have the annotations, until the locks are open (annotated.ts). */
  private readAnnotations(tree: Tree): Target[] {
    const members = mapping(this.report, tree, namesOf(ANNOTATIONS));
    if (members?.size === 0) this.report.error(tree, "an empty mapping is not allowed: it would match any tool");
    const wanted = [...(members?.values() ?? [])].map(({ name, value }): [Hint, boolean] => [
      name as Hint,
      flag(this.report, value) ?? false,
    ]);
    if (this.policy.locks.length === 0)
      this.report.error(tree, "annotations are known only from a lock, and none is named", "add lock: FILE");
    return [{ kind: Kind.Tool, name: "", place: tree, annotations: new Map(wanted) }];
  }

  private readGroup(tree: Tree): Target[] {
    const name = text(this.report, tree);
    if (name === undefined) return [];
    const group = this.policy.groups.get(name);
    if (!group) {
      const near = closest(name, this.policy.groups.keys());
      this.report.error(tree, `there is no group "${name}"`, near && `did you mean "${near}"?`);
      return [];
    }
    group.used = true;
    return group.targets;
  }

  /** One entry: a string, or a mapping that may have a backend and a `when`. */
  private readEntry(tree: Tree, member: string): Target | undefined {
    const { kind, names, more = [] } = TARGETS[member]!;
    if (tree.kind === "text") return this.named({ kind, name: tree.value, place: tree });
    const isOwn = this.policy.kind === "Policy";
    const members = mapping(this.report, tree, [
      ...names,
      ...(isOwn ? [...more, "literal"] : more.slice(0, 1)),
      "when",
    ]);
    if (!members) return undefined;
    const given = names.filter((word) => members.has(word));
    if (given.length !== 1) {
      const message = given.length
        ? `"${given.join('" and "')}" mean the same; give only one`
        : `"${names[0]}" is missing`;
      return this.report.error(tree, message);
    }
    const name = members.get(given[0]!)!.value;
    const value = text(this.report, name);
    if (value === undefined) return undefined;
    const literal = this.readFlag(members.get("literal"));
    const backend = this.readBackend(members.get("backend"));
    const args = more.includes("args")
      ? readArgs(this.report, members.get("args"), members.get("onlyArgs"))
      : undefined;
    return this.named({ kind, name: value, place: name, backend, literal, when: this.readWhen(members), args });
  }

  /** With the stars of its names; ai-gateway's documents have none. */
  private named(target: Target): Target | undefined {
    const { kind, name, backend, literal } = target;
    if (name === "") return this.report.error(target.place, "an empty string is not allowed here");
    if (literal || this.policy.kind === "MCPRoute") return target;
    const backendStars = backend === undefined ? undefined : starsOf(backend, Kind.Any);
    return { ...target, stars: starsOf(name, kind), ...(backendStars && { backendStars }) };
  }

  private readBackend(member: Member | undefined): string | undefined {
    if (!member) return undefined;
    if (this.policy.backend.from === BackendFrom.None) {
      const message = "a backend is named, but the policy does not say where backend names come from";
      this.report.error(member.key, message, "add backend: {from: toolPrefix} to the policy");
    }
    return text(this.report, member.value);
  }

  private readWhen(members: Members): TextTree | undefined {
    const [when, cel] = [members.get("when"), members.get("cel")];
    if (when && cel) this.report.error(cel.key, "when and cel mean the same; give only one");
    const value = (when ?? cel)?.value;
    if (!value) return undefined;
    if (this.policy.kind === "MCPRoute" && value.kind === "text" && value.value.trim() === "") return undefined;
    if (text(this.report, value) === undefined || value.kind !== "text") return undefined;
    if (value.value.trim() === "") return this.report.error(value, "the expression is empty", "leave it out");
    if (value.value.length > MAX_EXPRESSION)
      return this.report.error(value, `the expression is longer than ${MAX_EXPRESSION} characters`);
    return value;
  }
}
