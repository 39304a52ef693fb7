// Whom a rule is about, as JSON Schema: scopes, claims, addresses and certificates.
import { described, list, object, text, word, type Shape } from "./json-schema.ts";
import { CLAIM_TYPES } from "./words.ts";
import { SCOPE } from "../source/shape.ts";

export const SCOPE_NAME = text({ pattern: SCOPE.source, maxLength: 256, means: "scope" });

export const CLAIM_PATH: Shape = {
  description: "A claim; dots lead into objects: org.unit. A list is the path itself, for keys with dots.",
  anyOf: [text({ means: "claim" }), list(text())],
};

const claimValues: Shape = { type: "array", items: text(), description: "One of these must be there." };
/** A claim in an MCPRoute. */
export const ROUTE_CLAIM = object(
  {
    name: text({ means: "claim", description: "The claim; dots lead into objects: org.unit." }),
    valueType: word(CLAIM_TYPES, { description: "StringArray: the claim is a list.", default: "String" }),
    values: claimValues,
  },
  { required: ["name", "values"] },
);
export const CLAIM = object(
  {
    name: CLAIM_PATH,
    valueType: word(CLAIM_TYPES, {
      description: "String: the claim must be a text; otherwise a list may have it, too.",
    }),
    values: claimValues,
    patterns: list(text(), { description: "Or one of these, where * is any run of characters." }),
    present: { const: true, description: "The claim must be there, whatever it is." },
    literal: { type: "boolean", description: "A * in values is meant as it is.", default: false },
  },
  { required: ["name"], anyOf: ["values", "patterns", "present"].map((member) => ({ required: [member] })) },
);

export const ANY_OF = object(
  { anyOf: list(SCOPE_NAME, { description: "One of these; a challenge asks for the one that keeps it smallest." }) },
  { required: ["anyOf"] },
);

function jwtSource(scope: Shape, claim: Shape): Shape {
  return object(
    {
      scopes: list(scope, { description: "All of these; a challenge asks for those that are missing." }),
      claims: list(claim, { description: "All of these must hold; no challenge helps where one does not." }),
    },
    { minProperties: 1 },
  );
}

const templated = described(SCOPE_NAME, "A scope; {args.owner} stands for a value of the call.");
export const JWT_SOURCE = jwtSource({ anyOf: [templated, ANY_OF] }, CLAIM);

/** In an MCPRoute. */
export const ROUTE_SOURCE = object(
  { jwt: jwtSource(SCOPE_NAME, ROUTE_CLAIM) },
  { minProperties: 1, description: "Whom the rule is about." },
);
export const SOURCE = object(
  {
    jwt: JWT_SOURCE,
    anonymous: { type: "boolean", description: "The rule holds without a token, too; never beside jwt." },
    ip: list(text(), { description: "The caller's address is in one of these ranges: 10.0.0.0/8, 2001:db8::/32." }),
    principals: list(text(), {
      description:
        "The first URI name or the first DNS name of the caller's certificate is one of these; * is any run.",
    }),
  },
  { minProperties: 1, description: "Whom the rule is about." },
);
