// Replay: each record against the next policy. Decisions that cannot be known are counted with the reason.
import { Action } from "../../assembly/program.ts";
import type { Policy } from "../compiler/policy/policy.ts";
import type { EvalRequest } from "../evaluate/request.ts";
import { lettersOf, scopeKey, underHierarchy, type Letters, type Numbered } from "./atoms.ts";
import { callKey, plain, requestOf, targetOf } from "./call.ts";
import { Facts } from "./facts.ts";
import type { Flip, Kind, Tally } from "./flips.ts";
import { Judge, type Decided, type Verdict } from "./judge.ts";
import { textIn, type LogRecord } from "./records.ts";

/** A policy whose records are read, by its digest. */
export interface Source {
  numbered: Numbered;
  digest: string;
}

const MOST_KEPT = 50_000; // verdicts on calls that look the same

/** Reasons that the headers or the text of a request decide; `by` is what a policy says about them. */
const BY_REQUEST: Record<string, ((policy: Policy) => unknown) | undefined> = {
  no_token: ({ metadataKeys }) => metadataKeys,
  invalid_token: ({ metadataKeys }) => metadataKeys,
  sender_constrained: ({ senderConstrained }) => senderConstrained,
  body_too_large: ({ limits }) => limits.body,
  too_deep: ({ limits }) => limits.depth,
  header_mismatch: ({ lenientHeaders }) => lenientHeaders,
  metadata_document: ({ metadataDocument, resource, resourceMetadata }) => [
    metadataDocument,
    resource,
    resourceMetadata,
  ],
  batch: ({ limits }) => limits.steps,
  method_not_allowed: ({ transport }) => transport,
};
/** Reasons that hang on what predicates look at, where the call was understood. */
const BY_LOOKS = ["ambiguous_key", "number_range"];
const TRANSPORT: Record<string, keyof Policy["transport"]> = {
  stream: "stream",
  session_end: "session",
  preflight: "preflight",
};
const CALLS = [
  ...["allowed", "default_allow", "not_governed", "lifecycle", "shadowed"],
  ...["insufficient_scope", "rule_denied", "no_rule", "challenge_loop", "requirement_unmet"],
];

export class Replay {
  private readonly judge: Judge;
  private readonly facts: Facts;
  private readonly sources: Map<string, Numbered>;
  private readonly kept = new Map<string, Verdict>();

  constructor(
    private readonly next: Source,
    against: Source | undefined,
    private readonly tally: Tally,
  ) {
    this.judge = new Judge(next.numbered);
    this.facts = new Facts(next.numbered.policy);
    this.sources = new Map([next, ...(against ? [against] : [])].map(({ digest, numbered }) => [digest, numbered]));
  }

  add(record: LogRecord): void {
    const verdict = this.verdictOn(record);
    if (verdict === "same") return this.tally.addSame();
    if ("unknown" in verdict) return this.tally.addUnknown(verdict.unknown);
    this.compare(recorded(record), verdict, targetOf(record), textIn(record, "id"));
  }

  /** Counts two decisions on one call. */
  compare(before: Decided, after: Decided, tool: string | null, id: string | undefined): void {
    const { includeGranted } = this.next.numbered.policy;
    const kind = kindOf(before, after, includeGranted);
    if (!kind) return this.tally.addSame();
    const flip: Pick<Flip, "kind" | "rule" | "tool" | "reason"> = {
      kind,
      rule: after.rule,
      tool,
      reason: after.reason,
    };
    this.tally.addFlip(flip, id);
  }

  private verdictOn(record: LogRecord): Verdict | "same" {
    const digest = textIn(record, "digest") ?? "";
    if (digest === this.next.digest) return "same"; // the same program decides the same
    const from = this.sources.get(digest);
    if (!from) return { unknown: `no policy has the digest ${digest || "(none)"}; --against takes one` };
    const reason = textIn(record, "reason")!;
    return CALLS.includes(reason) ? this.verdictOnCall(record, from) : this.verdictOnRequest(reason, record, from);
  }

  /** Whether a call that was understood is refused for the same by the next policy. */
  private isMetAgain(reason: string, record: LogRecord, own: Numbered): boolean {
    const { numbered: next } = this.next;
    if (reason === "invalid_params") return own.uriFlags === next.uriFlags;
    const request = requestOf(record, next.policy);
    if (!BY_LOOKS.includes(reason) || typeof request === "string") return false;
    return this.judge.looksAt(request, this.letters(record, own));
  }

  private verdictOnCall(record: LogRecord, from: Numbered): Verdict {
    const key = callKey(record);
    const known = this.kept.get(key);
    if (known) return known;
    if (this.kept.size >= MOST_KEPT) this.kept.clear();
    const verdict = this.decide(record, from);
    this.kept.set(key, verdict);
    return verdict;
  }

  private decide(record: LogRecord, from: Numbered): Verdict {
    if (hasAnonymous(from.policy) && !hadToken(record))
      return { unknown: "the record does not say whether the caller had a token" };
    const request: EvalRequest | string = requestOf(record, this.next.numbered.policy);
    if (typeof request === "string") return { unknown: request };
    return this.judge.decide(request, this.letters(record, from));
  }

  /** What a record says, as far as it holds under the next policy. */
  private letters(record: LogRecord, from: Numbered): Letters {
    const { numbered: next } = this.next;
    const letters = this.withFacts(lettersOf(record, from), record, from);
    if (JSON.stringify(whereScopesAre(from.policy)) === JSON.stringify(whereScopesAre(next.policy)))
      return underHierarchy(letters, from, next);
    return new Map([...letters].filter(([key]) => !key.startsWith(scopeKey(""))));
  }

  /** Adds what predicates that were not run would have come to, as far as the recorded arguments tell. */
  private withFacts(letters: Letters, record: LogRecord, { policy }: Numbered): Letters {
    if (policy.record.facts.length === 0) return letters;
    for (const key of this.next.numbered.whens) {
      const letter = letters.has(key) ? undefined : this.facts.letter(key, record, policy);
      if (letter !== undefined) letters.set(key, letter);
    }
    return letters;
  }

  private verdictOnRequest(reason: string, record: LogRecord, own: Numbered): Verdict | "same" {
    const from = own.policy;
    const next = this.next.numbered.policy;
    const way = TRANSPORT[reason];
    if (way !== undefined) {
      if (next.transport[way] === Action.Allow) return "same";
      return { decision: "reject", reason: "method_not_allowed", rule: null, scopes: [] };
    }
    if (record["tests"] !== undefined && !this.isMetAgain(reason, record, own))
      return { unknown: `${reason} hangs on the rules and the arguments` };
    if (reason === "host_error") return { unknown: "host_error may have many causes" };
    if (reason === "no_token" && (hasAnonymous(from) || hasAnonymous(next)))
      return { unknown: "a call without a token hangs on the rules for everybody" };
    const by = BY_REQUEST[reason];
    if (!by || JSON.stringify(by(from)) === JSON.stringify(by(next))) return "same";
    return { unknown: `${reason} hangs on settings that are others now` };
  }
}

/** Where a policy finds the scopes of a token, and by which names. */
function whereScopesAre({ scopeClaims, scopes }: Policy): unknown {
  const forms = [...scopes].map(([name, { issuedAs }]) => [name, issuedAs.map(({ value }) => value)] as const);
  return [scopeClaims, forms.filter(([, names]) => names.length > 0).sort()];
}

/** Whether a policy lets some calls through without a token. */
function hasAnonymous({ rules }: Policy): boolean {
  return rules.some(({ anonymous }) => anonymous);
}

/** Whether a record shows that there was a token: its subject, or a scope or claim that it has. */
function hadToken(record: LogRecord): boolean {
  return record["sub"] !== undefined || /y/.test(textIn(record, "tests") ?? "");
}

/** What a record says was decided. */
function recorded(record: LogRecord): Decided {
  const scopes = record["scopes.asked"];
  const rule = textIn(record, "rule");
  return {
    decision: textIn(record, "decision")!,
    reason: textIn(record, "reason")!,
    rule: rule === undefined ? null : plain(rule),
    scopes: Array.isArray(scopes) ? scopes.map(String) : [],
  };
}

function kindOf(before: Decided, after: Decided, includesGranted: boolean): Kind | undefined {
  const [was, is] = [before.decision === "allow", after.decision === "allow"];
  if (was !== is) return was ? "allow-to-deny" : "deny-to-allow";
  if (was) return undefined;
  const [asked, asks] = [before, after].map(({ reason }) => reason === "insufficient_scope");
  if (before.reason === "challenge_loop") return asks ? undefined : "other-reason"; // it asked for scopes before
  if (!asked && asks) return "new-challenge";
  if (asked && asks && !includesGranted && before.scopes.join(" ") !== after.scopes.join(" ")) return "other-scopes";
  return before.reason === after.reason ? undefined : "other-reason";
}
