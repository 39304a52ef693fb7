// What is read of ai-gateway's MCPRoute, as JSON Schema: the members that route requests are not looked at.
import { namesOf, POLICY, ROUTE_RULE, type Shape } from "./shapes.ts";
import { ACTIONS } from "./words.ts";

const open = (properties: Record<string, Shape>, description?: string): Shape => ({
  type: ["object", "null"],
  properties,
  ...(description !== undefined && { description }),
});
const own = (name: string): Shape => POLICY.properties![name]!;

export const AUTHORIZATION: Shape = {
  type: "object",
  properties: {
    defaultAction: { type: "string", enum: Object.keys(ACTIONS), default: "Deny" },
    rules: { type: "array", items: ROUTE_RULE, description: "In order; the first match decides." },
  },
  additionalProperties: false,
  description: "Who may call which tools.",
};
export const AUTHORIZATION_NAMES = namesOf(AUTHORIZATION);

const OAUTH = open({
  issuer: own("resource"),
  audiences: { type: "array", items: { type: "string", minLength: 1 } },
  protectedResourceMetadata: open({
    resource: own("resource"),
    resourceName: own("resourceName"),
    scopesSupported: own("scopesSupported"),
  }),
});

export const ROUTE_VERSIONS = ["aigateway.envoyproxy.io/v1alpha1", "aigateway.envoyproxy.io/v1beta1"];

/** The document of `kind: MCPRoute`. */
export const MCP_ROUTE: Shape = {
  type: "object",
  properties: {
    apiVersion: { enum: ROUTE_VERSIONS },
    kind: { const: "MCPRoute" },
    metadata: open({ name: { type: "string", minLength: 1, maxLength: 253 } }),
    spec: open({ securityPolicy: open({ oauth: OAUTH, authorization: AUTHORIZATION }) }),
  },
  required: ["apiVersion", "kind"],
};
