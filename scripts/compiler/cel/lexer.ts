// Text of a `when` → tokens, by the lexer rules of cel-go's grammar (CEL.g4).
import type { Problems } from "./problems.ts";

export type TokenKind = "ident" | "quoted" | "int" | "uint" | "float" | "string" | "bytes" | "sign" | "end";

/** `sign` covers operators, brackets and the words `in`, `true`, `false`, `null`. */
export interface Token {
  kind: TokenKind;
  text: string;
  start: number;
  end: number;
}

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${"`"}]|[0-3][0-7]{2}|[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})`;
const STRING = [
  String.raw`"""(?:${ESCAPE}|[^\\])*?"""`,
  String.raw`'''(?:${ESCAPE}|[^\\])*?'''`,
  String.raw`[rR]"""[^]*?"""`,
  String.raw`[rR]'''[^]*?'''`,
  String.raw`"(?:${ESCAPE}|[^\\"\n\r])*"`,
  String.raw`'(?:${ESCAPE}|[^\\'\n\r])*'`,
  String.raw`[rR]"[^"\n\r]*"`,
  String.raw`[rR]'[^'\n\r]*'`,
].join("|");

// At each place the longest match wins, and the first of equally long ones.
const RULES: [TokenKind | "space", RegExp][] = [
  ["space", /[\t \r\n\f]+|\/\/[^\n]*/y],
  ["sign", /(?:in|true|false|null)|==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
  ["float", /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y],
  ["int", /0x[\da-fA-F]+|\d+/y],
  ["uint", /(?:0x[\da-fA-F]+|\d+)[uU]/y],
  ["string", new RegExp(STRING, "y")],
  ["bytes", new RegExp(`[bB](?:${STRING})`, "y")],
  ["ident", /[A-Za-z_]\w*/y],
  ["quoted", /`[\w.\-/ ]+`/y],
];

/** All tokens, followed by an `end`; anything else is reported and skipped. */
export function tokenize(text: string, problems: Problems): Token[] {
  const tokens: Token[] = [];
  let start = 0;
  while (start < text.length) {
    const [kind, end] = longest(text, start);
    if (end === start) {
      start = reportBad(text, start, problems);
      continue;
    }
    if (kind !== "space") tokens.push({ kind, text: text.slice(start, end), start, end });
    start = end;
  }
  tokens.push({ kind: "end", text: "", start, end: start });
  return tokens;
}

function longest(text: string, start: number): [TokenKind | "space", number] {
  let best: TokenKind | "space" = "end";
  let end = start;
  for (const [kind, rule] of RULES) {
    rule.lastIndex = start;
    if (rule.test(text) && rule.lastIndex > end) [best, end] = [kind, rule.lastIndex];
  }
  return [best, end];
}

const SLIPS: [RegExp, string, string][] = [
  [
    /["']/y,
    "unterminated string, or a `\\` in it that starts no escape",
    'write `\\\\` for a backslash, or r"…" for a raw string',
  ],
  [/`/y, "a quoted field name has only letters, digits, spaces and _ . - /", 'use ["…"] for other keys'],
  [/===?|=~?/y, "`=` is not a CEL operator", 'compare with `==`; match a regex with x.matches("…")'],
  [/&/y, "`&` is not a CEL operator", "write `&&`"],
  [/\|/y, "`|` is not a CEL operator", "write `||`"],
  [/[“”„‘’]/y, "typographic quotes do not start a string", "use \" or '"],
  [/[\ud800-\udbff][\udc00-\udfff]|[^]/y, "unexpected character", "outside strings, CEL is ASCII only"],
];

/** Reports what is wrong at `start`; returns where to continue. */
function reportBad(text: string, start: number, problems: Problems): number {
  for (const [pattern, message, hint] of SLIPS) {
    pattern.lastIndex = start;
    if (!pattern.test(text)) continue;
    const end = message.startsWith("unterminated") ? lineEnd(text, start) : pattern.lastIndex;
    problems.error({ start, end }, message, hint);
    return end;
  }
  return start + 1;
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}
