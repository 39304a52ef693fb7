// What constructs of the policy language add to a call of 200 bytes, in the V8 of this process: each policy beside the same
// one without the construct, or with one of what it has many of.
import { loadDocument, loadDocuments, type Loaded } from "../evaluate/load.ts";
import { callOf } from "./bodies.ts";
import { BareHost, CLAIMS } from "./host.ts";
import { compare } from "./measure.ts";
import { METADATA_KEY, SCOPE, TOOL } from "./policies.ts";
import type { Pairing } from "./results.ts";

interface Effort {
  rounds: number;
  batchMs: number;
}

/** The properties that the host has beside the token. */
const PROPERTIES = {
  "source\0address": "192.0.2.7:1234",
  "connection\0uri_san_peer_certificate": "spiffe://corp.example/agents/a",
};

const RULE = { name: "hello", source: { jwt: { scopes: [SCOPE] } }, target: { tools: [TOOL] } };
const WORDS = Array.from({ length: 10_000 }, (_, i) => `word-${i}`);
const IN_LIST = { target: { tools: [{ tool: TOOL, when: "!(args.text in data.words)" }] } };
const named = (count: number, name: (i: number) => string): object[] =>
  Array.from({ length: count }, (_, i) => ({ name: `rule-${i}`, ...targetOf(name(i)) }));
const targetOf = (tool: string): object => ({ source: { jwt: { scopes: [SCOPE] } }, target: { tools: [tool] } });

function policy(rules: object[], more: object = {}): object {
  const jwt = { metadataKey: METADATA_KEY };
  return {
    apiVersion: "scopegate/v1",
    kind: "Policy",
    metadata: { name: "bench" },
    jwt,
    govern: ["tools"],
    ...more,
    rules,
  };
}

const ON = (host: string): object => ({
  resource: `https://${host}/mcp`,
  metadata: { name: host.replaceAll(".", "-") },
});

/** What is compared: documents of one configuration each. */
const PAIRS: [name: string, with_: object[], without: object[]][] = [
  [
    "1,000 names with stars beside 10,000 without; one of each",
    [policy([...named(1_000, (i) => `t${i}*x${i}`), ...named(10_000, (i) => `tool-${i}`), RULE])],
    [policy([...named(1, () => "t*x"), ...named(1, () => "tool-1"), RULE])],
  ],
  [
    "1,000 policies; one",
    [
      ...Array.from({ length: 999 }, (_, i) => policy([RULE], ON(`s${i}.example.com`))),
      policy([RULE], ON("mcp.example.com")),
    ],
    [policy([RULE], ON("mcp.example.com"))],
  ],
  [
    "membership in a `data` list of 10,000; of 10",
    [policy([{ ...RULE, ...IN_LIST }], { data: { words: WORDS } })],
    [policy([{ ...RULE, ...IN_LIST }], { data: { words: WORDS.slice(0, 10) } })],
  ],
  [
    "a Require rule by a claim; one more Allow rule by a claim",
    [policy([{ name: "ours", action: "Require", source: claimed() }, RULE])],
    [policy([{ name: "ours", source: claimed(), target: { tools: ["other"] } }, RULE])],
  ],
  [
    "a rule by the caller's address; a rule by a claim",
    [policy([{ ...RULE, source: { ip: ["192.0.2.0/24"] } }])],
    [policy([{ ...RULE, source: claimed() }])],
  ],
  [
    "a rule by the certificate's name; a rule by a claim",
    [policy([{ ...RULE, source: { principals: ["spiffe://corp.example/agents/*"] } }])],
    [policy([{ ...RULE, source: claimed() }])],
  ],
  [
    "a template of a scope; a plain one",
    [policy([{ ...RULE, source: { jwt: { scopes: ["hello:{mcp.tool}"] } }, target: { tools: [TOOL] } }])],
    [policy([RULE])],
  ],
];

function claimed(): object {
  return { jwt: { claims: [{ name: "sub", values: ["alice"] }] } };
}

export function benchLanguage({ rounds, batchMs }: Effort, say: (line: string) => void): Pairing[] {
  const body = callOf(TOOL, 200);
  const claims = { ...CLAIMS, scope: `${CLAIMS.scope} hello:${TOOL}` };
  return PAIRS.map(([name, ...sides]) => {
    say(`the language: ${name}`);
    const [with_, without] = sides.map(
      (documents) => new BareHost(loaded(documents), claims, undefined, undefined, PROPERTIES),
    );
    const costs = compare(
      [
        { name: "with", run: (count) => with_!.send(body, count) },
        { name: "without", run: (count) => without!.send(body, count) },
      ],
      rounds,
      batchMs,
    );
    return {
      name,
      with: costs.cost("with").cpu,
      without: costs.cost("without").cpu,
      difference: costs.difference("with", "without"),
    };
  });
}

function loaded(documents: object[]): Loaded {
  const found = documents.length === 1 ? loadDocument(documents[0]!) : loadDocuments(documents);
  if (Array.isArray(found)) throw new Error(found.join("\n"));
  return found;
}
