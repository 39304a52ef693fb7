// Asks the filter about one expression: a policy with a single Allow rule, whose trace tells how its `when` came out.
import { BackendFrom, Kind } from "../../assembly/program.ts";
import type { Policy } from "../compiler/index.ts";
import { Engine, loadDocument, type Loaded } from "./engine.ts";
import type { EvalRequest } from "./request.ts";

export type Truth = "true" | "false" | "error";
export type Target = NonNullable<Policy["rules"][number]["targets"]>[number];

/** An expression and the calls for which it is asked; no targets: every call that rules are tried for. */
export class Probe {
  private readonly engine = new Engine();
  private readonly loaded: Loaded | undefined;

  constructor(policy: Policy, when: string, targets: readonly Target[] | undefined) {
    const loaded = loadDocument(documentFor(policy, when, targets));
    this.loaded = Array.isArray(loaded) ? undefined : loaded;
  }

  /** How the expression comes out for a request; undefined when it is not asked for this one. */
  ask(request: EvalRequest): Truth | undefined {
    const step = this.loaded && this.engine.evaluate(this.loaded, request, true).trace?.[0];
    const truths: Record<string, Truth> = { matched: "true", when_false: "false", when_error: "error" };
    return step && truths[step.outcome];
  }
}

const WORDS: Partial<Record<Kind, [list: string, name: string, end: string]>> = {
  [Kind.Tool]: ["tools", "tool", ""],
  [Kind.Resource]: ["resources", "uri", ""],
  [Kind.ResourcePrefix]: ["resources", "uri", "*"],
  [Kind.Prompt]: ["prompts", "prompt", ""],
  [Kind.Method]: ["methods", "method", ""],
  [Kind.MethodPrefix]: ["methods", "method", "*"],
};

function documentFor(policy: Policy, when: string, targets: readonly Target[] | undefined): object {
  const scopes = [...policy.scopes].map(([name, { implies }]) => [name, { implies: implies.map(({ value }) => value) }]);
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    jwt: { metadataKeys: policy.metadataKeys },
    ...(scopes.length > 0 && { scopes: withoutEmpty(scopes as [string, { implies: string[] }][]) }),
    ...backendOf(policy),
    rules: [{ action: "Allow", when, ...(targets && { target: targetOf(targets) }) }],
  };
}

function withoutEmpty(scopes: [string, { implies: string[] }][]): object {
  return Object.fromEntries(scopes.map(([name, { implies }]) => [name, implies.length > 0 ? { implies } : {}]));
}

function backendOf({ backend: { from, text } }: Policy): object {
  if (from === BackendFrom.None) return {};
  if (from === BackendFrom.Fixed) return { backend: { name: text } };
  if (from === BackendFrom.ToolPrefix) return { backend: { from: "toolPrefix", separator: text } };
  return { backend: { from: from === BackendFrom.Route ? "route" : "cluster" } };
}

function targetOf(targets: readonly Target[]): Record<string, object[]> {
  const lists: Record<string, object[]> = {};
  for (const { kind, name, backend } of targets) {
    const [list, word, end] = WORDS[kind]!;
    (lists[list] ??= []).push({ [word]: name + end, ...(backend !== undefined && { backend }) });
  }
  return lists;
}
