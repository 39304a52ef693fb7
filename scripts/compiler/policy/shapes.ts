// What an author may write, as JSON Schema with a line about each member. The readers take their names, words and ranges
// from here; so do the schema for editors (schema.ts), hover and completion (scripts/editor/).
import {
  ACTIONS,
  BACKENDS,
  BOUND,
  DENIALS,
  GOVERNED,
  JSON_TYPES,
  MAX_EXPRESSION,
  METADATA_KEY,
  MODES,
  POLICY_MODES,
  RULE_ACTIONS,
  TARGETS,
} from "./words.ts";
import { RECORD } from "./record-shape.ts";
import { HINTS } from "../lock/lock.ts";
import { DRIFT } from "../lock/locks.ts";
import { described, integer, label, list, object, text, url, word, type Meaning, type Shape } from "./json-schema.ts";

import { CLAIM_PATH, ROUTE_SOURCE, SCOPE_NAME as scopeName, SOURCE } from "./source-shapes.ts";

export { namesOf, rangeOf, type Meaning, type Shape } from "./json-schema.ts";

const when = text({
  maxLength: MAX_EXPRESSION,
  means: "when",
  description:
    "A CEL predicate over args, meta, jwt, mcp and request; the rule or entry matches only where it is true.",
});
const cel = described(when, "The same as when: ai-gateway's name for it.");

const BYTES: Shape = {
  anyOf: [
    { type: "integer", minimum: 1, maximum: 64 * 1024 * 1024 },
    { type: "string", pattern: "^\\d{1,9} ?(KiB|MiB)$" },
  ],
};

/** `limits.steps` as a number. */
export const STEPS = { type: "integer", minimum: 1000, maximum: 0x7fffffff } as const;

export const LIMITS = object(
  {
    body: described(BYTES, "Bytes of a request body: a number, or text such as 64KiB or 4MiB."),
    depth: integer(4, 1000, "How deep the body may be nested.", 128),
    steps: {
      anyOf: [STEPS, { const: "auto" }],
      description:
        "Steps of all predicates of one request; auto: they grow with its size, and so does the time they take.",
      default: "auto",
    },
    list: described(BYTES, "Bytes of a list that is read before it is filtered."),
  },
  { description: "Bounds for one request." },
);

export const LOOP_MEMBERS = object({
  limit: integer(0, 1000, "Equal challenges in the window, after which the client is told to stop; 0: off.", 3),
  window: integer(1, 86400, "Seconds.", 300),
});

const OFF: readonly Shape[] = [{ const: "off" }, { const: false }];
const shown = word({ show: true, hide: false });
const listOf = (what: string): Shape => ({
  description: `${what} in the server's lists: shown or hidden by what the caller could do with them; off: unfiltered.`,
  anyOf: [object({ callable: shown, obtainable: shown, never: shown }), ...OFF],
});

export const LISTS: Shape = {
  description: "Which items of the server's lists a caller sees.",
  anyOf: [
    object({
      tools: listOf("Tools"),
      prompts: listOf("Prompts"),
      resources: listOf("Resources"),
      resourceTemplates: listOf("Resource templates"),
      annotate: {
        type: "boolean",
        description: "Obtainable items name the scopes that would make them callable.",
        default: false,
      },
    }),
    ...OFF,
  ],
};

export const TRANSPORT = object(
  {
    GET: word(ACTIONS, { description: "Event streams.", default: "Allow" }),
    DELETE: word(ACTIONS, { description: "The end of a session.", default: "Allow" }),
    OPTIONS: word(ACTIONS, { description: "CORS preflights.", default: "Allow" }),
  },
  { description: "HTTP methods other than POST." },
);

export const METADATA = object(
  {
    name: label(128, { description: "Shown in the plugin configuration and in decisions.", default: "policy" }),
    namespace: {},
    labels: {},
    annotations: {},
  },
  { description: "The name of the policy; the other members are allowed and not read." },
);

const metadataKey = text({ pattern: METADATA_KEY.source, maxLength: 256, default: "mcp" });

export const JWT = object(
  {
    metadataKey: described(metadataKey, "The name under which jwt_authn leaves the payload."),
    metadataKeys: {
      description: "Several such names; the first one that is there is used.",
      anyOf: [list(metadataKey), metadataKey],
    },
    scopeClaims: list(CLAIM_PATH, {
      description: "The claims that have the token's scopes; scope and scp unless given.",
    }),
    senderConstrained: word(BOUND, {
      description: "Tokens that are bound to a key (cnf). verify: to the certificate of the caller's connection.",
      default: "refuse",
    }),
  },
  { description: "Where the verified payload of the token lies." },
);

export const SCOPE_DECLARATION = object({
  implies: {
    type: "array",
    items: scopeName,
    description: "Scopes that a holder of this one also holds; repo:* is every scope that begins so.",
  },
  issuedAs: { type: "array", items: scopeName, description: "What tokens have in its place." },
});

export const BACKEND = object(
  {
    from: word(BACKENDS, { description: "Where a tool's backend shows.", default: "toolPrefix" }),
    separator: text({ description: "Between backend and tool in a name, with from: toolPrefix.", default: "__" }),
    name: label(256, { description: "A fixed name: there is one backend." }),
  },
  { description: "Where a tool's backend comes from; without it names are whole." },
);

export const CHALLENGE = object({
  include: {
    ...word({ operation: false, granted: true }),
    description: "granted: a challenge also lists the scopes that the token holds already.",
    default: "operation",
  },
});

const number: Shape = { type: "number" };
const size = integer(0, 0x7fffffff, "How many: of a text its characters.");

/** A schema of an argument; `nested` stands for the schemas inside. */
function argument(nested: Shape): Shape {
  return object({
    type: {
      description: "The type that it must have; keywords about a type imply it.",
      anyOf: [
        word(Object.fromEntries(JSON_TYPES.map((name) => [name, 0]))),
        list({ type: "string", enum: JSON_TYPES }),
      ],
    },
    const: { description: "The only value." },
    enum: list({}, { description: "The only values." }),
    minimum: number,
    maximum: number,
    exclusiveMinimum: number,
    exclusiveMaximum: number,
    minLength: size,
    maxLength: size,
    pattern: text({ description: "RE2, found anywhere in the text." }),
    minItems: size,
    maxItems: size,
    items: described(nested, "What every item is."),
    properties: {
      type: "object",
      additionalProperties: nested,
      description: "Members; each must be there unless it is optional.",
    },
    required: { type: "array", items: text() },
    additionalProperties: { const: false, description: "No other members." },
    optional: { type: "boolean", description: "The property may be missing.", default: false },
  });
}

export const ARGUMENT = argument({ type: "object" });

const backendName = text({ means: "backend", description: "Only on this backend (* is any run); without it on any." });

const MORE: Record<string, Shape> = {
  backend: backendName,
  args: {
    type: "object",
    additionalProperties: argument(ARGUMENT),
    description: "The arguments, each in keywords of JSON Schema; the entry matches only where they hold.",
  },
  onlyArgs: { type: "boolean", description: "No other arguments than those under args.", default: false },
};

/** An entry of a target list: a name, or a mapping with one of `names`. */
function entries(member: string, what: string, means?: Meaning): Shape {
  const { names, more = [] } = TARGETS[member]!;
  const name = text({
    description: `The name of the ${what}; * stands for any run of characters.`,
    ...(means && { means }),
  });
  const mapping = object(
    {
      ...Object.fromEntries(names.map((key) => [key, name])),
      ...Object.fromEntries(more.map((key) => [key, MORE[key]!])),
      literal: {
        type: "boolean",
        description: "A * and what else looks like a pattern is meant as it is.",
        default: false,
      },
      when,
    },
    { oneOf: names.map((key) => ({ required: [key] })) },
  );
  return list({ anyOf: [name, mapping] });
}

const TARGET_KINDS = {
  tools: described(entries("tools", "tool", "tool"), "Calls of these tools."),
  resources: described(entries("resources", "resource"), "Resources by URI; a * stops at /, ** and a last * do not."),
  prompts: described(entries("prompts", "prompt", "prompt"), "These prompts."),
  methods: described(entries("methods", "method"), "JSON-RPC methods."),
};

/** Tools by what the lock says of them. */
export const ANNOTATIONS = object(Object.fromEntries(Object.keys(HINTS).map((name) => [name, { type: "boolean" }])), {
  minProperties: 1,
  description: "Tools that have these annotations in the lock, all of them.",
});

export const GROUP = object(
  { ...TARGET_KINDS, annotations: ANNOTATIONS },
  { minProperties: 1, description: "Calls that several rules are about." },
);

export const TARGET = object(
  {
    ...TARGET_KINDS,
    groups: list(text({ means: "group" }), { description: "Everything in these groups." }),
  },
  { minProperties: 1, description: "Which calls the rule is about; without it: all." },
);

export const ROLLOUT = object(
  {
    enforce: integer(0, 100, "For how many of 100 subjects the rule is enforced."),
    by: { const: "sub", description: "What callers are told apart by." },
  },
  { required: ["enforce"] },
);

const MODE: Shape = {
  description:
    "shadow: told, and decides nothing; off: as if it were not there; { enforce: 25 }: for a part of the subjects.",
  anyOf: [word(MODES), { const: false }, ROLLOUT],
  default: "enforce",
};

function rule(target: Shape, who: Shape, action: Shape, more: Record<string, Shape> = {}): Shape {
  return object(
    {
      name: label(128, { means: "rule", description: "Shown in decisions, logs and tests." }),
      action,
      ...more,
      source: who,
      target,
      when,
      cel,
    },
    { not: { required: ["when", "cel"] } },
  );
}

export const RULE = rule(
  TARGET,
  SOURCE,
  word(RULE_ACTIONS, {
    description: "What a match decides. Require: every such call must satisfy the rule, whatever else allows it.",
    default: "Allow",
  }),
  { mode: MODE },
);
/** An MCPRoute names only tools, and a blank `cel` is none. */
export const ROUTE_TARGET: Shape = { ...TARGET, properties: { tools: TARGET.properties!["tools"]! } };
export const ROUTE_RULE = rule(
  ROUTE_TARGET,
  ROUTE_SOURCE,
  word(ACTIONS, { description: "What a match decides.", default: "Allow" }),
);

export const LOCK: Shape = {
  description: "What the server offers (scopegate lock): a file, or one for each backend.",
  anyOf: [text({ means: "file" }), { type: "object", minProperties: 1, additionalProperties: text({ means: "file" }) }],
};

/** The document of `apiVersion: scopegate/v1`, `kind: Policy`. */
export const POLICY = object(
  {
    apiVersion: { const: "scopegate/v1" },
    kind: { const: "Policy" },
    metadata: METADATA,
    resource: url("RFC 9728 resource: the URL that clients use."),
    resourceName: label(256, { description: "resource_name of the metadata document." }),
    resourceMetadata: url("resource_metadata of every challenge; made from resource."),
    authorizationServers: list(url("An authorization server."), { description: "For the metadata document." }),
    metadataDocument: { type: "boolean", description: "The filter answers requests for the metadata document." },
    scopesSupported: { type: "array", items: scopeName, description: "scopes_supported of the document." },
    jwt: JWT,
    scopes: {
      type: "object",
      description: "The scope hierarchy.",
      propertyNames: scopeName,
      additionalProperties: { anyOf: [SCOPE_DECLARATION, { type: "null" }] },
    },
    backend: BACKEND,
    data: {
      type: "object",
      description: "Constants for predicates, any JSON: data.NAME.",
    },
    dataFile: text({ means: "file", description: "A JSON file with more of them." }),
    groups: {
      type: "object",
      description: "Named lists of targets, for target: { groups: [NAME] }.",
      propertyNames: label(128),
      additionalProperties: GROUP,
    },
    govern: list(word(GOVERNED), { description: "The kinds of calls that the rules decide about." }),
    defaultAction: word(ACTIONS, { description: "For a governed call that no rule matches.", default: "Deny" }),
    challenge: described(CHALLENGE, "What a challenge lists."),
    denial: {
      ...word(DENIALS),
      description:
        "in-band: a denial is a 200 with a JSON-RPC error, without a challenge. mixed: a 403 where a challenge helps.",
      default: "http",
    },
    headers: {
      ...word({ strict: false, lenient: true }),
      description: "lenient: a mirror header that contradicts the body is counted, not refused.",
      default: "strict",
    },
    limits: LIMITS,
    lists: LISTS,
    loop: {
      description: "The end of repeated challenges.",
      anyOf: [LOOP_MEMBERS, { const: "off" }, { const: false }],
    },
    transport: TRANSPORT,
    record: RECORD,
    mode: word(POLICY_MODES, {
      description: "shadow: calls pass that would be denied, and it is told.",
      default: "enforce",
    }),
    lock: LOCK,
    drift: word(DRIFT, {
      description: "Tools in a live list that are not as in the lock: counted, or hidden from the list.",
      default: "count",
    }),
    rules: { type: "array", items: RULE, description: "In order; the first match decides." },
  },
  { required: ["apiVersion", "kind"] },
);
