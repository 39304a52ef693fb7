// Policy tests for a drafted policy: each rule with and without its scope, what is left out, no token.
import { stringify } from "yaml";
import { isObject, type Item, type Json } from "../compiler/lock/lock.ts";
import { memberNames, memberOf, shapeOf, typesOf, valuesOf, type Shape } from "../compiler/lock/schema.ts";
import type { Draft, DraftRule } from "./policy.ts";

/** The text of the test file. */
export function draftTests({ rules, left }: Draft, policyFile: string, schema: string): string {
  const tests = [
    ...rules.flatMap(testsOfRule),
    ...testsOfWhatIsLeft(
      left.map(({ item }) => item),
      rules,
    ),
    ...withoutToken(rules),
  ];
  const head = `# yaml-language-server: $schema=${schema}
# Made by \`scopegate init\`: scopegate test runs it. The arguments are made up from the input schemas.
`;
  return head + stringify({ policy: policyFile, tests }, { lineWidth: 110 });
}

type Call = { tool: string; args?: Json } | { prompt: string } | { resource: string };

/** The first thing that a rule is about. */
function callOf({ tools, prompts, resources }: DraftRule): { what: string; call: Call } | undefined {
  const [tool] = tools;
  if (tool) return { what: tool.item.id, call: callOfTool(tool.item) };
  if (prompts[0] !== undefined) return { what: prompts[0], call: { prompt: prompts[0] } };
  const [resource] = resources;
  return resource === undefined ? undefined : { what: resource, call: { resource: resource.replace(/\*$/, "a") } };
}

function testsOfRule(rule: DraftRule): object[] {
  const found = callOf(rule);
  if (!found) return [];
  const { what, call } = found;
  const { scope, group } = rule;
  return [
    { name: `${what} with ${scope}`, scopes: [scope], call, expect: { decision: "allow", rule: group } },
    {
      name: `${what} without it asks for ${scope}`,
      payload: { sub: "somebody" },
      call,
      expect: { decision: "deny", reason: "insufficient_scope", scopes: [scope] },
    },
  ];
}

/** No scope opens what the profile leaves out, nor what the server does not have. */
function testsOfWhatIsLeft(left: readonly Item[], rules: readonly DraftRule[]): object[] {
  const scopes = rules.map(({ scope }) => scope);
  const expect = { decision: "deny", reason: "no_rule", scopes: null };
  const calls = [...left.slice(0, 3).map(callOfTool), { tool: "no_such_tool" }];
  return calls.map((call) => ({
    name: `${call.tool} is denied whatever the token has`,
    payload: { scope: scopes.join(" ") },
    call,
    expect,
  }));
}

function withoutToken(rules: readonly DraftRule[]): object[] {
  const found = rules[0] && callOf(rules[0]);
  return found
    ? [{ name: "without a token there is a 401", call: found.call, expect: { decision: "unauthenticated" } }]
    : [];
}

function callOfTool(item: Item): { tool: string; args?: Json } {
  const schema = item.content["inputSchema"];
  const args = isObject(schema) ? sampleOf(shapeOf(schema, schema), 4) : {};
  return { tool: item.id, ...(isObject(args) && Object.keys(args).length > 0 && { args }) };
}

/** A value that fits well enough to show what a call looks like. */
function sampleOf(shape: Shape, depth: number): Json {
  const [first] = valuesOf(shape) ?? [];
  if (first !== undefined) return first;
  const [type = "object"] = typesOf(shape).filter((name) => name !== "null");
  if (type !== "object") return { boolean: true, number: 1, string: "a", array: [], null: null }[type];
  const required = memberNames(shape).filter((name) => memberOf(shape, name).state === "required");
  if (depth === 0) return {};
  return Object.fromEntries(required.map((name) => [name, sampleOf(memberOf(shape, name).shape, depth - 1)]));
}
