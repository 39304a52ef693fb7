// Bodies: random, mutated and damaged messages through the built filter, whole and in pieces, with the headers held or
// forwarded, with and without trailers. The decision must be that of the model in message.ts; what passes must mean the
// same to every other reader; and no body may trap the filter or make its memory grow beyond a bound.
import { readFileSync } from "node:fs";
import { loadDocument } from "../evaluate/load.ts";
import { filterModule } from "../evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE, type Answer, type SimulatedRequest } from "../simulate/host.ts";
import type { Choice } from "../../tests/support/random.ts";
import { randomMessage } from "./calls.ts";
import { print, type Draft } from "./draft.ts";
import { allowsAll, judgeBody } from "./message.ts";
import { enlarge, mutateBytes, mutateDraft } from "./mutate.ts";
import { BODY_LIMIT, LENIENT_LOOKS, PAYLOAD, POLICY } from "./policy.ts";
import { Python } from "./python.ts";
import { plain, readStrict, hasLossyNumber } from "./reader.ts";
import { faultOfReply } from "./reply.ts";
import { count, type Suite } from "./suite.ts";

interface BodyInput {
  /** base64 */
  body: string;
  version?: string;
  chunks: number[];
  trailers: boolean;
  hold: boolean;
  endWithData: boolean;
}

/**
 * Bytes of wasm memory that no request may exceed: what the filter starts with, and a multiple of the body's
 * limit. The reader keeps 16 bytes for a key of at least 4 bytes, and doubles that room by copying it.
 */
const MEMORY_BOUND = (1 << 19) + 8 * BODY_LIMIT;
/** Requests before a new VM is used, so that a finding rarely depends on all earlier requests. */
const VM_LIFE = 2000;

export class BodySuite implements Suite<BodyInput> {
  readonly counts: Record<string, number> = {};
  private readonly seeds = seedBodies();
  private readonly python = Python.start();
  private readonly configurations = [false, true].map(configurationFor);
  private hosts: Host[] = [];
  private requests = 0;

  generate(choice: Choice): BodyInput {
    const body = this.randomBody(choice);
    const some = (): number => 1 + choice.below(choice.one([3, 40, body.length + 1]));
    return {
      body: body.toString("base64"),
      ...(choice.chance(0.25) && { version: choice.one(["2025-03-26", "2025-06-18"]) }),
      chunks: choice.chance(0.5) ? [] : Array.from({ length: 1 + choice.below(12) }, some),
      trailers: choice.chance(0.2),
      hold: choice.chance(0.5),
      endWithData: choice.chance(0.5),
    };
  }

  private randomBody(choice: Choice): Buffer {
    if (choice.chance(0.2)) return mutateBytes(choice.one(this.seeds), choice, this.seeds);
    const draft: Draft = choice.chance(0.06)
      ? Array.from({ length: choice.below(4) }, () => randomMessage(choice))
      : randomMessage(choice);
    for (let left = choice.one([0, 0, 0, 1, 1, 2, 3]); left > 0; left--) mutateDraft(draft, choice);
    if (choice.chance(0.004)) enlarge(draft, choice, BODY_LIMIT - 1000 * choice.below(20));
    const spelling = { spaces: choice.one([0, 0, 0.1]), escapes: choice.one([0, 0, 0.05, 1]) };
    let body: Buffer = Buffer.from(print(draft, choice, spelling));
    for (let left = choice.chance(0.25) ? 1 + choice.below(2) : 0; left > 0; left--)
      body = mutateBytes(body, choice, this.seeds);
    if (choice.chance(0.01)) body = padded(body, BODY_LIMIT - 2 + choice.below(5));
    return body;
  }

  async check(input: BodyInput): Promise<string | undefined> {
    const body = Buffer.from(input.body, "base64");
    if (this.requests++ % VM_LIFE === 0) this.hosts = this.configurations.map(start);
    const problem = await this.checkOn(this.hosts[Number(input.hold)]!, input, body);
    if (problem === undefined) return undefined;
    const alone = await this.checkOn(start(this.configurations[Number(input.hold)]!, Number(input.hold)), input, body);
    this.requests = 0;
    return alone ?? `${problem} (only after other requests)`;
  }

  private async checkOn(host: Host, input: BodyInput, body: Buffer): Promise<string | undefined> {
    const before = host.guest.size;
    const answer = host.request(requestOf(input, body));
    const expected = judgeBody(body, input.version);
    const verdict = verdictOf(answer);
    count(this.counts, verdict);
    if (host.guest.size > Math.max(before, MEMORY_BOUND)) return `memory grew to ${host.guest.size} bytes`;
    // Which values a predicate reads before it is false, the model does not say.
    const isEither = expected === "deny" && answer.reply?.details === "scopegate{number_range}" && isLossy(body);
    if (verdict !== expected && !isEither)
      return `${verdict} (${answer.reply?.details ?? answer.trap ?? ""}), the model says ${expected}`;
    if (verdict !== "allow")
      return answer.upstream.body.length > 0 ? "a part of the body was passed on" : faultOfReply(answer.reply!, body);
    if (!body.equals(answer.upstream.body)) return "the body was changed";
    return this.readElsewhere(body);
  }

  /** How other readers understand a body that was allowed. */
  private async readElsewhere(body: Buffer): Promise<string | undefined> {
    const tree = readStrict(body)!;
    for (const [name, look] of Object.entries(LENIENT_LOOKS))
      if (!allowsAll(tree, look)) return `allowed, but a reader (${name}) sees a call that the policy denies`;
    const value: unknown = JSON.parse(body.toString());
    if (JSON.stringify(value) !== JSON.stringify(plain(tree))) return "JSON.parse reads something else";
    if (!this.python) return undefined;
    const read = await this.python.read(body);
    if (read.startsWith("refused")) return `allowed, but Python's json says: ${read}`;
    // Printed again, because Python has no negative zero among its integers.
    return JSON.stringify(JSON.parse(read)) === JSON.stringify(value)
      ? undefined
      : "Python's json reads something else";
  }

  stop(): void {
    this.python?.stop();
  }
}

function configurationFor(holdHeaders: boolean): string {
  const loaded = loadDocument(POLICY);
  if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
  return JSON.stringify({ ...(JSON.parse(loaded.configuration) as object), holdHeaders });
}

function start(configuration: string, hold: number): Host {
  const host = new Host(filterModule(), { holdsHeaders: hold === 1 });
  const { ok, logs } = host.configure(configuration);
  if (!ok) throw new Error(logs.join("\n"));
  return host;
}

function requestOf({ version, chunks, trailers, endWithData }: BodyInput, body: Buffer): SimulatedRequest {
  return {
    headers: [
      ["content-type", "application/json"],
      ...(version === undefined ? [] : [["mcp-protocol-version", version] as const]),
    ],
    metadata: { [JWT_NAMESPACE]: { mcp: PAYLOAD } },
    body: new Uint8Array(body),
    chunks,
    endWithData,
    ...(trailers && { trailers: [["x-checksum", "1"]] }),
  };
}

function verdictOf({ trap, hung, forwarded, reply }: Answer): string {
  if (trap !== undefined) return "trap";
  if (hung && !reply) return "hang";
  if (forwarded) return "allow";
  const status = reply?.status ?? 0;
  return status === 403 ? "deny" : status >= 400 && status < 500 && status !== 401 ? "reject" : `answer ${status}`;
}

/** Spaces after a body make it as long as requested. */
function padded(body: Buffer, length: number): Buffer {
  return Buffer.concat([body, Buffer.alloc(Math.max(0, length - body.length), 0x20)]);
}

interface Line {
  body_base64?: string;
  body_parts?: unknown;
  name?: string;
}

/** Bodies from the attack corpus, and the files of JSONTestSuite as the value of an argument. */
function seedBodies(): Buffer[] {
  const lines = (file: string): Line[] =>
    readFileSync(new URL(`../../tests/data/${file}.jsonl`, import.meta.url), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  const decoded = (line: Line): Buffer => Buffer.from(line.body_base64 ?? "", "base64");
  const [head, tail] = [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"Hello, x!","v":',
    "}}}",
  ];
  const wrapped = lines("jsontestsuite").map((line) =>
    Buffer.concat([Buffer.from(head), decoded(line), Buffer.from(tail)]),
  );
  return [
    ...lines("attacks")
      .filter((line) => line.body_base64)
      .map(decoded),
    ...wrapped,
  ].filter((body) => body.length < BODY_LIMIT);
}

/** Whether a body has a number with more digits than readers agree on. */
function isLossy(body: Uint8Array): boolean {
  const tree = readStrict(body);
  return tree !== undefined && hasLossyNumber(tree);
}
