// The policy compiler: a document in, a program or problems out.
import { readObject, readYaml, Report, type Tree } from "./source/document.ts";
import { encodePolicy } from "./program/encode.ts";
import { closeScopes } from "./policy/hierarchy.ts";
import { lintPolicy } from "./policy/lint.ts";
import { readMcpRoute } from "./policy/mcproute.ts";
import type { Policy } from "./policy/policy.ts";
import { readPolicy } from "./policy/settings.ts";
import { choice, mapping, required, text } from "./source/shape.ts";
import { Source, type Problem } from "./source/problem.ts";

export { listing, ProgramError } from "./program/listing.ts";
export type { Claim, Policy, Rule, Target } from "./policy/policy.ts";
export { renderProblems, type Problem, type Severity } from "./source/problem.ts";

/** `program` is there exactly when no problem is an error; `policy` whenever the document could be read. */
export interface Compilation {
  program?: Uint8Array;
  policy?: Policy;
  /** Errors and warnings, by place. */
  problems: Problem[];
  /** What each `when` costs at most, by place. */
  notes?: Problem[];
}

type Reader = (report: Report, tree: Tree) => Policy;

/** The versions of each kind of document, and its reader. */
const KINDS: Record<string, { versions: string[]; read: Reader }> = {
  Policy: { versions: ["scopegate/v1"], read: readPolicy },
  MCPRoute: { versions: ["aigateway.envoyproxy.io/v1alpha1", "aigateway.envoyproxy.io/v1beta1"], read: readMcpRoute },
};

/** Compiles the YAML (or JSON) of a policy; `file` is only named in problems. Never throws on bad input. */
export function compilePolicy(yaml: string, file: string): Compilation {
  const source = new Source(yaml, file);
  const report = new Report(source);
  const trees = readYaml(source, report);
  const tree = pickDocument(report, trees, yaml.length);
  return compileTree(report, tree);
}

/** Compiles a policy that is given as an object; problems name the member's path in place of a file. */
export function compileDocument(document: unknown): Compilation {
  const report = new Report();
  return compileTree(report, readObject(document, report));
}

/** The document that is a policy: the only one, or the only one of a known kind beside other Kubernetes objects. */
function pickDocument(report: Report, trees: Tree[], length: number): Tree | undefined {
  if (trees.length <= 1) {
    if (trees.length === 0 && !report.failed)
      report.error({ path: "", span: { start: 0, end: length } }, "the file holds no policy");
    return trees[0];
  }
  const policies = trees.filter((tree) => Object.hasOwn(KINDS, wordAt(tree, "kind") ?? ""));
  if (policies.length === 0)
    return report.error(trees[0]!, "none of the documents in this file is a Policy or an MCPRoute");
  for (const other of policies.slice(1))
    report.error(other, "the file holds more than one policy", "one policy a file");
  return policies[0];
}

function wordAt(tree: Tree, name: string): string | undefined {
  const value = tree.kind === "map" ? tree.members.get(name)?.value : undefined;
  return value?.kind === "text" ? value.value : undefined;
}

function compileTree(report: Report, tree: Tree | undefined): Compilation {
  const reader = tree && readerOf(report, tree);
  if (!tree || !reader) return { problems: report.sorted() };
  const policy = reader(report, tree);
  const closures = closeScopes(report, policy);
  const program = encodePolicy(report, policy, closures);
  if (report.failed) return { policy, problems: report.sorted() };
  lintPolicy(report, policy, closures);
  return { program, policy, problems: report.sorted(), notes: report.notes };
}

function readerOf(report: Report, tree: Tree): Reader | undefined {
  const members = mapping(report, tree, "*");
  if (!members) return undefined;
  const versionTree = required(report, members, "apiVersion", tree);
  const kindTree = required(report, members, "kind", tree);
  const version = versionTree && text(report, versionTree);
  const kind = kindTree && choice(report, kindTree, KINDS);
  if (kind && version !== undefined && !kind.versions.includes(version)) {
    report.error(
      versionTree!,
      `"${version}" is not a version of ${wordAt(tree, "kind")} that is known here`,
      `one of: ${kind.versions.join(", ")}`,
    );
  }
  // Without a kind the rest is still read, as a Policy, so that one run shows all errors.
  return kind?.read ?? (kindTree ? undefined : readPolicy);
}

/** What does not belong to a policy, but to the host that it runs in. */
export interface PluginOptions {
  /** Only for a host with allow_on_headers_stop_iteration. */
  holdHeaders?: boolean;
  /** Nothing is left for the access log of what passes. */
  quietPasses?: boolean;
}

/** What the filter is configured with. */
export function pluginConfiguration(
  program: Uint8Array,
  { name }: Policy,
  { holdHeaders = false, quietPasses = false }: PluginOptions = {},
): PluginConfiguration {
  const quiet = quietPasses && { quietPasses };
  return { scopegate: 1, policy: name, holdHeaders, ...quiet, program: Buffer.from(program).toString("base64") };
}

export interface PluginConfiguration {
  scopegate: 1;
  policy: string;
  holdHeaders: boolean;
  quietPasses?: boolean;
  program: string;
}
