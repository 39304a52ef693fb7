// Asks the filter about one expression: a policy with a single Allow rule, whose trace shows the result of its `when`.
import { BackendFrom, Kind } from "../../assembly/program.ts";
import { plainData, type Policy } from "../compiler/index.ts";
import { fixedNames } from "../compiler/policy/terms.ts";
import { Engine } from "./engine.ts";
import { loadDocument, type Loaded } from "./load.ts";
import type { EvalRequest } from "./request.ts";

export type Truth = "true" | "false" | "error";
export type Target = NonNullable<Policy["rules"][number]["targets"]>[number];

/** An expression and the calls for which it is evaluated; no targets: every call for which rules are tried. */
export class Probe {
  private readonly engine = new Engine();
  private readonly loaded: Loaded | undefined;

  constructor(policy: Policy, when: string, targets: readonly Target[] | undefined) {
    const loaded = loadDocument(documentFor(policy, when, targets));
    // A part of an expression can be refused even if the whole is not: a string is not a condition.
    this.loaded = Array.isArray(loaded) ? undefined : loaded;
  }

  /** The result of the expression for a request; undefined if it is not evaluated for this one. */
  ask(request: EvalRequest): Truth | undefined {
    const step = this.loaded && this.engine.evaluate(this.loaded, request, true).trace?.[0];
    const truths: Record<string, Truth> = { matched: "true", when_false: "false", when_error: "error" };
    return step && truths[step.outcome];
  }
}

const WORDS: Partial<Record<Kind, [list: string, name: string]>> = {
  [Kind.Tool]: ["tools", "tool"],
  [Kind.Resource]: ["resources", "uri"],
  [Kind.Prompt]: ["prompts", "prompt"],
  [Kind.Method]: ["methods", "method"],
};

function documentFor(policy: Policy, when: string, targets: readonly Target[] | undefined): object {
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    jwt: { metadataKeys: policy.metadataKeys, scopeClaims: policy.scopeClaims },
    ...(policy.scopes.size > 0 && { scopes: scopesOf(policy) }),
    ...(policy.data.size > 0 && { data: plainData(policy) }),
    ...backendOf(policy),
    rules: [{ action: "Allow", when, ...(targets && { target: targetOf(targets) }) }],
  };
}

/** The hierarchy; scopes that only rules name are declared as well. */
function scopesOf({ scopes, rules }: Policy): Record<string, object | null> {
  const named = rules.flatMap((rule) => fixedNames(rule)).map((name) => [name, null]);
  const texts = (items: { value: string }[]): string[] => items.map(({ value }) => value);
  const declared = [...scopes].map(([name, { implies, issuedAs }]) => [
    name,
    { implies: texts(implies), issuedAs: texts(issuedAs) },
  ]);
  return Object.fromEntries([...named, ...declared]) as Record<string, object | null>;
}

function backendOf({ backend: { from, text } }: Policy): object {
  if (from === BackendFrom.None) return {};
  if (from === BackendFrom.Fixed) return { backend: { name: text } };
  if (from === BackendFrom.ToolPrefix) return { backend: { from: "toolPrefix", separator: text } };
  return { backend: { from: from === BackendFrom.Route ? "route" : "cluster" } };
}

function targetOf(targets: readonly Target[]): Record<string, object[]> {
  const lists: Record<string, object[]> = {};
  for (const { kind, name, backend, literal } of targets) {
    const [list, word] = WORDS[kind]!;
    (lists[list] ??= []).push({ [word]: name, ...(backend !== undefined && { backend }), ...(literal && { literal }) });
  }
  return lists;
}
