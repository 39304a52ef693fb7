// What a policy would have decided about a record: the shipped filter decides, about the call that the record names and a token
// made of its letters. What no letter says is tried both ways, where it matters; if that makes a difference, nobody knows.
import { isDeepStrictEqual } from "node:util";
import { isDenial, NONE, Reason } from "../../assembly/program.ts";
import { inOrder } from "../compiler/policy/policy.ts";
import { filterModule } from "../evaluate/filter-file.ts";
import { encodeModel, pluginConfiguration } from "../compiler/index.ts";
import { simulate, type EvalRequest } from "../evaluate/request.ts";
import { describe, FilterFailure, type Step } from "../evaluate/result.ts";
import { readTrace, startTrace } from "../evaluate/trace.ts";
import { Host, type Struct } from "../simulate/host.ts";
import { IMPLIED, scopeKey, type Letters, type Numbered } from "./atoms.ts";
import { variantOf, type RuleAtoms, type Variant } from "./variant.ts";

export interface Decided {
  decision: string;
  reason: string;
  rule: string | null;
  scopes: string[];
}

/** Decided, or why nobody knows. */
export type Verdict = Decided | { unknown: string };

const MOST_TRIED = 3; // unknown atoms that matter at once
const KEY = "mcp";
const READS_SCOPES = /\bjwt\.scopes\b|\bauth\.jwt\b/;

export class Judge {
  private readonly variant: Variant;
  private readonly host: Host;
  private readonly names: string[];
  private readonly readsScopes: boolean;
  /** The rules whose predicates read the scopes. */
  private readonly readers: ReadonlySet<number>;

  constructor(readonly numbered: Numbered) {
    this.variant = variantOf(numbered.policy);
    this.names = inOrder(numbered.policy.rules).map(({ name }) => name);
    const reads = (atoms: RuleAtoms): boolean => atoms.whens.some((when) => READS_SCOPES.test(when));
    this.readers = new Set(this.variant.atoms.flatMap((atoms, index) => (reads(atoms) ? [index] : [])));
    this.readsScopes = this.readers.size > 0;
    const { policy } = this.variant;
    this.host = new Host(filterModule(), { now: () => 1n });
    const { ok, logs } = this.host.configure(JSON.stringify(pluginConfiguration(encodeModel(policy), policy)));
    if (!ok) throw new FilterFailure(`the filter refused its configuration: ${logs.join("; ")}`);
  }

  /** The decision on a call with these letters. */
  decide(request: EvalRequest, letters: Letters): Verdict {
    const verdict = this.explore(request, letters, 0);
    // Which alternative a challenge names may hang on what the token lists, and not only on what it implies.
    if (!isDeepStrictEqual(verdict, this.asListed(request, letters) ?? verdict))
      return { unknown: "nobody knows whether the token lists a scope or another one implies it" };
    if ("unknown" in verdict || verdict.decision !== "deny" || !this.readsScopes) return this.shadowed(verdict);
    const { steps } = this.run(request, letters);
    const reads = steps.some(({ rule, outcome }) => outcome !== "target" && this.readers.has(Number(rule)));
    return reads
      ? { unknown: "a predicate reads the scopes, so nobody knows what a grant would change" }
      : this.shadowed(verdict);
  }

  /** The decision if the token listed what other scopes imply; undefined where they imply nothing. */
  private asListed(request: EvalRequest, letters: Letters): Verdict | undefined {
    if (![...letters.values()].includes(IMPLIED)) return undefined;
    const listed = new Map([...letters].map(([key, letter]) => [key, letter === IMPLIED ? "y" : letter]));
    return this.explore(request, listed, 0);
  }

  /** Whether every predicate that has a letter is surely run again. */
  looksAt(request: EvalRequest, letters: Letters): boolean {
    const { open, steps } = this.run(request, letters);
    if (open !== undefined) return false;
    const run = steps.flatMap(({ rule, outcome }) => {
      const { whens } = this.variant.atoms[Number(rule)] ?? { whens: [] };
      return whens.length === 1 && !["target", "claims", "source"].includes(outcome) ? whens : [];
    });
    return [...letters.keys()].every((key) => !key.startsWith("when ") || run.includes(key));
  }

  /** Where the policy is in shadow, what it denies passes. */
  private shadowed(verdict: Verdict): Verdict {
    if ("unknown" in verdict || !this.numbered.policy.shadow) return verdict;
    if (!isDenial(Reason[verdict.reason as keyof typeof Reason])) return verdict;
    return { decision: "allow", reason: "shadowed", rule: null, scopes: [] };
  }

  private explore(request: EvalRequest, letters: Letters, depth: number): Verdict {
    const { decided, open } = this.run(request, letters);
    if (open === undefined) return decided;
    if (depth >= MOST_TRIED) return { unknown: tellAtom(open) };
    const results = (open.startsWith("when ") ? ["t", "f", "e"] : ["y", "n"]).map((letter) =>
      this.explore(request, new Map(letters).set(open, letter), depth + 1),
    );
    const [first, ...others] = results as [Verdict, ...Verdict[]];
    const same = others.every((other) => JSON.stringify(other) === JSON.stringify(first));
    return same ? first : (results.find((result) => "unknown" in result) ?? { unknown: tellAtom(open) });
  }

  /** Decides with what is known, the rest being false or an error; `open` is the first unknown atom that matters. */
  private run(request: EvalRequest, letters: Letters): { decided: Decided; steps: Step[]; open?: string } {
    const { guest } = this.host;
    startTrace(guest);
    const answer = this.host.request(simulate({ ...request, payload: this.payload(letters) }, KEY));
    const [rule, reason] = new Uint32Array(guest.read(guest.call("scopegate_decision"), 8).buffer);
    const nameOf = (index: number): string => this.names[index] ?? `rule[${index}]`;
    const told = { reason: Reason[reason!]!, rule: rule === NONE ? null : nameOf(rule!) };
    const { decision, requiredScopes } = describe(answer, told);
    const scopes = told.reason === "insufficient_scope" ? (requiredScopes ?? []) : [];
    const decided = { decision, ...told, scopes };
    const steps = readTrace(guest, String);
    for (const { rule: index, outcome } of steps) {
      const open = firstOpen(this.variant.atoms[Number(index)], outcome, letters);
      if (open !== undefined) return { decided, steps, open };
    }
    return { decided, steps };
  }

  private payload(letters: Letters): Struct {
    const { names } = this.variant;
    const claims = [...names].flatMap(([key, name]): [string, boolean | string][] => {
      const letter = letters.get(key);
      if (letter === "t" || letter === "f") return [[name, letter === "t"]];
      return letter === "y" ? [[name, "y"]] : [];
    });
    const held = this.numbered.scopes.filter((scope) => letters.get(scopeKey(scope)) === "y");
    return { sub: "replay", scope: held.join(" "), ...Object.fromEntries(claims) };
  }
}

/** The first atom of a rule that nothing is known of and that what became of the rule hangs on. */
function firstOpen(atoms: RuleAtoms | undefined, outcome: string, letters: Letters): string | undefined {
  if (!atoms || outcome === "target") return undefined;
  const unknown = (keys: readonly string[]): string | undefined => keys.find((key) => !letters.has(key));
  const fails = atoms.claims.some((key) => letters.get(key) === "n");
  if (fails) return undefined;
  const claims = unknown(atoms.claims);
  if (outcome === "claims") return claims;
  const whens = unknown(atoms.whens);
  if (outcome !== "scopes") return whens;
  return whens ?? unknown(atoms.scopes);
}

function tellAtom(key: string): string {
  const text = key.slice(key.indexOf(" ") + 1);
  const short = text.length > 100 ? `${text.slice(0, 99)}…` : text;
  if (key.startsWith("when ")) return `a predicate was not run: ${short}`;
  if (key.startsWith("scope ")) return `nobody asked for the scope ${short}`;
  return key.startsWith("claim ") ? `nobody asked for the claim ${short}` : `the record does not say: ${short}`;
}
