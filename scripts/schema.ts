// The JSON Schema of policies and of policy tests for editors: `scopegate schema`, schema/policy.schema.json.
import { MCP_ROUTE } from "./compiler/policy/route-shapes.ts";
import { POLICY, type Shape } from "./compiler/policy/shapes.ts";
import { TEST_FILE } from "./policy-test/shapes.ts";

type Json = Record<string, unknown>;

const kindIs = (kind: string): Json => ({ required: ["kind"], properties: { kind: { const: kind } } });
const ours: Json = {
  required: ["apiVersion"],
  properties: { apiVersion: { type: "string", pattern: "^scopegate/" } },
};

/**
 * The schema (draft 2020-12). A document is taken by what it says it is, so that an editor's messages are about that kind;
 * other objects of Kubernetes may stand in the same file.
 */
export function policySchema(): Json {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Scopegate policies and policy tests",
    type: "object",
    if: { anyOf: [{ required: ["tests"] }, { required: ["policy"] }] },
    then: { $ref: "#/$defs/tests" },
    else: {
      if: { anyOf: [kindIs("Policy"), { ...ours, not: kindIs("Manifest") }] },
      then: { $ref: "#/$defs/policy" },
      else: {
        if: kindIs("MCPRoute"),
        then: { $ref: "#/$defs/route" },
        else: { required: ["apiVersion", "kind"] },
      },
    },
    $defs: { policy: plain(POLICY), route: plain(MCP_ROUTE), tests: plain(TEST_FILE) },
  };
}

/** Without what is only for our own editor support. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Shape).filter(
    ([name, member]) => name !== "means" || typeof member !== "string",
  );
  return Object.fromEntries(entries.map(([name, member]) => [name, plain(member)]));
}

/** The text of schema/policy.schema.json. */
export function schemaText(): string {
  return `${JSON.stringify(policySchema(), null, 2)}\n`;
}
