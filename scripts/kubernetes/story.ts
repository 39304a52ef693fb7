// The steps of a test in a cluster: each does something and tells in a few words what was seen, for the documentation.
import type { Cluster, Resource } from "./cluster.ts";
import { send, sendWithTrailers, type Answer, type Outgoing } from "./client.ts";
import type { Gateway, Print } from "./gateway.ts";
import { LOGS } from "./process.ts";
import type { Outside } from "./outside.ts";
import { setTimeout as sleep } from "node:timers/promises";
import assert from "node:assert/strict";

const UPDATE_TIMEOUT_MS = 60_000;

export class Stage<G extends Gateway = Gateway> {
  /** The objects that are in force. */
  private applied: Resource[] = [];

  constructor(
    readonly cluster: Cluster,
    readonly gateway: G,
    readonly outside: Outside,
    readonly policy: string,
    /** The host of the policy's resource. */
    private readonly authority: string,
    readonly print: Print,
  ) {}

  get upstream(): Outside["upstream"] {
    return this.outside.upstream;
  }

  send(outgoing: Outgoing): Promise<Answer> {
    return send(this.gateway.host, this.gateway.port, this.authority, outgoing);
  }

  sendWithTrailers(outgoing: Outgoing): Promise<Answer> {
    return sendWithTrailers(this.gateway.host, this.gateway.port, this.authority, outgoing);
  }

  /** Puts these objects in force; those that were and are not among them go. */
  apply(objects: Resource[]): void {
    const key = ({ kind, metadata }: Resource): string => `${kind} ${metadata.name}`;
    const kept = new Set(objects.map(key));
    this.cluster.apply(objects);
    for (const object of this.applied) if (!kept.has(key(object))) this.cluster.delete(object);
    this.applied = objects;
  }

  /** Sends until the answer is as it should be. */
  async until(isSo: (answer: Answer) => boolean, outgoing: Outgoing): Promise<Answer> {
    const deadline = Date.now() + UPDATE_TIMEOUT_MS;
    let answer = await this.send(outgoing);
    while (!isSo(answer)) {
      assert.ok(Date.now() < deadline, `still ${answer.status} ${answer.body.slice(0, 300)}`);
      await sleep(100);
      answer = await this.send(outgoing);
    }
    return answer;
  }

  /** The answer, and what reached the MCP server meanwhile. */
  async watched(ask: () => Promise<Answer>): Promise<Answer & { heads: number }> {
    this.upstream.forget();
    const answer = await ask();
    await sleep(100);
    return { ...answer, heads: this.upstream.heads };
  }

  /** Asks, and makes sure that no byte of it reached the MCP server. */
  async unseen(ask: () => Promise<Answer>): Promise<Answer> {
    this.upstream.forget();
    const answer = await ask();
    await sleep(100);
    assert.equal(this.upstream.bytes.toString(), "", "the MCP server saw it");
    return answer;
  }
}

export interface Step<G extends Gateway = Gateway> {
  /** What is tried. */
  name: string;
  /** What was seen; rejects when it is not as it should be. */
  run(stage: Stage<G>): Promise<string>;
}

export interface Seen {
  name: string;
  answer: string;
}

/** Runs every step; one that fails does not end it. Gives what was seen, or undefined when something was wrong. */
export async function play<G extends Gateway>(
  stage: Stage<G>,
  steps: readonly Step<G>[],
  say: (line: string) => void,
): Promise<Seen[] | undefined> {
  const seen: Seen[] = [];
  for (const { name, run } of steps) {
    const started = performance.now();
    const outcome = await run(stage).catch((error: Error) => error);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (typeof outcome === "string") {
      seen.push({ name, answer: outcome });
      say(`✓ ${name}: ${outcome} (${seconds} s)`);
    } else say(`✗ ${name} (${seconds} s)\n    ${outcome.message.replaceAll("\n", "\n    ")}`);
  }
  const failed = steps.length - seen.length;
  if (failed > 0) say(`The logs are in ${LOGS}.`);
  say(`${seen.length} passed, ${failed} failed`);
  return failed === 0 ? seen : undefined;
}
