// What the headers alone decide, and which request's headers decide about a body.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Host, Pair, SimulatedRequest } from "../../scripts/simulate/host.ts";
import { assertAllowed, assertRefused, call, hostWith, OPEN, posting, reasonOf } from "../support/host.ts";

const VALUES: Record<string, string> = {
  "content-type": "application/json",
  "content-encoding": "identity",
  authorization: "Bearer x",
  "mcp-method": "ping",
  "mcp-name": "ping",
  "mcp-protocol-version": "2025-06-18",
  "mcp-session-id": "1",
};

/** A ping with these headers besides its content type. */
const withHeaders = (...headers: Pair[]): SimulatedRequest => ({
  ...posting({ jsonrpc: "2.0", id: 1, method: "ping" }),
  headers: [["content-type", "application/json"], ...headers],
});

describe("headers that must be unique", () => {
  const host = hostWith({}, OPEN);

  test("are those that docs/wire-profile.md lists", () => {
    const page = readFileSync("docs/wire-profile.md", "utf8");
    const [row] = page.split("\n").filter((line) => line.includes("`repeated_header`"));
    const listed = [...row!.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name!);
    assert.deepEqual(Object.keys(VALUES).sort(), listed.sort());
  });

  test("are refused when they occur twice", () => {
    for (const [name, value] of Object.entries(VALUES)) {
      const twice: Pair[] = name === "content-type" ? [[name, value]] : [[name, value], [name, value]]; // prettier-ignore
      const answer = host.request(withHeaders(...twice));
      assertRefused(answer, 400, name);
      assert.equal(reasonOf(answer), "repeated_header", name);
      if (name === "content-type") continue;
      const once = withHeaders([name, value]);
      assertAllowed(host.request(once), once, `${name} once`);
    }
  });

  test("are not all headers", () => {
    const twice = withHeaders(["accept", "text/html"], ["accept", "application/json"], ["x-a", "1"], ["x-a", "1"]);
    assertAllowed(host.request(twice), twice, "accept and x-a twice");
  });
});

describe("another request between the headers of one and its body", () => {
  const ofTeam = (team: string, scope = "files:read"): SimulatedRequest =>
    call("ping", {}, { headers: [["content-type", "application/json"], ["x-team", team]] }, { scope }); // prettier-ignore

  /** Sends a request on whose way another one comes and goes. */
  function interrupted(request: SimulatedRequest, other: SimulatedRequest) {
    let pending: SimulatedRequest | undefined = other;
    const host: Host = hostWith({
      beforeBody: () => {
        const [next, stream] = [pending, host.stream];
        pending = undefined;
        if (next) host.request(next);
        host.stream = stream;
      },
    });
    return host.request(request);
  }

  test("changes neither the headers nor the token that decide about the body", () => {
    assertAllowed(interrupted(ofTeam("a"), ofTeam("b", "none")), ofTeam("a"), "team a, then team b");
    assertRefused(interrupted(ofTeam("b"), ofTeam("a")), 403, "team b, then team a");
    assertRefused(interrupted(ofTeam("a", "none"), ofTeam("a")), 403, "without the scope, then with it");
  });
});
