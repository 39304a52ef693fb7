// What looks like a pattern and is none: in a Deny rule an error, since the rule would deny nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileDocument } from "../../scripts/compiler/index.ts";

/** A target or a source of a Deny rule, and what is told of it; undefined: nothing. */
const CASES: [rule: object, told: RegExp | undefined][] = [
  [{ target: { tools: ["^delete_.*"] } }, /the \^ in "\^delete_\.\*" is not a pattern/],
  [{ target: { tools: ["drop_table$"] } }, /the \$ in/],
  [{ target: { tools: ["delete|drop"] } }, /the \| in/],
  [{ target: { tools: ["delete_.+"] } }, /the \.\+ in/],
  [{ target: { prompts: ["p\\d"] } }, /the \\d in/],
  [{ target: { tools: [{ tool: "a|b", literal: true }] } }, undefined],
  [{ target: { tools: ["github.*", "delete.*"] } }, undefined],
  [{ target: { resources: ["file:///a|b$"] } }, undefined],
  [{ target: { methods: ["tools/*"] } }, /"tools\/\*" does not stand for calls of tools/],
  [{ target: { methods: ["completion/c*"] } }, /does not stand for calls of completion/],
  [{ target: { methods: ["*", "acme/*"] } }, undefined],
  [{ target: { methods: ["Tools/List"] } }, /no call has the method "Tools\/List"/],
  [{ target: { methods: ["tools/list", "tools/call"] } }, undefined],
  [{ source: { jwt: { claims: [{ name: "realm.*", values: ["x"] }] } } }, /the \* in the claim's name "realm\.\*"/],
];

for (const [rule, expected] of CASES)
  test(JSON.stringify(rule), () => {
    const document = { apiVersion: "scopegate/v1", kind: "Policy", defaultAction: "Allow" };
    const problemsOf = (action: string) =>
      compileDocument({ ...document, rules: [{ action, ...rule }] }).problems.filter(({ message }) =>
        /pattern|stand for|no call has|ordinary character/.test(message),
      );
    const denying = problemsOf("Deny");
    if (!expected) return assert.deepEqual(denying, []);
    assert.equal(denying[0]?.severity, "error");
    assert.match(denying[0].message, expected);
    assert.equal(problemsOf("Allow")[0]?.severity, "warning");
  });
