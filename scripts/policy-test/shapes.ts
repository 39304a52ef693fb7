// What a policy test file may say, as JSON Schema: the names that file.ts takes, and the schema for editors.
import type { Shape } from "../compiler/policy/shapes.ts";
import { LIST_KINDS } from "../evaluate/list.ts";
import type { EvalRequest } from "../evaluate/request.ts";

const closed = (properties: Record<string, Shape>, required: string[], description?: string): Shape => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
  ...(description !== undefined && { description }),
});

export const DECISIONS = ["allow", "deny", "reject", "unauthenticated", "answer"];

const name = (description: string, means?: Shape["means"]): Shape => ({
  type: "string",
  description,
  ...(means && { means }),
});

export const CALL = closed(
  {
    tool: name("The tool, without its backend's prefix.", "tool"),
    backend: name("The backend, put where the policy looks for it.", "backend"),
    args: { description: "The arguments." },
    resource: name("resources/read of this URI."),
    prompt: name("prompts/get of this prompt.", "prompt"),
    method: name("Any other method, with params."),
    params: { type: "object" },
    meta: { description: "_meta of the call." },
  },
  [],
  "A call, in place of a whole request.",
);
const oneOf = ["tool", "resource", "prompt", "method"].map((member): Shape => ({ required: [member] }));

const headers: Shape = {
  type: "object",
  additionalProperties: { type: ["string", "array", "null"], items: { type: "string" } },
};

/** Where the call comes from, and when. */
const CALLER = {
  badToken: { type: "boolean", description: "A token came that did not verify." },
  address: { type: ["string", "null"], description: "The caller's address, without a port; null: unknown." },
  principal: {
    description: "The caller's certificate: a URI name, or {uri: [], dns: [], subject}.",
    anyOf: [
      { type: "string" },
      closed(
        {
          uri: { type: "array", items: { type: "string" } },
          dns: { type: "array", items: { type: "string" } },
          subject: { type: "string" },
        },
        [],
      ),
    ],
  },
  time: { type: "string", description: "The host's clock, RFC 3339." },
} satisfies Record<string, Shape>;
export const CALLER_FIELDS = Object.keys(CALLER);

/** The fields of `scopegate eval`, but for id and policy. */
const FIELDS: Record<Exclude<keyof EvalRequest, "id" | "policy" | "policies" | "candidate">, Shape> = {
  payload: { type: ["object", "null"], description: "The verified payload of the token; null: no token." },
  payloadForm: { enum: ["plain", "normalized"] },
  method: { type: "string" },
  path: { type: "string" },
  authority: { type: "string" },
  headers,
  body: { type: "string" },
  bodyBase64: { type: "string" },
  chunks: { type: "array", items: { type: "integer", minimum: 1 } },
  trailers: headers,
  route: { type: "string" },
  cluster: { type: "string" },
  ...CALLER,
  response: { type: "object", description: "The server's answer, as in scopegate eval." },
};

export const EXPECTATION = closed(
  {
    decision: { enum: DECISIONS, description: "What must come of it." },
    rule: { type: ["string", "null"], description: "The deciding rule; null: none.", means: "rule" },
    scopes: {
      type: ["array", "null"],
      items: { type: "string", means: "scope" },
      description: "The scopes of the challenge, in any order; null: no challenge.",
    },
    reason: { type: ["string", "null"], description: "The reason code (docs/reasons.md)." },
  },
  ["decision"],
);

const items: Shape = { type: "array", items: { type: "string" } };
export const LIST_EXPECTATION = closed(
  { callable: items, obtainable: items, never: items },
  [],
  "The names of items, by what the caller could do with them.",
);

export const TEST: Shape = {
  ...closed(
    {
      name: name("What is tested, in words."),
      payload: {
        ...FIELDS.payload,
        description: "The verified payload of the token; without it and scopes: no token.",
      },
      scopes: {
        type: "array",
        items: { type: "string", means: "scope" },
        description: "Short for a payload with only these scopes.",
      },
      anonymous: { const: true, description: "The call has no token; the same as no payload and no scopes." },
      ...CALLER,
      call: { ...CALL, oneOf },
      request: closed(
        { id: { type: "string" }, policy: { type: "object" }, ...FIELDS },
        [],
        "The fields of scopegate eval.",
      ),
      list: { enum: LIST_KINDS, description: "In place of a call: which items of such a list are shown." },
      expect: { anyOf: [EXPECTATION, LIST_EXPECTATION] },
    },
    ["name", "expect"],
  ),
  oneOf: [{ required: ["call"] }, { required: ["request"] }, { required: ["list"] }],
  not: {
    anyOf: [
      ["payload", "scopes"],
      ["payload", "anonymous"],
      ["scopes", "anonymous"],
    ].map((required) => ({ required })),
  },
};

export const TEST_FILE: Shape = closed(
  {
    policy: name("The policy's path beside this file.", "file"),
    tests: { type: "array", items: TEST },
  },
  ["policy", "tests"],
);
