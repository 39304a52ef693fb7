// The kinds of document that hold a policy, and how each is read.
import type { Report, Tree } from "../source/document.ts";
import { choice, mapping, required, text } from "../source/shape.ts";
import { readMcpRoute } from "./mcproute.ts";
import type { Policy } from "./policy.ts";
import { ROUTE_VERSIONS } from "./route-shapes.ts";
import { readPolicy } from "./settings.ts";

type Reader = (report: Report, tree: Tree) => Policy;

/** The supported versions of each kind of document, and its reader. */
const KINDS: Record<string, { versions: string[]; read: Reader }> = {
  Policy: { versions: ["scopegate/v1"], read: readPolicy },
  MCPRoute: { versions: ROUTE_VERSIONS, read: readMcpRoute },
};

/** The document that is a policy: the only one, or the only one of a known kind among other Kubernetes objects. */
export function pickDocument(report: Report, trees: Tree[], length: number): Tree | undefined {
  if (trees.length <= 1) {
    if (trees.length === 0 && !report.failed)
      report.error({ path: "", span: { start: 0, end: length } }, "the file contains no policy");
    return trees[0];
  }
  const policies = trees.filter((tree) => Object.hasOwn(KINDS, wordAt(tree, "kind") ?? ""));
  if (policies.length === 0)
    return report.error(trees[0]!, "none of the documents in this file is a Policy or an MCPRoute");
  for (const other of policies.slice(1))
    report.error(other, "the file contains more than one policy", "write one policy per file");
  return policies[0];
}

function wordAt(tree: Tree, name: string): string | undefined {
  const value = tree.kind === "map" ? tree.members.get(name)?.value : undefined;
  return value?.kind === "text" ? value.value : undefined;
}

/** Reads a document of a known kind; undefined if its kind is unknown. */
export function readDocument(report: Report, tree: Tree): Policy | undefined {
  return readerOf(report, tree)?.(report, tree);
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
      `"${version}" is not a supported version of ${wordAt(tree, "kind")}`,
      `one of: ${kind.versions.join(", ")}`,
    );
  }
  // Without a kind the rest is still read, as a Policy, so that one run shows all errors.
  return kind?.read ?? (kindTree ? undefined : readPolicy);
}
