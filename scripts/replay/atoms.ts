// What a decision hangs on besides names: predicates, scopes and claims. A record has their outcomes as letters by number,
// under the policy that made it; here they are found by their texts, so that another policy can be asked about.
import { Flag, ScopeField, Section, Setting } from "../../assembly/program.ts";
import { conditionOf, inOrder, type Claim, type Policy, type Rule } from "../compiler/policy/policy.ts";
import { optionsOf } from "../compiler/policy/terms.ts";
import { Program } from "../compiler/program/reader.ts";
import type { TextTree } from "../compiler/source/shape.ts";
import { textIn, type LogRecord } from "./records.ts";

/** A policy whose records can be read: the key of each predicate, scope and claim, in the order of their numbers. */
export interface Numbered {
  policy: Policy;
  whens: string[];
  scopes: string[];
  claims: string[];
  /** Scope → what its holder also holds, itself included. */
  closures: Map<string, ReadonlySet<string>>;
  /** How URIs must be written: bits of Flag. */
  uriFlags: number;
}

/** Key of an atom → its letter. */
export type Letters = Map<string, string>;

/** What a predicate is known by: its text, and the constants that it may read. */
export function whenKey({ value }: TextTree, { data }: Policy): string {
  return `when ${value}${/\bdata\b/.test(value) ? JSON.stringify([...data], bigints) : ""}`;
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

export const scopeKey = (name: string): string => `scope ${name}`;

export function claimKey({ name, type, values, patterns, literal }: Claim): string {
  return `claim ${JSON.stringify([name, type, values, patterns, literal ?? false])}`;
}

/** The conditions of a rule, in the order in which the compiler numbers them. */
export function whensOf(rule: Rule): TextTree[] {
  return [rule.when, ...(rule.targets ?? []).map((target) => conditionOf(target))].filter((when) => when !== undefined);
}

/** What a rule asks that no record tells: an address, a certificate, scopes that depend on the call. */
export function untold(rule: Rule): string[] {
  const { ranges, principals } = rule;
  const templates = optionsOf(rule).filter(({ template, name }) => template !== undefined || name.endsWith("*"));
  return [
    ...(ranges || principals ? [`place ${rule.name}: the caller's address or certificate`] : []),
    ...(templates.length > 0 ? [`place ${rule.name}: a scope that depends on the call`] : []),
  ];
}

/** The atoms of a compiled policy, by number. */
export function numbered(policy: Policy, program: Uint8Array): Numbered {
  const reader = new Program(program);
  const rules = inOrder(policy.rules);
  const nameAt = (at: number): string => reader.textAt(at + ScopeField.Name) ?? "";
  const scopes = reader.each(Section.Scopes, nameAt);
  const closures = reader.each(Section.Scopes, (at) => {
    const ids = reader.run(Section.ScopeIds, at + ScopeField.Closure).map((id) => scopes[reader.word(id)]!);
    return [nameAt(at), new Set(ids)] as const;
  });
  return {
    policy,
    whens: [...new Set(rules.flatMap((rule) => whensOf(rule).map((when) => whenKey(when, policy))))],
    scopes,
    claims: rules.flatMap((rule) => rule.claims.map(claimKey)),
    closures: new Map(closures),
    uriFlags: reader.setting(Setting.Flags) & (Flag.NormalUris | Flag.AsciiUris),
  };
}

/** The letters of a record that was made under a policy; what is not known is absent. */
export function lettersOf(record: LogRecord, own: Numbered): Letters {
  const letters: Letters = new Map();
  const add = (keys: readonly string[], text: string, first: number): void =>
    keys.forEach((key, i) => {
      const letter = text[first + i];
      if (letter !== undefined && letter !== "-") letters.set(key, letter);
    });
  add(own.whens, textIn(record, "when") ?? "", 0);
  const tests = textIn(record, "tests") ?? "";
  add(own.scopes.map(scopeKey), tests, 0);
  add(own.claims, tests, own.scopes.length);
  return letters;
}

/**
 * Under another hierarchy: a scope that may have been held only because another implied it is unknown where that one does not
 * imply it any more.
 */
export function underHierarchy(letters: Letters, from: Numbered, to: Numbered): Letters {
  const held = from.scopes.filter((name) => letters.get(scopeKey(name)) === "y");
  const implies = (other: string, name: string): boolean =>
    other !== name && from.closures.get(other)!.has(name) && !from.closures.get(name)!.has(other);
  const sure = held.filter((name) => !held.some((other) => implies(other, name)));
  const now = new Set(sure.flatMap((name) => [name, ...(to.closures.get(name) ?? [])]));
  const mapped = new Map(letters);
  for (const name of held) if (!now.has(name)) mapped.delete(scopeKey(name));
  // What is held because another scope implies it may be in the token besides, or not.
  for (const name of now) mapped.set(scopeKey(name), sure.includes(name) ? "y" : IMPLIED);
  return mapped;
}

/** The letter of a scope that is held through another one. */
export const IMPLIED = "i";
