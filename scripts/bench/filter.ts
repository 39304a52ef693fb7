// The filter alone, in the V8 of this process (Envoy's engine): how long a call takes, compared with JSON.parse of its body.
import { callOf, GREETING, SHAPES, SIZES, unlikeCalls, type Shape } from "./bodies.ts";
import { BareHost, IDENTITY } from "./host.ts";
import { compare, middle, type Candidate, type Comparison } from "./measure.ts";
import { greetingOf, manyTools, oneRule, PATTERN, sameTool, scopeOnly, TOOL } from "./policies.ts";
import type { BodyResult, FilterResults, PolicyResult, Question } from "./results.ts";

export const RULES = [1, 10, 100, 1_000, 10_000];
const SAME_TOOL_RULES = 50;
const LONG = 10_000;
const UNLIKE = 64;
const CLAIM = '"on-call" in jwt.claims.groups';
/** How often a configuration is loaded, each time by a new VM. */
const CONFIGURED = 5;

export interface Effort {
  rounds: number;
  /** Length of one batch of calls. */
  batchMs: number;
}

export function benchFilter(effort: Effort, say: (line: string) => void): FilterResults {
  const gate = new BareHost(oneRule());
  const memory = [{ after: "configuring", pages: gate.pages }];
  say("the filter alone: bodies");
  const sizes = SIZES.map(([name, bytes]) => benchBody(gate, name, callOf(TOOL, bytes), effort));
  memory.push({ after: "calls of 1 MiB", pages: gate.pages });
  const shapes = (Object.keys(SHAPES) as Shape[])
    .filter((shape) => shape !== "mixed")
    .map((shape) => benchBody(gate, `1 MiB, ${shape}`, callOf(TOOL, 1 << 20, shape), effort));
  memory.push({ after: "calls of every shape", pages: gate.pages });
  say("the filter alone: policies");
  const policies = benchPolicies(RULES, effort);
  const questions = benchQuestions(effort);
  return { bodies: [...sizes, ...shapes], policies, questions, memory: [...memory, ...growth(gate, effort)] };
}

function benchBody(gate: BareHost, name: string, body: Buffer, effort: Effort): BodyResult {
  const text = body.toString();
  gate.send(body, 1); // memory for `copy`
  const comparison = compare(
    [
      { name: "filter", run: (count) => gate.send(body, count) },
      { name: "copy", run: (count) => gate.copy(body, count) },
      { name: "text", run: (count) => repeat(count, () => JSON.parse(text)) },
      { name: "bytes", run: (count) => repeat(count, () => JSON.parse(body.toString())) },
    ],
    effort.rounds,
    effort.batchMs,
  );
  return {
    body: name,
    bytes: body.length,
    filter: comparison.cost("filter"),
    copy: comparison.cost("copy"),
    parseText: comparison.cost("text"),
    parseBytes: comparison.cost("bytes"),
  };
}

let sink: unknown; // so that V8 cannot drop an unused result

function repeat(count: number, run: () => unknown): void {
  for (let i = 0; i < count; i++) sink = run();
  if (sink === undefined) throw new Error("nothing was parsed");
}

/** A call of 200 bytes against policies with that many rules, each for its own tool; the call is for the last one. */
export function benchPolicies(counts: number[], { rounds, batchMs }: Effort): PolicyResult[] {
  const body = callOf(TOOL, 200);
  const gates = counts.map((rules) => {
    // Nothing else of a large policy may stay alive: V8 scans it whenever wasm memory grows.
    const { configuration } = manyTools(rules);
    const hosts = Array.from({ length: CONFIGURED }, () => new BareHost({ configuration }));
    const times = hosts.map(({ configureTime }) => configureTime);
    return { rules, gate: hosts[0]!, times, configuration: configuration.length };
  });
  const comparison = compare(
    gates.map(({ rules, gate }) => ({ name: String(rules), run: (count) => gate.send(body, count) })),
    rounds,
    batchMs,
  );
  return gates.map(({ rules, gate, times, configuration }) => ({
    rules,
    call: comparison.cost(String(rules)),
    configure: middle(times),
    configuration,
    memory: gate.pages * 65_536,
  }));
}

function benchQuestions({ rounds, batchMs }: Effort): Question[] {
  const [small, long] = [callOf(TOOL, 200), callOf(TOOL, LONG, "mixed", longGreeting())];
  const [plain, regex, same] = [
    new BareHost(scopeOnly()),
    new BareHost(oneRule()),
    new BareHost(sameTool(SAME_TOOL_RULES)),
  ];
  const [identified, reading] = [new BareHost(oneRule(), IDENTITY), new BareHost(oneRule(CLAIM), IDENTITY)];
  const denying = new BareHost(oneRule(), { sub: "alice", scope: "openid files:read" });
  const lastOf = callOf(TOOL, 200, "mixed", greetingOf(SAME_TOOL_RULES - 1));
  const sending = (name: string, gate: BareHost, body: Buffer, allowed = true): Candidate => ({
    name,
    run: (count) => gate.send(body, count, allowed),
  });
  const unlike = unlikeCalls(TOOL, UNLIKE);
  const sendingUnlike = (count: number) => {
    for (let i = 0; i < count; i++) regex.send(unlike[i % UNLIKE]!, 1);
  };
  const costs = compare(
    [
      sending("scope", plain, small),
      { name: "unlike", run: sendingUnlike },
      sending("regex", regex, small),
      sending("denied", denying, small, false),
      sending("same", same, lastOf),
      sending("identity", identified, small),
      sending("claim", reading, small),
      sending("long scope", plain, long),
      sending("long regex", regex, long),
    ],
    rounds,
    batchMs,
  );
  return [
    { name: `200 B allowed by a scope and \`matches("${PATTERN}")\``, cost: whole(costs, "regex") },
    {
      name: "the same, with keys in a different order and different arguments each time",
      cost: whole(costs, "unlike"),
    },
    { name: "200 B denied for a missing scope, with a challenge", cost: whole(costs, "denied") },
    { name: "what that `matches` adds to the scope check alone", cost: costs.difference("regex", "scope") },
    {
      name: `${SAME_TOOL_RULES} rules for one tool, each with a \`matches\`, only the last one true`,
      cost: whole(costs, "same"),
    },
    { name: `a token with ${Object.keys(IDENTITY).length} claims instead of 3`, cost: whole(costs, "identity") },
    { name: `that token, and \`${CLAIM}\``, cost: whole(costs, "claim") },
    {
      name: `that \`matches\` over ${LONG / 1000} KB`,
      cost: costs.difference("long regex", "long scope"),
      bytes: longGreeting().length,
    },
  ];
}

function whole(costs: Comparison, name: string): Question["cost"] {
  const { cpu, spread } = costs.cost(name);
  return { median: cpu, spread };
}

function longGreeting(): string {
  return GREETING.replace("World", "World, how are you? ".repeat(LONG / 20));
}

/** Memory while calls go on; every ten-thousandth has 1 MiB. */
function growth(gate: BareHost, { rounds }: Effort): FilterResults["memory"] {
  const [small, large] = [callOf(TOOL, 200), callOf(TOOL, 1 << 20)];
  const marks = rounds > 5 ? [1_000, 1_000_000] : [1_000, 100_000];
  let calls = 0;
  return marks.map((mark) => {
    for (; calls < mark; calls += 1_000) {
      gate.send(small, 1_000);
      if (calls % 10_000 === 0) gate.send(large, 1);
    }
    return { after: `${mark.toLocaleString("en")} more calls`, pages: gate.pages };
  });
}
