// Decides requests with the built filter in the simulated host. One VM per policy, so that nothing of the previous one remains.
import { NONE, Reason } from "../../assembly/program.ts";
import { Host, type Answer } from "../simulate/host.ts";
import { filterModule } from "./filter-file.ts";
import { inOrder } from "../compiler/policy/policy.ts";
import type { Loaded } from "./load.ts";
import { readTrace, startTrace } from "./trace.ts";
import { nanosecondsOf, simulate, type EvalRequest } from "./request.ts";
import { readItems, startItems, type TracedList } from "./list.ts";
import { describe, FilterFailure, recordOf, responseOf, type Result, type Told } from "./result.ts";

/** Nanoseconds between two requests: longer than any window in which the filter remembers a challenge. */
const APART = 7n * 86_400_000_000_000n;

/** 2026-01-01: results do not depend on the current time. */
const START = 1_767_225_600_000_000_000n;

export class Engine {
  private host: Host | undefined;
  private inForce: Loaded | undefined;
  private clock = START;
  /** What the host's clock shows in place of `clock`. */
  private instant: bigint | undefined;

  /** The filter's decision on one request. Throws FilterFailure. */
  evaluate(loaded: Loaded, request: EvalRequest, explain = false): Result {
    const host = this.hostFor(loaded);
    this.clock += APART;
    if (explain) startTrace(host.guest);
    if (request.response) startItems(host.guest);
    this.instant = instantOf(loaded, request);
    const answer = host.request(simulate(request, ...metadataKeysOf(loaded)));
    // After a trap or a hang the VM is unusable.
    if (answer.trap !== undefined || answer.hung) this.inForce = undefined;
    const policy = loaded.policies[host.guest.call("scopegate_policy")] ?? loaded.policy;
    const rules = inOrder(policy.rules);
    const nameOf = (index: number): string => rules[index]?.name ?? `rule[${index}]`;
    const described = describe(answer, this.told(host, nameOf));
    const isChosen = loaded.policies.length > 1 && described.reason !== "no_policy";
    const result = { ...described, ...(isChosen && { policy: policy.name }), ...recordedIn(answer) };
    const traced = explain ? { ...result, trace: readTrace(host.guest, nameOf) } : result;
    if (!request.response || !answer.response) return traced;
    const { rules: _, ...list } = readItems(host.guest, nameOf) ?? { rules: [] };
    return { ...traced, response: responseOf(answer)!, ...("kind" in list && { list }) };
  }

  private told({ guest }: Host, nameOf: (index: number) => string): Told {
    const [rule, reason] = new Uint32Array(guest.read(guest.call("scopegate_decision"), 8).buffer) as unknown as [
      number,
      number,
    ];
    return { reason: Reason[reason]!, rule: rule === NONE ? null : nameOf(rule) };
  }

  /** The list in the answer to a request, with the rule of each item. Throws FilterFailure. */
  listOf(loaded: Loaded, request: EvalRequest): TracedList | undefined {
    this.evaluate(loaded, request);
    const rules = inOrder(loaded.policy.rules);
    return readItems(this.host!.guest, (index) => rules[index]?.name ?? `rule[${index}]`);
  }

  private hostFor(loaded: Loaded): Host {
    if (this.host && this.inForce === loaded) return this.host;
    const host = new Host(filterModule(), { now: () => this.instant ?? this.clock });
    const { ok, logs } = host.configure(loaded.configuration);
    if (!ok) throw new FilterFailure(`the filter refused its configuration: ${logs.join("; ")}`);
    this.inForce = loaded;
    return (this.host = host);
  }
}

/** Where the payload is for each policy, also for one that is evaluated beside. */
function metadataKeysOf({ policies, candidate }: Loaded): string[] {
  return [...policies, ...(candidate ? [candidate] : [])].map(({ metadataKeys }) => metadataKeys[0] ?? "");
}

/** The record, and what would have been decided. */
function recordedIn(answer: Answer): Pick<Result, "record" | "would"> {
  const record = recordOf(answer);
  if (record === undefined) return {};
  const would = typeof record === "object" ? record["would"] : undefined;
  return { record, ...(would !== undefined && { would }) };
}

const READS_TIME = /\brequest\b[^]*\btime\b/;

/** The time that a request names; the real one for a policy that reads it. */
function instantOf({ policies }: Loaded, { time }: EvalRequest): bigint | undefined {
  if (time !== undefined) return nanosecondsOf(time);
  const owners = policies.flatMap(({ rules }) => rules.flatMap((rule) => [rule, ...(rule.targets ?? [])]));
  const reads = owners.some(({ when }) => when !== undefined && READS_TIME.test(when.value));
  return reads ? BigInt(Date.now()) * 1_000_000n : undefined;
}
