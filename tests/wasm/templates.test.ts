// The reader keeps the keys of an object for the next one (assembly/json/templates.ts), across requests and configurations.
// What was read before must not affect what is decided now.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer, SimulatedRequest } from "../../scripts/simulate/host.ts";
import { calling, configuration, hostWith, reasonOf, sending } from "../support/host.ts";
import { Choice, random } from "../support/random.ts";

const SEED = Number(process.env["SEED"] ?? 20261126);

const policy = (when: string) => ({
  apiVersion: "scopegate/v1",
  kind: "Policy",
  rules: [{ name: "only", source: { jwt: { scopes: ["files:read"] } }, target: { tools: [{ tool: "t", when }] } }],
});
const ONE = policy('args.a.kind == "x" && args.b == 1');
/** Other members, but everything is at the same address as for the first one. */
const OTHER = policy('args.b.kind == "x" && args.a == 1');

const BODIES = [
  calling('{"a":{"kind":"x"},"b":1}'),
  calling('{"a":{"kind":"y"},"b":1}'),
  calling('{"b":1,"a":{"kind":"x"}}'),
  calling('{"a":{"kind":"x","b":1},"b":1,"kind":"x"}'),
  calling('{"b":{"kind":"x"},"a":1}'),
  calling('{"a":1,"b":{"kind":"x"},"c":{"kind":"y"}}'),
  calling('{"c":{"kind":"x"},"b":1}'),
  calling('{"a" :{"kind" :"x"},"b" :1}'),
  calling('{ "a": { "kind": "x" }, "b": 1 }'),
  calling('{"a":{"kind":"x"},"b":1,"A":2}'), // an ambiguous key
  calling('{"A":2,"a":{"kind":"x"},"b":1}'),
  calling('{"a":{"Kind":"y","kind":"x"},"b":1}'),
  calling('{"a":{"kind":"x"},"b":1,"b":1}'), // a duplicate key
  calling('{"a":{"kind":"x","kind":"x"},"b":1}'),
  calling('{"a":{"k\\u0069nd":"x"},"b":1}'),
  calling('{"\\u0061":{"kind":"x"},"b":1}'),
  calling('{"é":{"kind":"x"},"a":{"kind":"x"},"b":1}'),
  calling('{"\\u0000a":{"kind":"x"},"a":{"kind":"x"},"b":1}'),
  calling('{"thirteenbytes":{"kind":"y"},"fourteen bytes":0,"a":{"kind":"x"},"b":1}'),
  calling(`{${Array.from({ length: 17 }, (_, i) => `"k${i}":{"kind":"y"}`).join()},"a":{"kind":"x"},"b":1}`),
  calling(`{"a":{"kind":"x"},"b":1,${Array.from({ length: 15 }, (_, i) => `"k${i}":1`).join()},"b":1}`),
  calling('{"a":{"kind":"x"},"b":1').slice(0, -2), // truncated
  calling('{"a":{"kind":"x"}"b":1}'), // commas
  calling('{"a":{"kind":"x"},,"b":1}'),
  calling('{"a":{"kind":"x"} ,\n"b":1}'),
  calling('{,"b":1,"a":{"kind":"x"}}'),
  calling('{"b":1,"a":{,"kind":"x"}}'),
  calling('{"a":{"sixteen bytes or more":0,"kind":"x"},"b":1}'),
  calling('{"sixteen bytes or more":0,"b":1,"a":{"kind":"x"}}'),
  calling('{"a":[{"kind":"x"},{"kind":"x","b":1}],"b":1}'),
  '{"method":"tools/call","params":{"arguments":{"a":{"kind":"x"},"b":1},"name":"t"},"jsonrpc":"2.0","id":1}',
  '{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"tools/call","params":{"name":"t"}}',
  '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  '{"jsonrpc":"2.0","id":1,"result":{"name":"t"}}',
].map((text) => sending(text));

const outcome = (answer: Answer) => ({ trap: answer.trap, forwarded: answer.forwarded, reason: reasonOf(answer) });
const alone = (request: SimulatedRequest, rules: object) => outcome(hostWith({}, rules).request(request));

describe("keys of the previous object", () => {
  const wanted = new Map([ONE, OTHER].map((rules) => [rules, BODIES.map((body) => alone(body, rules))]));

  test("some bodies are allowed, some refused", () => {
    for (const answers of wanted.values()) assert.equal(new Set(answers.map(({ forwarded }) => forwarded)).size, 2);
  });

  test("each body after each other one", () => {
    for (const [rules, answers] of wanted) {
      const host = hostWith({}, rules);
      for (const [i, first] of BODIES.entries())
        for (const [j, second] of BODIES.entries()) {
          host.request(first);
          assert.deepEqual(outcome(host.request(second)), answers[j], `body ${j} after ${i}`);
        }
    }
  });

  test("a refused configuration in between changes nothing", () => {
    // Another root context starts the VM again, and the clock has moved on.
    let now = 1n;
    const host = hostWith({ now: () => (now += 12_345n) }, policy('args.directory == "public"'));
    const sent = (text: string) => host.request(sending(calling(text))).forwarded;
    const TWICE = '{"directory":"secret","directory":"public"}';
    assert.ok(sent('{"directory":"public"}'));
    assert.ok(!sent(TWICE));
    assert.ok(sent('{"directory":"public"}'));
    assert.ok(!host.configure("{}").ok);
    assert.ok(!sent(TWICE));
    assert.ok(!sent(`${TWICE},"arguments":{"directory":"public"}`));
  });

  test("bodies and configurations in any order", () => {
    const choice = new Choice(random(SEED));
    const host = hostWith({}, ONE);
    const other = host.addPlugin(configuration(false, OTHER)).root;
    assert.notEqual(other, 0);
    let first = ONE;
    for (let i = 0; i < 5000; i++) {
      // New configurations; of several in a row, one usually gets the memory of the last one that read a body.
      for (let left = i % 20 === 19 ? choice.below(5) : 0; left > 0; left--) {
        first = choice.one([ONE, OTHER]);
        assert.ok(host.configure(configuration(false, first)).ok);
      }
      const body = choice.below(BODIES.length);
      const [rules, root] = choice.chance(0.3) ? [OTHER, other] : [first, undefined];
      assert.deepEqual(outcome(host.request(BODIES[body]!, root)), wanted.get(rules)![body], `body ${body}, step ${i}`);
    }
  });
});
