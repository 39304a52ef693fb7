// Resource URIs (docs/wire-profile.md): no other spelling bypasses a rule.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isNormalUri } from "../../scripts/compiler/policy/uris.ts";
import type { Host, SimulatedRequest } from "../../scripts/simulate/host.ts";
import { assertAllowed, assertRefused, hostWith, message, OPEN, posting } from "../support/host.ts";
import { Choice, seeded } from "../support/random.ts";

const read = (uri: string): SimulatedRequest => posting(message("resources/read", { uri }));

/** A host that allows by default. */
const hostThat = (rule: object): Host => hostWith({}, { ...OPEN, rules: [{ name: "uris", ...rule }] });

const OTHER_SPELLINGS = [
  ...["%73ecret/a", "secre%74/a", "x/%2E%2e/secret/a", "%2fsecret/a", "x/../secret/a", "./secret/a", "secret/%c3%89"],
  ...["%5f", "%7E", "%2D", "%30", "%5C", "%4", "%", "%zz", "a b", "a\\b", "a\u007fb"],
];
const NORMAL = ["a%20b", "caf%C3%A9", "a%3Fb", "a%23b", "a%25b", "a%3Ab", "a%40b", "a%5Bb", "a%60", "a%7B", "A/B~_-.c"];

for (const [what, rule] of Object.entries({
  "a prefix that is denied": { action: "Deny", target: { resources: ["file:///secret/*"] } },
  "a URI that is denied": { action: "Deny", target: { resources: ["file:///secret/a"] } },
  "a `when` that reads the URI": { action: "Deny", when: 'mcp.uri.startsWith("file:///secret/")' },
  "a `when` that reads `mcp` as a whole": { action: "Deny", when: 'mcp.exists(k, mcp[k] == "file:///secret/a")' },
}))
  describe(`spellings and ${what}`, () => {
    const host = hostThat(rule);
    test("as written: denied", () => assertRefused(host.request(read("file:///secret/a")), 403, what));
    test("another spelling: refused", () => {
      for (const path of OTHER_SPELLINGS) assertRefused(host.request(read(`file:///${path}`)), 400, path);
      for (const uri of ["FILE:///secret/a", "https://Example.com/secret"])
        assertRefused(host.request(read(uri)), 400, uri);
    });
    test("necessary escapes: passed", () => {
      for (const path of NORMAL) {
        const request = read(`file:///${path}`);
        assertAllowed(host.request(request), request, path);
      }
    });
  });

test("if no rule depends on the spelling, every spelling passes", () => {
  const host = hostThat({ source: { jwt: { scopes: ["s"] } }, target: { resources: ["file:///secret/a"] } });
  for (const path of OTHER_SPELLINGS) {
    const request = read(`file:///${path}`);
    assertAllowed(host.request(request), request, path);
  }
});

test("non-ASCII characters: refused unescaped once a rule has one, raw or escaped", () => {
  const raw = read("file:///caf\u00e9");
  for (const resources of [["file:///secret/*"], ["file:///%7B*"], ["file:///secret/a", "file:///b"]])
    assertAllowed(hostThat({ action: "Deny", target: { resources } }).request(raw), raw, resources.join());
  for (const resources of [["file:///caf%C3%A9*"], ["file:///caf%c3%a9*"], ["file:///b", "file:///\u00fc"]])
    assertRefused(hostThat({ action: "Deny", target: { resources } }).request(raw), 400, resources.join());
});

for (const ascii of [false, true])
  test(`the compiler and the filter agree on the normal form${ascii ? ", ASCII only" : ""}`, () => {
    const host = hostThat({ action: "Deny", target: { resources: ascii ? ["no:*", "no:%C3"] : ["no:*"] } });
    const choice = new Choice(seeded(7));
    const pieces = [
      "/",
      "//",
      ":",
      "://",
      ".",
      "..",
      "%",
      "%2",
      "%2F",
      "%41",
      "%C3",
      "%c3",
      "%5B",
      "A",
      "a",
      "?",
      "#",
      "~",
    ];
    const counts = { normal: 0, other: 0 };
    for (let i = 0; i < 20_000; i++) {
      const uri = `${choice.one(["x", "X", "xy:", "x:/", "x://h", ""])}${Array.from(
        { length: 1 + choice.below(6) },
        () => (choice.chance(0.8) ? choice.one(pieces) : String.fromCharCode(0x20 + choice.below(0x62))),
      ).join("")}`;
      const { forwarded, reply } = host.request(read(uri));
      assert.equal(forwarded, isNormalUri(uri, ascii), `${uri}: ${reply?.body}`);
      counts[forwarded ? "normal" : "other"]++;
    }
    assert.ok(counts.normal > 2000 && counts.other > 2000, JSON.stringify(counts));
  });
