// Ambiguous keys: those that a lenient reader takes for a member that decides (ASCII case, U+017F for s, U+212A for k; NUL,
// _ and - left out). They are refused when the reader finds members (assembly/json/members.ts), and when a predicate looks one up
// (assembly/cel/ambiguous-key.ts).
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Host } from "../../scripts/simulate/host.ts";
import { calling, hostOf, reasonOf, sending, toolWhen } from "../support/host.ts";

/** Names with an s and a k at either end. */
const NAMES = ["task_s", "s_task"];

/** Every way to change one character or all, and a NUL at every place. */
function ambiguousWith(name: string): string[] {
  const likes = (char: string) => [char.toUpperCase(), ...({ s: ["\u017f"], k: ["\u212a"] }[char] ?? [])];
  const one = [...name].flatMap((char, i) => likes(char).map((like) => name.slice(0, i) + like + name.slice(i + 1)));
  const all = [...name].map((char) => likes(char).at(-1)).join("");
  const added = ["\0", "_", "-", "__"].flatMap((extra) =>
    Array.from({ length: name.length + 1 }, (_, i) => name.slice(0, i) + extra + name.slice(i)),
  );
  const left = [name.replaceAll("_", ""), name.replaceAll("_", "-")];
  return [...one, all, ...added, ...left].filter((key) => key !== name);
}

/** As long as an ambiguous key, or a little different from one. */
function othersOf(name: string): string[] {
  const like = (char: string, others: string) => [...others].map((other) => name.replace(char, other));
  return [
    ...like("s", "tz\u017e\u0161\u013f"),
    ...like("k", "lx\u212b\u216a\u0138\u012a\u202a"),
    ...[`${name}s`, name.slice(1), name.slice(0, -1), "\u017f", "\u212a", "\0", "_", "-", ""],
  ];
}

const escaped = (text: string) =>
  [...text].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
/** JSON cannot hold a NUL as it is. */
const raw = (text: string) => text.replaceAll("\0", "\\u0000");

function ask(host: Host, body: string): string | undefined {
  const answer = host.request(sending(body));
  return answer.forwarded ? "allowed" : reasonOf(answer);
}

/** The places where a predicate may look up a member, and the body that has these members there. */
const PLACES: [what: string, path: string, body: (members: string) => string][] = [
  ["an argument", "args", (members) => calling(`{${members}}`)],
  ["a member of an argument", "args.a", (members) => calling(`{"a":{${members}}}`)],
  ["a member of an element", "args.a[0]", (members) => calling(`{"a":[{${members}}]}`)],
];

for (const [what, path, body] of PLACES)
  for (const name of NAMES)
    describe(`${name}, ${what}: a key is`, () => {
      const host = hostOf(toolWhen(`!has(${path}.${name})`));
      for (const spell of [raw, escaped]) {
        const way = spell === raw ? "spelled out" : "escaped";
        test(`refused when it is ambiguous, ${way}`, () => {
          for (const key of ambiguousWith(name))
            for (const around of ["", '"x":1,'])
              assert.equal(ask(host, body(`${around}"${spell(key)}":1`)), "ambiguous_key", JSON.stringify(key));
        });
        test(`another key when it is not, ${way}`, () => {
          for (const key of othersOf(name))
            assert.equal(ask(host, body(`"${spell(key)}":1`)), "allowed", JSON.stringify(key));
          assert.notEqual(ask(host, body(`"${spell(name)}":1`)), "allowed");
        });
      }
    });

test("an ambiguous key in the envelope is refused, whatever the policy looks at", () => {
  const host = hostOf(toolWhen("true"));
  const call = (params: string, more = "") =>
    ask(host, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"${params}}${more}}`);
  assert.equal(call(""), "allowed");
  for (const key of ["_params", "i-d", "method_", "json_rpc"])
    assert.equal(call("", `,"${key}":1`), "ambiguous_key", key);
  for (const key of ["_name", "n-ame", "arguments_"]) assert.equal(call(`,"${key}":1`), "ambiguous_key", key);
  const keys = ["Params", "param\u017f", "PARAM\u017f", "\0params", "Id", "METHOD", "j\u017fonrpc"].map(raw);
  for (const key of [...keys, "param\\u0073\\u0000"]) assert.equal(call("", `,"${key}":1`), "ambiguous_key", key);
  for (const key of ["Name", "argument\u017f"]) assert.equal(call(`,"${key}":1`), "ambiguous_key", key);
  assert.equal(call(',"tas\u212a":1'), "allowed");
});

test("such a key alone, in place of a name that matters, is ambiguous too", () => {
  const host = hostOf(toolWhen("true"));
  const call = (members: string) => ask(host, `{"jsonrpc":"2.0","id":1,"method":"tools/call",${members}}`);
  assert.equal(call('"params":{"name_":"t"}'), "ambiguous_key");
  assert.equal(call('"_params":{"name":"t"}'), "ambiguous_key");
  const listen = (list: string) =>
    ask(
      host,
      `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"${list}":["a:b"]}}}`,
    );
  for (const list of ["resource_subscriptions", "resource-subscriptions", "ResourceSubscriptions"])
    assert.equal(listen(list), "ambiguous_key", list);
});

test("a member with _ or - in its own name is read as written", () => {
  for (const name of ["max_amount", "_x", "a-b", "__", "-"]) {
    const host = hostOf(toolWhen(`args["${name}"] == 1`));
    assert.equal(ask(host, calling(`{"${name}":1}`)), "allowed", name);
    assert.equal(ask(host, calling(`{"other":[],"${name}":2}`)), "no_rule", name);
  }
  const host = hostOf(toolWhen("args.max_amount == 1"));
  assert.equal(ask(host, calling('{"max_amount":1,"maxAmount":900}')), "ambiguous_key");
});

test("a request after one whose predicate met an ambiguous key is not refused for it", () => {
  const host = hostOf(toolWhen("!has(args.a.task_s)"));
  assert.equal(ask(host, calling('{"a":[{}]}')), "no_rule");
  assert.equal(ask(host, calling('{"a":{"Task_s":1}}')), "ambiguous_key");
  assert.equal(ask(host, calling('{"a":{}}')), "allowed");
});
