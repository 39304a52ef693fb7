// Writes a first policy from a lock: a rule and a scope for each group of tools, comments that say why.
import { stringify } from "yaml";
import { isNormalUri } from "../compiler/policy/uris.ts";
import type { Lock } from "../compiler/lock/lock.ts";
import { sortTools, type Group, type Sorted } from "./groups.ts";

/** Which groups a profile allows. */
export const PROFILES = {
  observe: ["read"],
  safe: ["read", "write"],
  full: ["read", "write", "delete"],
} as const satisfies Record<string, readonly Group[]>;
export type Profile = keyof typeof PROFILES;

export interface InitOptions {
  profile: Profile;
  /** The scope of a group: `{server}` and `{group}` are filled in. */
  scopes: string;
  /** The path of the lock beside the policy. */
  lockFile: string;
  schema: string;
  resource?: string;
}

export interface Draft {
  policy: string;
  /** What the rules allow, for the tests. */
  rules: DraftRule[];
  /** Tools that no rule allows. */
  left: Sorted[];
}

export interface DraftRule {
  group: Group;
  scope: string;
  tools: Sorted[];
  prompts: string[];
  resources: string[];
}

const TITLES: Record<Group, string> = {
  read: "Reads: nothing changes",
  write: "Writes that destroy nothing",
  delete: "Destructive, or unclear",
};

/** The policy of a profile. */
export function draftPolicy(lock: Lock, options: InitOptions): Draft {
  const sorted = sortTools(lock.tools);
  const allowed: readonly Group[] = PROFILES[options.profile];
  const scopeOf = (group: Group): string => scopeName(options.scopes, lock, group);
  const rules = allowed
    .map((group): DraftRule => ({
      group,
      scope: scopeOf(group),
      tools: sorted.filter((tool) => tool.group === group),
      prompts: group === "read" ? lock.prompts.map(({ id }) => id) : [],
      resources: group === "read" ? resourcesOf(lock) : [],
    }))
    .filter(({ tools, prompts, resources }) => tools.length + prompts.length + resources.length > 0);
  const left = sorted.filter(({ group }) => !allowed.includes(group));
  return {
    policy: [head(lock, options), scopesText(rules), rulesText(rules), leftText(left, options)].join(""),
    rules,
    left,
  };
}

/** `{server}:{group}` for the server "Acme Files": `acme-files:read`. */
export function scopeName(template: string, lock: Lock, group: Group): string {
  return template.replaceAll("{server}", slug(lock.server ?? "mcp")).replaceAll("{group}", group);
}

function slug(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 64) || "mcp"
  );
}

/** Resources by URI, and what is in front of the first expression of a template. */
function resourcesOf(lock: Lock): string[] {
  const exact = lock.resources.map(({ id }) => id);
  const prefixes = lock.resourceTemplates.map(({ id }) => `${id.split("{")[0]}*`);
  return [...new Set([...exact, ...prefixes])].filter(
    (uri) => isNormalUri(uri.replace(/\*$/, ""), true) && uri !== "*" && !uri.slice(0, -1).includes("*"),
  );
}

function head(lock: Lock, { profile, lockFile, schema, resource }: InitOptions): string {
  const url = resource ?? "https://mcp.example.com/mcp";
  const off = resource === undefined ? "# " : "";
  return `# yaml-language-server: $schema=${schema}
# Made by \`scopegate init --profile ${profile}\` from ${lockFile}. What it guessed is marked "guess": read those lines.
apiVersion: scopegate/v1
kind: Policy
metadata: { name: ${text(slug(lock.server ?? "policy"))} }
# The URL that clients use, and who issues their tokens. With both, the filter serves the metadata document that lets
# clients find the way to a token.
${off}resource: ${text(url)}${resource === undefined ? "" : " # guess: the address that it was asked at"}
# authorizationServers: [https://auth.example.com]
# What the server offered when this was made. \`scopegate lock --check ${lockFile} --from URL\` tells what changed.
lock: ${text(lockFile)}
`;
}

/** Whoever may write may read; deleting stands alone. */
function scopesText(rules: readonly DraftRule[]): string {
  const [read, write] = [rules.find(({ group }) => group === "read"), rules.find(({ group }) => group === "write")];
  if (!read || !write) return "";
  return `scopes:
  # guess: whoever may write may read.
  ${text(write.scope)}: { implies: [${text(read.scope)}] }
`;
}

function rulesText(rules: readonly DraftRule[]): string {
  const parts = rules.map(({ group, scope, tools, prompts, resources }) => {
    const lines = [
      `  # ${TITLES[group]}.`,
      `  - name: ${group}`,
      `    source: { jwt: { scopes: [${text(scope)}] } }`,
      `    target:`,
    ];
    if (tools.length > 0)
      lines.push(`      tools:`, ...tools.map((tool) => `        - ${text(tool.item.id)} # ${reason(tool)}`));
    if (prompts.length > 0)
      lines.push(
        `      # guess: a prompt only gives text.`,
        `      prompts:`,
        ...prompts.map((name) => `        - ${text(name)}`),
      );
    if (resources.length > 0)
      lines.push(
        `      # guess: whoever may use the reading tools may read the resources.`,
        `      resources:`,
        ...resources.map((uri) => `        - ${text(uri)}`),
      );
    return lines.join("\n");
  });
  return parts.length === 0 ? "rules: []\n" : `rules:\n${parts.join("\n")}\n`;
}

function reason({ guessed, why }: Sorted): string {
  return `${guessed ? "guess: " : ""}${why.replace(/\s+/g, " ")}`;
}

function leftText(left: readonly Sorted[], { profile }: InitOptions): string {
  if (left.length === 0) return "";
  const lines = left.map((tool) => `#   ${text(tool.item.id)}: ${reason(tool)}`);
  return `# The profile "${profile}" leaves these out, so they are denied:\n${lines.join("\n")}\n`;
}

/** A text as YAML has it, on one line. */
function text(value: string): string {
  const written = stringify(value, { lineWidth: 0, defaultStringType: "PLAIN" }).trimEnd();
  // A comma or a bracket ends a plain text between brackets.
  return /[\n,[\]{}]/.test(written) && !/^["']/.test(written) ? JSON.stringify(value) : written;
}
