// `source.jwt.scopes` of a rule: what it asks of the token's scopes.
import type { Place, Report, Tree } from "../source/document.ts";
import { list, mapping, scope, type TextTree } from "../source/shape.ts";
import { BackendFrom } from "../../../assembly/program.ts";
import type { Policy } from "./policy.ts";
import { namesOf } from "./json-schema.ts";
import { ANY_OF } from "./source-shapes.ts";
import { hasBraces, readTemplate, type Template } from "./templates.ts";

/** One of these must be held; most terms have one. */
export interface Term {
  place: Place;
  options: ScopeOption[];
}

export interface ScopeOption {
  /** As written. */
  name: string;
  place: Place;
  /** The scope depends on the call. */
  template?: Template;
}

/** Bytes of a challenge's scope list; the headers of a reply must stay small. */
const MAX_SCOPE_LIST = 4096;
const MAX_OPTIONS = 32;

/** Reads a list of scopes; ai-gateway's documents have neither alternatives nor templates. */
export function readTerms(report: Report, tree: Tree, policy: Policy): Term[] {
  const terms: Term[] = [];
  for (const item of list(report, tree, "it would match any caller; leave it out") ?? []) {
    const term = readTerm(report, item, policy);
    if (!term || term.options.length === 0) continue;
    const same = terms.some((other) => keyOf(other) === keyOf(term));
    if (same) report.warn(item, `${described(term)} is listed twice`);
    else terms.push(term);
  }
  const names = terms.flatMap(({ options }) => options.map(({ name }) => name));
  if (names.join(" ").length <= MAX_SCOPE_LIST) return terms;
  report.error(tree, `the rule's scopes exceed ${MAX_SCOPE_LIST} characters in total`);
  return []; // later stages would take too long on them
}

const keyOf = ({ options }: Term): string => options.map(({ name }) => name).join(" ");

function described({ options }: Term): string {
  return options.length === 1 ? `the scope "${options[0]!.name}"` : "this anyOf";
}

function readTerm(report: Report, tree: Tree, policy: Policy): Term | undefined {
  if (tree.kind !== "map" || policy.kind === "MCPRoute") {
    const option = readOption(report, tree, policy);
    return option && { place: tree, options: [option] };
  }
  const anyOf = mapping(report, tree, namesOf(ANY_OF))?.get("anyOf")?.value;
  if (!anyOf) return report.error(tree, "expected a scope, or a mapping with anyOf");
  const options: ScopeOption[] = [];
  for (const item of list(report, anyOf, "no caller could satisfy it") ?? []) {
    const option = readOption(report, item, policy);
    if (!option) continue;
    if (options.some(({ name }) => name === option.name))
      report.warn(item, `the scope "${option.name}" is listed twice`);
    else options.push(option);
  }
  if (options.length > MAX_OPTIONS)
    return report.error(anyOf, `these are ${options.length} alternatives; the limit is ${MAX_OPTIONS}`);
  return { place: tree, options };
}

function readOption(report: Report, tree: Tree, policy: Policy): ScopeOption | undefined {
  const name = scope(report, tree);
  if (name === undefined) return undefined;
  if (policy.kind === "MCPRoute" || !hasBraces(name)) return { name, place: tree };
  const template = readTemplate(report, tree as TextTree);
  if (!template) return undefined;
  if (policy.backend.from === BackendFrom.None && template.parts.some(({ value }) => value === "mcp.backend"))
    return report.error(
      tree,
      "mcp.backend is named, but the policy does not say where backend names come from",
      "add backend: {from: toolPrefix} to the policy",
    );
  return { name, place: tree, template };
}

/** All alternatives of a rule's terms. */
export function optionsOf({ scopes }: { scopes: readonly Term[] }): ScopeOption[] {
  return scopes.flatMap(({ options }) => options);
}

/** The scopes of a rule that do not depend on the call. */
export function fixedNames(rule: { scopes: readonly Term[] }): string[] {
  return optionsOf(rule).flatMap(({ name, template }) => (template ? [] : [name]));
}

/** A term in words. */
export function termText({ options }: Term): string {
  return options.map(({ name }) => name).join(" or ");
}

/** Whether a holder of `held` surely satisfies a term. */
export function isSatisfied({ options }: Term, held: ReadonlySet<string>): boolean {
  return options.some(({ name }) => held.has(name));
}
