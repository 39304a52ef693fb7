// What an author may write under `record`.
import { list, object, text, word, type Shape } from "./json-schema.ts";
import { ARGUMENT_PATH, FORMS, MAX_ARGUMENT, RECORDED } from "./words.ts";

const yes = (description: string): Shape => ({ type: "boolean", description, default: false });
const paths = (description: string): Shape =>
  list(text({ pattern: ARGUMENT_PATH.source, maxLength: MAX_ARGUMENT }), { description });

export const RECORD = object(
  {
    of: {
      description: "Which decisions are recorded; denials: all but those that pass.",
      anyOf: [word(RECORDED), { const: false }],
      default: "all",
    },
    form: word(FORMS, { description: "text: one line, which costs less and has less.", default: "object" }),
    token: yes("Subject, client, issuer and actors of the token."),
    scopes: yes("The scopes that the token holds."),
    session: yes("mcp.session.id, hashed with the key of the plugin configuration."),
    args: paths("Arguments that records have, by their paths: options.region."),
    hash: paths("Arguments of which records have a hash."),
  },
  { description: "What the access log gets to know of each decision." },
);
