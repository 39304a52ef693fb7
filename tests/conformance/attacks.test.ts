// Requests that try to be read differently by the filter and by an MCP server. Here as far as the framing can be expressed
// in a simulated host; tests/envoy/attacks.test.ts sends the bytes through a real Envoy.
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE, type Answer, type Pair } from "../../scripts/simulate/host.ts";
import { ATTACK_PAYLOAD, ATTACK_POLICY, bodyOf, type AttackCase, type Outcome } from "../support/attacks.ts";
import { readCases, score, type Difference } from "../support/cases.ts";

const loaded = loadDocument(ATTACK_POLICY);
if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
const { configuration } = loaded;

const DEFAULTS: Pair[] = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
  ["authorization", "Bearer verified"],
];

function headersOf({ headers = [] }: AttackCase): Pair[] {
  const own = headers.map(([name, value]): [string, string | null] => [name.toLowerCase(), value]);
  const replaced = new Set(own.map(([name]) => name));
  const given = own.flatMap(([name, value]): Pair[] => (value === null ? [] : [[name, value]]));
  return [...DEFAULTS.filter(([name]) => !replaced.has(name)), ...given];
}

function send(item: AttackCase): Answer {
  const host = new Host(filterModule());
  host.configure(configuration);
  const body = bodyOf(item);
  const framing = item.framing ?? "";
  const bytewise = framing === "chunked-1" || framing === "h2-bytes";
  const answer = host.request({
    method: item.method,
    path: item.path,
    headers: headersOf(item),
    // An HTTP/2 request that ends with its headers has no body.
    body: framing === "h2-headers-only" ? new Uint8Array() : new Uint8Array(body),
    chunks: bytewise ? new Array<number>(body.length).fill(1) : framing === "split" ? [body.length >> 1] : [],
    endWithData: framing === "h2-data" || framing === "h2-bytes",
    trailers: framing.endsWith("trailers") ? [["x-trailer", "1"]] : undefined,
    metadata: { [JWT_NAMESPACE]: { mcp: ATTACK_PAYLOAD } },
  });
  const whole = Buffer.compare(answer.upstream.body, body) === 0;
  if (answer.forwarded && !whole && framing !== "h2-headers-only") throw new Error(`${item.id}: the body was changed`);
  return answer;
}

function outcomesOf({ reply, forwarded, trap, hung }: Answer): (Outcome | "trap" | "hang" | "answer")[] {
  if (trap !== undefined) return ["trap"];
  if (hung) return ["hang"];
  if (forwarded) return ["allow", "pass"];
  if (reply!.status === 403) return ["deny"];
  return reply!.status >= 400 && reply!.status < 500 ? ["reject"] : ["answer"];
}

function compare(item: AttackCase): Difference {
  const answer = send(item);
  const outcomes = outcomesOf(answer);
  if (!outcomes.some((outcome) => (item.accept as string[]).includes(outcome)))
    return `${outcomes[0]} ${answer.reply?.details ?? ""}, expected ${item.accept.join(" or ")}: ${item.why}`;
  const challenge = answer.reply?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
  if (answer.reply?.status === 403 && item.challenge_scope && !challenge.includes(`scope="${item.challenge_scope}"`))
    return `no challenge for ${item.challenge_scope}`;
  const headerBytes = answer.reply?.headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0) ?? 0;
  return headerBytes < 8192 ? undefined : `${headerBytes} bytes of response headers`;
}

/** A raw byte stream or a stream reset means nothing to a filter: Envoy handles those. */
const isTold = (item: AttackCase): boolean => item.raw_base64 === undefined && item.framing !== "h2-rst";

score(
  "attacks",
  readCases<AttackCase>("attacks")
    .filter(isTold)
    .map((item) => ({ id: item.id, group: item.group, run: () => compare(item) })),
);
