// Callers: random headers and token payloads through the built filter, with host calls that fail at random. The decision
// must be that of the model in caller-model.ts, and a failing call must never turn a refusal into a pass.
import { loadDocument } from "../evaluate/load.ts";
import { filterModule } from "../evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE, Rc, type Answer, type Pair, type SimulatedRequest } from "../simulate/host.ts";
import type { Choice } from "../../tests/support/random.ts";
import { randomHeaders, randomOrigin, randomPayload, TOOLS } from "./caller.ts";
import { judgeCaller, policyAbout, topicOf, type Call, type Caller, type Topic } from "./caller-model.ts";
import { ORIGIN_TOOLS, TWICE_NAMED } from "./origin-model.ts";
import { count, type Suite } from "./suite.ts";

interface CallerInput extends Caller {
  call: Call;
  hold: boolean;
  /** Host call number (from 0, within the request) → the code it returns. */
  failures: Record<number, Rc>;
}

const CODES = [
  Rc.NotFound,
  Rc.BadArgument,
  Rc.SerializationFailure,
  Rc.InvalidMemoryAccess,
  Rc.Empty,
  Rc.InternalFailure,
  Rc.Unimplemented,
];
/** Host calls without which no request may pass. */
const VITAL = ["proxy_get_buffer_bytes", "proxy_get_header_map_pairs", "proxy_get_property"];
/** Bytes of wasm memory that no request of this suite may exceed. */
const MEMORY_BOUND = 4 << 20;

/** A filter with one policy, whose host calls can be made to fail. */
class Gate {
  private readonly host: Host;
  private failures: Record<number, Rc> | undefined;
  private calls = 0;
  /** Names of the calls that failed in the last request. */
  readonly failed: string[] = [];

  constructor(
    private readonly topic: Topic,
    hold: boolean,
  ) {
    this.host = new Host(filterModule(), { holdsHeaders: hold, failure: (name) => this.failure(name) });
    const loaded = loadDocument(policyAbout(topic));
    if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
    const { ok, logs } = this.host.configure(
      JSON.stringify({ ...(JSON.parse(loaded.configuration) as object), holdHeaders: hold }),
    );
    if (!ok) throw new Error(logs.join("\n"));
  }

  private failure(name: string): Rc | undefined {
    const code = this.failures?.[this.calls++];
    // That is how a host says that a certificate has no such name: an answer, not a failure.
    if (code === Rc.NotFound && name === "proxy_get_property" && this.topic === "origin") return undefined;
    if (code !== undefined) this.failed.push(name);
    return code;
  }

  request(request: SimulatedRequest, failures?: Record<number, Rc>): Answer {
    this.failures = failures;
    this.calls = this.failed.length = 0;
    const answer = this.host.request(request);
    this.failures = undefined;
    return answer;
  }

  get bytes(): number {
    return this.host.guest.size;
  }
}

export class HeaderSuite implements Suite<CallerInput> {
  readonly counts: Record<string, number> = {};
  private readonly gates = new Map<string, Gate>();

  generate(choice: Choice): CallerInput {
    const origin = choice.chance(0.5) ? randomOrigin(choice) : undefined;
    const name = choice.one(origin ? ORIGIN_TOOLS : TOOLS);
    const call: Call = {
      httpMethod: choice.chance(0.92)
        ? "POST"
        : choice.one(["GET", "DELETE", "OPTIONS", "PUT", "HEAD", "post", "CONNECT"]),
      method: "tools/call",
      name,
      notification: choice.chance(0.1),
      body: choice.chance(0.97),
      ...(choice.chance(0.5) && { version: choice.one(["2026-07-28", "2026-07-28", "2025-06-18", "2027-01-01"]) }),
    };
    if (call.httpMethod !== "POST") call.body = choice.chance(0.3);
    const failing = choice.chance(0.4) ? 1 + choice.below(3) : 0;
    const failures = Array.from({ length: failing }, () => [choice.below(14), choice.one(CODES)]);
    const headers = randomHeaders(choice, call.method, name);
    const payload = origin && choice.chance(0.2) ? null : randomPayload(choice);
    return {
      call,
      headers,
      payload,
      claims: choice.chance(0.5),
      ...(origin && { origin }),
      hold: choice.chance(0.5),
      failures: Object.fromEntries(failures) as Record<number, Rc>,
    };
  }

  check(input: CallerInput): string | undefined {
    const topic = topicOf(input);
    const key = `${topic} ${input.hold}`;
    const gate = this.gates.get(key) ?? new Gate(topic, input.hold);
    this.gates.set(key, gate);
    const problem = this.checkOn(gate, input);
    if (problem !== undefined) this.gates.delete(key);
    return problem;
  }

  private checkOn(gate: Gate, input: CallerInput): string | undefined {
    const request = requestOf(input);
    const expected = judgeCaller(input.call, input);
    const verdict = verdictOf(gate.request(request), input);
    count(this.counts, verdict);
    if (verdict !== expected) return `${verdict}, the model says ${expected}`;
    if (gate.bytes > MEMORY_BOUND) return `memory grew to ${gate.bytes} bytes`;
    if (Object.keys(input.failures).length === 0) return undefined;
    const failing = verdictOf(gate.request(request, input.failures), input);
    const failed = [...gate.failed];
    if (
      failing === "trap" ||
      (failing === "allow" && (expected !== "allow" || failed.some((name) => isVital(name, input))))
    )
      return `${failing} with failing calls (${failed.join()}), without them ${expected}`;
    const after = verdictOf(gate.request(request), input);
    return after === expected
      ? undefined
      : `${after} after a request with failing calls (${failed.join()}), before it ${expected}`;
  }
}

function isVital(name: string, { call, origin }: CallerInput): boolean {
  return VITAL.includes(name) && !(name === "proxy_get_property" && origin && TWICE_NAMED.includes(call.name));
}

function requestOf({ call, headers, payload, origin }: CallerInput): SimulatedRequest {
  // The values are bytes; the host encodes only strings.
  const pairs = headers.map(([name, value]) => [name, Buffer.from(value, "latin1")] as unknown as Pair);
  const { method, name, version, notification, body } = call;
  const meta = version === undefined ? {} : { _meta: { "io.modelcontextprotocol/protocolVersion": version } };
  const message = { jsonrpc: "2.0", ...(!notification && { id: 1 }), method, params: { name, arguments: {}, ...meta } };
  return {
    method: call.httpMethod,
    headers: pairs,
    body: body ? new TextEncoder().encode(JSON.stringify(message)) : new Uint8Array(),
    metadata: payload === null ? {} : { [JWT_NAMESPACE]: { mcp: payload } },
    ...origin,
  };
}

function verdictOf({ trap, hung, forwarded, reply }: Answer, { call }: CallerInput): string {
  if (trap !== undefined) return "trap";
  if (forwarded) return "allow";
  // Without a body, nothing follows that could end a stopped stream; a reply that the host did not accept leaves nothing.
  if (!reply) return hung ? "kept back" : `nothing for a ${call.httpMethod}`;
  if (reply.status === 401) return "unauthenticated";
  if (reply.status === 403) return "deny";
  return reply.status >= 400 && reply.status < 500 ? "reject" : `answer ${reply.status}`;
}
