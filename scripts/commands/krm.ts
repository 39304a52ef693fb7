import { parse, stringify } from "yaml";
import { CannotRun, Exit, UsageError, type Command, type Invocation } from "../command.ts";
import { compilePolicy } from "../compiler/index.ts";
import { renderProblems, type Problem } from "../compiler/source/problem.ts";
import { readInput } from "../input.ts";
import { Compiled } from "../targets/host.ts";
import { partsOf } from "../targets/index.ts";
import { manifest } from "./manifest.ts";

const WRAPPER = `\
#!/bin/sh
# For \`exec: {path: …}\` of kustomize and kpt, which takes no arguments. Made by scopegate krm --wrapper.
exec "\${SCOPEGATE:-scopegate}" krm
`;

export const krm: Command = {
  summary: "a KRM function: the objects of manifest inside kustomize and kpt",
  help: `Usage: scopegate krm < RESOURCELIST
       scopegate krm --wrapper > scopegate-krm

Reads a ResourceList of KRM functions, and writes it with the objects of scopegate manifest in it. The functionConfig is a
document of apiVersion scopegate/v1 and kind Manifest, whose spec has the options of manifest by their long names, and
perhaps policy, a Policy; or a ConfigMap, whose data has the same as text. Without a policy, each Policy among the items
becomes objects.

Options:
  --wrapper   print a small script for exec: {path: …}, which runs the scopegate on PATH, or $SCOPEGATE

Exit codes: 0 done, 1 a policy or the functionConfig is wrong (the results say how), 2 the input is no ResourceList.
`,
  options: { wrapper: { type: "boolean" } },
  run({ options, files }) {
    if (files.length > 0) throw new UsageError("krm reads standard input");
    if (options["wrapper"]) {
      process.stdout.write(WRAPPER);
      return Exit.Done;
    }
    const list = readList(readInput("-"));
    const { items, results } = transform(list);
    const isWrong = results.some(({ severity }) => severity === "error");
    // On an error the items stay as they were: nothing half-made goes on to a cluster.
    process.stdout.write(stringify({ ...list, items: isWrong ? list.items : items, results }, { lineWidth: 0 }));
    for (const { message } of results) process.stderr.write(`${message}\n`);
    return isWrong ? Exit.Wrong : Exit.Done;
  },
};

interface Item {
  apiVersion: string;
  kind: string;
  metadata?: { name?: string; namespace?: string; annotations?: Record<string, string> };
}

interface ResourceList {
  apiVersion: string;
  kind: "ResourceList";
  items: Item[];
  functionConfig?: Item & { spec?: Record<string, unknown>; data?: Record<string, unknown> };
}

/** https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md */
interface Result {
  message: string;
  severity: "error" | "warning" | "info";
}

type Options = Invocation["options"];
type OptionValue = Options[string];

function readList(text: string): ResourceList {
  let list: Partial<ResourceList> | null;
  try {
    list = parse(text) as Partial<ResourceList> | null;
  } catch (error) {
    throw new CannotRun(`standard input is not YAML: ${(error as Error).message}`);
  }
  if (list?.kind !== "ResourceList" || !/^config\.kubernetes\.io\/v1(alpha1|beta1)?$/.test(list.apiVersion ?? ""))
    throw new CannotRun("standard input is not a ResourceList of config.kubernetes.io/v1");
  return { ...list, items: list.items ?? [] } as ResourceList;
}

/** The items with objects in place of policies; objects of the same name that were there are replaced. */
function transform({ items, functionConfig }: ResourceList): { items: Item[]; results: Result[] } {
  const results: Result[] = [];
  try {
    const { policy, options } = readConfiguration(functionConfig);
    const policies = policy === undefined ? items.filter(isPolicy) : [policy];
    if (policies.length === 0)
      throw new UsageError("there is no policy: neither in the functionConfig nor among the items");
    const made = policies.flatMap((one) => objectsOf(one, options, results));
    const keys = new Set(made.map(keyOf));
    const kept = items.filter((item) => !keys.has(keyOf(item)) && (policy !== undefined || !isConsumed(item)));
    return { items: [...kept, ...made], results };
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    return { items, results: [...results, { message: `scopegate: ${error.message}`, severity: "error" }] };
  }
}

function objectsOf(policy: Item | string, options: Options, results: Result[]): Item[] {
  const text = typeof policy === "string" ? policy : stringify(policy, { lineWidth: 0 });
  const compiled = compilePolicy(text, "policy");
  results.push(...compiled.problems.map(resultOf));
  if (!compiled.program || !compiled.policy) return [];
  const parts = partsOf(
    new Compiled([{ file: "policy", policy: compiled.policy, program: compiled.program }]),
    options,
  );
  return parts.map(({ yaml }) => parse(yaml) as Item);
}

function resultOf(problem: Problem): Result {
  return {
    message: renderProblems([problem]).trimEnd(),
    severity: problem.severity === "note" ? "info" : problem.severity,
  };
}

function isPolicy({ apiVersion, kind }: Item): boolean {
  return apiVersion === "scopegate/v1" && kind === "Policy";
}

/** A policy that is marked as local stays where it is: kpt keeps it in the package, kustomize drops it itself. */
function isConsumed(item: Item): boolean {
  return isPolicy(item) && item.metadata?.annotations?.["config.kubernetes.io/local-config"] !== "true";
}

function keyOf({ apiVersion, kind, metadata }: Item): string {
  return [apiVersion.replace(/\/.*/, ""), kind, metadata?.namespace ?? "", metadata?.name ?? ""].join(" ");
}

function readConfiguration(config: ResourceList["functionConfig"]): { policy?: Item | string; options: Options } {
  const given = config?.kind === "ConfigMap" ? config.data : config?.kind === "Manifest" ? config.spec : undefined;
  if (!given)
    throw new UsageError("the functionConfig is a Manifest of scopegate/v1 with a spec, or a ConfigMap with data");
  const { policy, ...options } = given;
  for (const name of ["output", "split", "filters-only"])
    if (options[name] !== undefined) throw new UsageError(`the functionConfig has ${name}, which makes no objects`);
  if (options["target"] === "envoy") throw new UsageError("target envoy makes no objects");
  return {
    policy: policy as Item | string | undefined,
    options: Object.fromEntries(Object.entries(options).map(([name, value]) => [name, optionOf(name, value)])),
  };
}

/** A value as the command line would give it. In a ConfigMap everything is text: lists are separated by spaces. */
function optionOf(name: string, value: unknown): OptionValue {
  const known = manifest.options[name];
  if (!known) throw new UsageError(`the functionConfig has ${name}, which is no option of scopegate manifest`);
  if (known.type === "boolean") {
    if (value === true || value === "true") return true;
    if (value === false || value === "false") return undefined;
    throw new UsageError(`${name} in the functionConfig is true or false`);
  }
  const text = (one: unknown): string => (typeof one === "object" ? JSON.stringify(one) : String(one));
  if (!known.multiple) return text(value);
  return Array.isArray(value) ? value.map(text) : text(value).split(/\s+/).filter(Boolean);
}
