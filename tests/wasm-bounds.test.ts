// What one request may take of the filter, whatever its policy: time and memory have a bound that callers cannot move.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Host } from "../scripts/simulate.ts";
import { call, hostWith } from "./support/host.ts";

function hostOf(rule: object, more: object = {}): Host {
  return hostWith({}, { apiVersion: "scopegate/v1", kind: "Policy", ...more, rules: [rule] });
}

const toolWhen = (when: string) => ({ target: { tools: [{ tool: "t", when }] } });

/** The scopes s0, s1 … of a policy, or of a token. */
const scopeNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `s${i}`);

const declaring = (count: number) => ({ scopes: Object.fromEntries(scopeNames(count).map((name) => [name, {}])) });

describe("the search for a challenge", () => {
  test("does not go through sets of scopes that the token holds", () => {
    const host = hostOf(toolWhen("size(jwt.scopes) > 99"), declaring(40));
    const start = performance.now();
    const { reply } = host.request(call("t", {}, {}, { scope: scopeNames(40).join(" ") }));
    assert.equal(reply?.status, 403);
    assert.ok(performance.now() - start < 500, `${performance.now() - start} ms`);
  });

  test("still finds the set among the others, and the last one", () => {
    const host = hostOf(toolWhen("size(jwt.scopes) == 40"), declaring(40));
    for (const lacking of [
      ["s0", "s1"],
      ["s17", "s39"],
      ["s8", "s9", "s38"],
    ]) {
      const scope = scopeNames(40).filter((name) => !lacking.includes(name));
      const { reply } = host.request(call("t", {}, {}, { scope: scope.join(" ") }));
      const header = reply?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? "";
      assert.deepEqual(/ scope="([^"]*)"/.exec(header)?.[1]?.split(" ").sort(), [...lacking].sort());
    }
  });
});
