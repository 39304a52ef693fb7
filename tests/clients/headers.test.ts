// Every challenge means the same to every reader: random policies and requests through the built filter, each
// WWW-Authenticate header read by a strict reader of the grammar and by the readers of the four SDKs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { extractWWWAuthenticateParams as read2 } from "@modelcontextprotocol/client";
import { extractWWWAuthenticateParams as read1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { simulate } from "../../scripts/evaluate/request.ts";
import { Host } from "../../scripts/simulate/host.ts";
import { readChallenge } from "./sdk/challenge.ts";
import { goProgram, pythonProgram, type Available } from "./sdk/programs.ts";
import { randomCase, type Case } from "./sdk/random-policy.ts";
import { Choice, seeded } from "../support/random.ts";

const CASES = Number(process.env["HEADER_CASES"] ?? 10_000);
const SEED = Number(process.env["HEADER_SEED"] ?? 1);
const MOST_SHOWN = 10;

/** What all readers must agree on. */
interface Values {
  error: string | null;
  scope: string | null;
  resource_metadata: string | null;
}

interface Answer {
  status: number;
  challenge: string;
  /** `error.data.scopes` of the body; none for a 401. */
  scopes: string[] | undefined;
  /** The metadata URL of the policy. */
  metadata: string | undefined;
  given: Case;
}

/** The replies with a challenge; policies that the compiler refuses are counted. */
function answers(): { list: Answer[]; refused: number; allowed: number } {
  const choice = new Choice(seeded(SEED));
  const host = new Host(filterModule());
  const list: Answer[] = [];
  let [refused, allowed] = [0, 0];
  for (let i = 0; i < CASES; i++) {
    const given = randomCase(choice);
    const loaded = loadDocument(given.policy);
    if (Array.isArray(loaded)) {
      refused++;
      continue;
    }
    assert.ok(host.configure(loaded.configuration).ok);
    const { reply, trap } = host.request(simulate(given.request, "mcp"));
    assert.equal(trap, undefined);
    const challenges = reply?.headers.filter(([name]) => name.toLowerCase() === "www-authenticate") ?? [];
    assert.ok(challenges.length <= 1, "one WWW-Authenticate line");
    if (!reply || !challenges[0]) {
      allowed++;
      continue;
    }
    const { error } = JSON.parse(reply.body) as { error: { data: { scopes?: string[] } } };
    const { resourceMetadata: metadata } = loaded.policy;
    list.push({ status: reply.status, challenge: challenges[0][1], scopes: error.data.scopes, metadata, given });
  }
  return { list, refused, allowed };
}

const { list, refused, allowed } = answers();
const strict = list.map(({ challenge }) => values(challenge));

/** The strict reading, or why there is none. */
function values(challenge: string): Values | string {
  try {
    const { error = null, scope = null, resource_metadata = null } = readChallenge(challenge);
    return { error, scope, resource_metadata };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Fails with the first few headers that `problem` finds something wrong with. */
function check(problem: (answer: Answer, index: number) => string | undefined): void {
  const found = list.flatMap((answer, i) => {
    const text = problem(answer, i);
    return text === undefined ? [] : [`${answer.challenge}\n  ${text}`];
  });
  const shown = found.slice(0, MOST_SHOWN).join("\n");
  assert.ok(found.length === 0, `${found.length} of ${list.length} headers (seed ${SEED}):\n${shown}`);
}

/** Compares a reader's values with the strict ones. */
function agree(read: (answer: Answer, index: number) => Values & { failure?: string }): void {
  check((answer, i) => {
    const { failure, error, scope, resource_metadata } = read(answer, i);
    const text = failure ?? JSON.stringify({ error, scope, resource_metadata });
    return text === JSON.stringify(strict[i]) ? undefined : `read as ${text}`;
  });
}

test("most cases have a challenge", (t) => {
  t.diagnostic(`${CASES} cases: ${list.length} challenges, ${allowed} answers without, ${refused} policies refused`);
  assert.ok(list.length > CASES * 0.6);
});

test("each is a single Bearer challenge by the grammar", () => {
  check((_, i) => (typeof strict[i] === "string" ? strict[i] : undefined));
});

test("the values are those of the decision", () => {
  check(({ given, scopes, status, metadata }, i) => {
    const { error, scope, resource_metadata } = strict[i] as Values;
    if (resource_metadata !== (metadata ?? null)) return `the policy says ${metadata}`;
    if (error !== (given.error ?? null)) return `error ${error}`;
    if (status !== (error === "insufficient_scope" ? 403 : 401)) return `status ${status}`;
    return scopes === undefined || scopes.join(" ") === scope ? undefined : `the body says ${scopes.join(" ")}`;
  });
});

for (const [name, read] of [
  ["sdk 1.32.2", read1],
  ["client 2.4.0", read2],
] as const)
  test(`TypeScript ${name} reads the same`, () => {
    agree(({ status, challenge }, i) => {
      const { error, scope, resourceMetadataUrl } = read(
        new Response(null, { status, headers: { "www-authenticate": challenge } }),
      );
      // The SDK returns a URL object; it must equal the URL of the strict reading.
      const wanted = (strict[i] as Values).resource_metadata;
      const same = wanted !== null && resourceMetadataUrl?.href === new URL(wanted).href;
      return {
        error: error ?? null,
        scope: scope ?? null,
        resource_metadata: same ? wanted : (resourceMetadataUrl?.href ?? null),
      };
    });
  });

const programs: [string, Available][] = [
  ["Python mcp 2.3.0", await pythonProgram()],
  ["Go go-sdk 1.8.0", await goProgram()],
];
for (const [name, { run, missing }] of programs)
  test(`${name} reads the same`, { skip: missing }, async () => {
    const read = (await run!(
      "parse",
      list.map(({ status, challenge }) => ({ status, challenge })),
    )) as Values[];
    assert.equal(read.length, list.length);
    agree((_, i) => read[i]!);
  });
