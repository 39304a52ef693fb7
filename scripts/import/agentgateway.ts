// The rules of an agentgateway configuration: where they are in the file, in three lists.
import { readYaml, type Report, type Tree } from "../compiler/source/document.ts";
import type { Source } from "../compiler/source/problem.ts";
import type { TextTree } from "../compiler/source/shape.ts";

export type Mode = "allow" | "deny" | "require";

/** One expression; a plain text is an allow rule. */
export interface ImportedRule {
  mode: Mode;
  expression: TextTree;
}

/** What a file says that matters for a policy. */
export interface Authorization {
  rules: ImportedRule[];
  /** `mcpAuthorization` in the file. */
  place: Tree;
  /** Names of the servers behind the gateway, if the file has them; with more than one, tools have a prefix. */
  targets: string[];
  issuer?: string;
  resource?: string;
}

const MODES: readonly string[] = ["allow", "deny", "require"] satisfies Mode[];

/** Reads a file; undefined after reporting what is wrong. */
export function readAuthorization(source: Source, report: Report): Authorization | undefined {
  const trees = readYaml(source, report);
  if (report.failed) return undefined;
  const found = trees.flatMap((tree) => findAll(tree, "mcpAuthorization"));
  const [first, second] = found;
  if (!first) {
    const hint = "agentgateway's configuration, or the part of it that has mcpAuthorization";
    return report.error(trees[0] ?? { path: "", span: { start: 0, end: 1 } }, "there is no mcpAuthorization", hint);
  }
  if (second)
    return report.error(second, "there is more than one mcpAuthorization", "import a file with one: each is a policy");
  const targets = trees.flatMap((tree) => findAll(tree, "targets")).flatMap(namesOf);
  const textAt = (...path: string[]): string | undefined => {
    const holder = trees.flatMap((tree) => findAll(tree, path[0]!))[0];
    const end = path.slice(1).reduce<Tree | undefined>(memberOf, holder);
    return end?.kind === "text" ? end.value : undefined;
  };
  const issuer = textAt("mcpAuthentication", "issuer");
  const resource = textAt("mcpAuthentication", "resourceMetadata", "resource");
  return { rules: readRules(report, first), place: first, targets, issuer, resource };
}

function readRules(report: Report, tree: Tree): ImportedRule[] {
  const rules = memberOf(tree, "rules");
  if (rules?.kind !== "list") return report.error(rules ?? tree, "expected rules, a list of expressions") ?? [];
  return rules.items.flatMap((item) => readRule(report, item) ?? []);
}

function readRule(report: Report, item: Tree): ImportedRule | undefined {
  if (item.kind === "text") return { mode: "allow", expression: item };
  const members = item.kind === "map" ? [...item.members.values()] : [];
  const [only, ...more] = members;
  if (!only || more.length > 0 || !MODES.includes(only.name) || only.value.kind !== "text")
    return report.error(item, "expected an expression, or one of allow, deny and require with one");
  return { mode: only.name as Mode, expression: only.value };
}

/** Every member of this name, however deep. */
function findAll(tree: Tree, name: string): Tree[] {
  if (tree.kind === "list") return tree.items.flatMap((item) => findAll(item, name));
  if (tree.kind !== "map") return [];
  return [...tree.members.values()].flatMap((member) =>
    member.name === name ? [member.value] : findAll(member.value, name),
  );
}

function memberOf(tree: Tree | undefined, name: string): Tree | undefined {
  return tree?.kind === "map" ? tree.members.get(name)?.value : undefined;
}

function namesOf(tree: Tree): string[] {
  const items = tree.kind === "list" ? tree.items : [];
  return items.flatMap((item) => {
    const name = memberOf(item, "name");
    return name?.kind === "text" ? name.value : [];
  });
}
