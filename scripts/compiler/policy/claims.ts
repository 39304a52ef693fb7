// `source.jwt.claims` of a rule, and the paths of claims.
import { ClaimType } from "../../../assembly/program.ts";
import type { Report, Tree } from "../source/document.ts";
import { choice, flag, list, mapping, required, text, texts, type Members } from "../source/shape.ts";
import type { Claim, Policy } from "./policy.ts";
import { namesOf } from "./json-schema.ts";
import { CLAIM, ROUTE_CLAIM } from "./source-shapes.ts";
import { CLAIM_TYPES } from "./words.ts";

/** Reads one claim. In ai-gateway's documents it is a text unless it says otherwise. */
export function readClaim(report: Report, tree: Tree, { kind }: Policy): Claim | undefined {
  const isRoute = kind === "MCPRoute";
  const members = mapping(report, tree, namesOf(isRoute ? ROUTE_CLAIM : CLAIM));
  if (!members) return undefined;
  const nameTree = required(report, members, "name", tree);
  const path = nameTree && readPath(report, nameTree, isRoute);
  const typeTree = members.get("valueType")?.value;
  const type = typeTree ? choice(report, typeTree, CLAIM_TYPES) : isRoute ? ClaimType.String : ClaimType.StringArray;
  const literalTree = members.get("literal")?.value;
  const literal = literalTree && flag(report, literalTree);
  const wanted = readWanted(report, members, tree, isRoute);
  if (nameTree && typeof path === "string") warnOfScopeClaim(report, nameTree, path);
  if (path === undefined || type === undefined || !wanted) return undefined;
  const { isPresent, ...lists } = wanted;
  return { name: path, type: isPresent ? ClaimType.Present : type, ...lists, literal };
}

/** A name that is looked up as it is written, then as a dotted path; or a list, which is the path itself. */
export function readPath(report: Report, tree: Tree, isRoute: boolean): string | string[] | undefined {
  if (isRoute || tree.kind !== "list") return text(report, tree);
  const parts = texts(report, tree, "name at least one key");
  return parts && parts.length > 0 && parts.length === tree.items.length ? parts.map(({ value }) => value) : undefined;
}

type Wanted = Pick<Claim, "values" | "patterns" | "place"> & { isPresent: boolean };

function readWanted(report: Report, members: Members, owner: Tree, isRoute: boolean): Wanted | undefined {
  const [valuesTree, patternsTree, presentTree] = ["values", "patterns", "present"].map(
    (key) => members.get(key)?.value,
  );
  const place = valuesTree ?? patternsTree ?? presentTree;
  if (!place) return report.error(owner, '"values" is missing', isRoute ? undefined : "or patterns, or present: true");
  if (presentTree && flag(report, presentTree) === false)
    return report.error(presentTree, "present can only be true", 'write a when: "!has(jwt.claims.NAME)"');
  const values = textsOf(report, valuesTree);
  const patterns = textsOf(report, patternsTree, "nothing would match");
  if (!values || !patterns) return undefined;
  if (valuesTree?.kind === "list" && valuesTree.items.length === 0 && !patternsTree)
    report.warn(valuesTree, "a claim without values never matches");
  warnOfPlainPatterns(report, patternsTree);
  return { values: [...new Set(values)], patterns: [...new Set(patterns)], place, isPresent: place === presentTree };
}

/** None without a list. */
function textsOf(report: Report, tree: Tree | undefined, emptyMeans?: string): string[] | undefined {
  return tree ? texts(report, tree, emptyMeans)?.map((item) => item.value) : [];
}

function warnOfPlainPatterns(report: Report, tree: Tree | undefined): void {
  for (const item of tree?.kind === "list" ? tree.items : []) {
    if (item.kind !== "text" || item.value.includes("*")) continue;
    report.warn(item, `the pattern "${item.value}" has no *: only this text matches`, "list it under values");
  }
}

function warnOfScopeClaim(report: Report, place: Tree, name: string): void {
  if (name !== "scope" && name !== "scp") return;
  const message = `the claim "${name}" never matches: it is removed before claims are checked`;
  report.warn(place, message, "list scopes under source.jwt.scopes");
}

/** A path as people read it. */
export function pathText(path: string | readonly string[]): string {
  return typeof path === "string" ? path : path.map((part) => JSON.stringify(part)).join(" → ");
}

/** Reads a list of paths. */
export function readPaths(report: Report, tree: Tree): (string | string[])[] | undefined {
  const paths = list(report, tree, "no token would have scopes")?.map((item) => readPath(report, item, false));
  return paths?.filter((path) => path !== undefined);
}
