// Imported rules as a policy that a person wants to keep: names, the source of each rule as a comment, what was refused and
// why. agentgateway refuses what a deny rule matches, wants every require rule, then any allow rule; a rule that fails is
// one that does not match.
import { stringify } from "yaml";
import { Report } from "../compiler/source/document.ts";
import type { Authorization, ImportedRule, Mode } from "./agentgateway.ts";
import { alternativesOf, parseWhole, partsOf, Refusal, type About, type Parts } from "./expression.ts";

/** What is between a server's name and a tool's, where there are several servers. */
const SEPARATOR = "_";
const ACTIONS: Record<Mode, string> = { allow: "Allow", deny: "Deny", require: "Require" };
const LISTS: Record<About, string> = { tool: "tools", prompt: "prompts", resource: "resources" };
const ANYTHING: Record<About, string> = { tool: "*", prompt: "*", resource: "**" };

interface Draft {
  comments: string[];
  /** undefined: refused. */
  rule?: Record<string, unknown>;
}

export interface ImportOptions {
  /** The name of the policy. */
  name: string;
  /** What becomes of a call where there are no allow rules; undefined: it is asked for where that is not clear. */
  otherwise?: "Allow" | "Deny";
}

/** The text of the policy; undefined when it would allow more than the original. Refusals are in the report. */
export function importPolicy(report: Report, found: Authorization, options: ImportOptions): string | undefined {
  const { rules } = found;
  const writer = new RuleWriter(report, found);
  const drafts = (["deny", "require", "allow"] as const).flatMap((mode) =>
    rules.filter((rule) => rule.mode === mode).flatMap((rule) => writer.rule(rule)),
  );
  const otherwise = defaultOf(report, found, options);
  if (otherwise === undefined || writer.isUnsafe) return undefined;
  const head = headOf(found, options.name, otherwise, writer.usesBackends);
  return `${head}rules:${drafts.length > 0 ? "" : " []"}\n${drafts.map(draftText).join("")}`;
}

/** Without allow rules agentgateway allows what nothing denies. */
function defaultOf(report: Report, { rules, place }: Authorization, { otherwise }: ImportOptions): string | undefined {
  const has = (mode: Mode): boolean => rules.some((rule) => rule.mode === mode);
  if (has("allow")) return "Deny";
  if (otherwise) return otherwise;
  if (has("require"))
    return report.error(
      place,
      "there are no allow rules: agentgateway then allows every call that the require rules let through",
      "say --default Allow if that is meant, or --default Deny and write allow rules",
    );
  report.warn(place, "there are no allow rules: every call passes that no rule denies", "write Allow rules instead");
  return "Allow";
}

class RuleWriter {
  usesBackends = false;
  /** A refused rule would have kept calls out. */
  isUnsafe = false;
  private readonly names = new Set<string>();

  constructor(
    private readonly report: Report,
    private readonly found: Authorization,
  ) {}

  /** The rules that an expression becomes. */
  rule({ mode, expression }: ImportedRule): Draft[] {
    const text = expression.value;
    const comments = [`${this.report.where(expression)}: ${text.trim().replace(/\s+/g, " ")}`];
    if (mode === "deny") comments.push("An error of this rule now denies; in agentgateway it did not.");
    try {
      const nodes = mode === "require" ? [parseWhole(text)] : alternativesOf(text);
      const all = nodes.map((node) => partsOf(node, mode === "require"));
      return all.map((parts, i) => ({ comments: i === 0 ? comments : [], rule: this.ruleOf(mode, parts, expression) }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return [this.refuse(mode, expression, error, comments)];
    }
  }

  private refuse(mode: Mode, expression: ImportedRule["expression"], error: Refusal, comments: string[]): Draft {
    const { start, end } = error.span;
    this.report.inside(expression, "error", start, Math.max(1, end - start), error.message, error.hint);
    if (mode !== "allow") this.isUnsafe = true;
    return { comments: [...comments.slice(0, 1), `Refused: ${error.message}.`] };
  }

  private ruleOf(mode: Mode, parts: Parts, { value }: ImportedRule["expression"]): Record<string, unknown> {
    const { claims, when } = parts;
    const jwt = { claims: claims.map((claim) => ({ ...claim, valueType: "String" })) };
    const target = mode === "require" ? undefined : this.targetOf(parts, value.length);
    if (when.some((text) => text.includes("mcp.backend"))) this.usesBackends = true;
    return {
      name: this.nameOf(mode, parts),
      ...(mode !== "allow" && { action: ACTIONS[mode] }),
      ...(claims.length > 0 && { source: { jwt } }),
      ...(target && { target }),
      ...(when.length > 0 && { when: when.join(" && ") }),
    };
  }

  private targetOf({ about, names, backends }: Parts, end: number): Record<string, unknown[]> | undefined {
    if (about.size > 1) throw new Refusal("no call is about two kinds of thing", undefined, { start: 0, end });
    const [kind] = about;
    if (!kind) return undefined;
    const all = names ?? [ANYTHING[kind]];
    if (!backends) return { [LISTS[kind]]: all };
    this.usesBackends = true;
    const odd = backends.find((backend) => backend.replaceAll("*", "").includes(SEPARATOR));
    if (odd !== undefined && this.found.targets.length !== 1)
      throw new Refusal(
        `the server's name "${odd}" has the separator "${SEPARATOR}" of names`,
        "a tool's server could not be told from its name",
        { start: 0, end },
      );
    return { tools: backends.flatMap((backend) => all.map((tool) => ({ backend, tool }))) };
  }

  /** A name from what the rule is about. */
  private nameOf(mode: Mode, { claims, names, backends }: Parts): string {
    const words = [claims[0]?.values[0], backends?.[0], names?.length === 1 ? names[0] : undefined];
    const said = words.flatMap((word) => word?.replace(/[^A-Za-z0-9._-]+/g, "") || []).join("-");
    const base = (mode === "allow" ? said : [mode, said].filter(Boolean).join("-")).slice(0, 100) || mode;
    let name = base;
    for (let i = 2; this.names.has(name); i++) name = `${base}-${i}`;
    this.names.add(name);
    return name;
  }
}

function headOf(found: Authorization, name: string, otherwise: string, usesBackends: boolean): string {
  const { targets, issuer, resource } = found;
  const [only, ...others] = targets;
  const backend = !usesBackends
    ? ""
    : only !== undefined && others.length === 0
      ? oneServer(only)
      : severalServers(targets);
  return `\
# Imported from agentgateway by \`scopegate import\`. Each rule has the line that it comes from. Read it, then keep it:
# the scopes that a challenge can ask for are for you to add (source.jwt.scopes).
apiVersion: scopegate/v1
kind: Policy
metadata: { name: ${flow(name)} }
${resource === undefined ? "# resource: https://mcp.example.com/mcp" : `resource: ${flow(resource)}`}
${issuer === undefined ? "# authorizationServers: [https://auth.example.com]" : `authorizationServers: ${flow([issuer])}`}
${backend}defaultAction: ${otherwise}
`;
}

function oneServer(name: string): string {
  return `backend: { name: ${flow(name)} }\n`;
}

function severalServers(targets: readonly string[]): string {
  const guess = targets.length > 0 ? "" : " # guess: tools have the name of their server as a prefix";
  return `backend: { from: toolPrefix, separator: "${SEPARATOR}" }${guess}\n`;
}

function draftText({ comments, rule }: Draft): string {
  const lines = comments.map((comment) => `  # ${comment}\n`).join("");
  if (!rule) return lines;
  const members = Object.entries(rule).map(([key, value], i) => `  ${i === 0 ? "-" : " "} ${key}: ${flow(value)}\n`);
  return lines + members.join("");
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return stringify(value, { lineWidth: 0 }).trim();
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${inFlow(item)}`)
    .join(", ")} }`;
}

/** A text inside of a mapping or list in one line, where commas and brackets have a meaning. */
function inFlow(value: unknown): string {
  if (typeof value !== "string") return flow(value);
  return stringify([value], { lineWidth: 0, collectionStyle: "flow" }).trim().slice(2, -2);
}
