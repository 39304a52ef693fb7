// Literal tokens → constants: number ranges and escapes as cel-go reads them (parser.go, unescape.go).
import { Tag } from "../../../assembly/program.ts";
import type { Constant } from "./code.ts";
import type { Token } from "./lexer.ts";

export const MIN_INT = -(2n ** 63n);
export const MAX_INT = 2n ** 63n - 1n;
export const MAX_UINT = 2n ** 64n - 1n;

/** The value of a literal token, or a message if it has none. `negative`: preceded by a minus. */
export function literalValue(token: Token, negative: boolean): Constant | string {
  const sign = negative ? "-" : "";
  switch (token.kind) {
    case "int": {
      const value = BigInt(decimal(token.text)) * (negative ? -1n : 1n);
      if (value < MIN_INT || value > MAX_INT) return `${sign}${token.text} does not fit into a 64-bit int`;
      return { tag: Tag.Int, value };
    }
    case "uint": {
      const value = BigInt(decimal(token.text.slice(0, -1)));
      return value > MAX_UINT ? `${token.text} does not fit into a 64-bit uint` : { tag: Tag.Uint, value };
    }
    case "float": {
      const value = Number(sign + token.text);
      return Number.isFinite(value) ? { tag: Tag.Double, value } : `${token.text} does not fit into a double`;
    }
    case "string":
      return stringValue(token.text);
    case "bytes":
      return bytesValue(token.text.slice(1));
    default:
      return token.text === "null" ? { tag: Tag.Null } : { tag: Tag.Bool, value: token.text === "true" };
  }
}

/** Leading zeros do not mean octal in CEL. */
function decimal(text: string): string {
  return text.startsWith("0x") ? text : text.replace(/^0+(?=\d)/, "");
}

/** The text between the quotes, line ends as \n, and whether escapes in it are interpreted. */
function content(quoted: string): { text: string; raw: boolean } {
  const raw = /^[rR]/.test(quoted);
  const text = (raw ? quoted.slice(1) : quoted).replace(/\r\n?/g, "\n");
  const quote = /^("""|''')/.test(text) ? 3 : 1;
  return { text: text.slice(quote, text.length - quote), raw };
}

const SIMPLE: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const ESCAPE = /(\\(?:[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-3][0-7]{2}|[^]))/;

/** The text split at its escapes, which are at the odd indexes. */
function cutEscapes(text: string): string[] {
  return text.split(ESCAPE);
}

function codeOf(escape: string): number {
  const letter = escape[1] ?? "";
  if (/[xXuU]/.test(letter)) return parseInt(escape.slice(2), 16);
  if (/[0-3]/.test(letter)) return parseInt(escape.slice(1), 8);
  return SIMPLE[letter] ?? letter.charCodeAt(0);
}

function stringValue(quoted: string): Constant | string {
  const { text, raw } = content(quoted);
  if (raw || !text.includes("\\")) return { tag: Tag.String, value: text };
  let value = "";
  for (const [i, piece] of cutEscapes(text).entries()) {
    if (i % 2 === 0) {
      value += piece;
      continue;
    }
    const code = codeOf(piece);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return `${piece} is not a Unicode character`;
    value += String.fromCodePoint(code);
  }
  return { tag: Tag.String, value };
}

/** In bytes, \x and octal escapes are bytes; other characters are encoded as UTF-8. */
function bytesValue(quoted: string): Constant | string {
  const { text, raw } = content(quoted);
  const bytes: number[] = [];
  for (const [i, piece] of (raw ? [text] : cutEscapes(text)).entries()) {
    if (i % 2 === 0) bytes.push(...new TextEncoder().encode(piece));
    else if (/^\\[uU]/.test(piece)) return `${piece} is not allowed in bytes: write the bytes as \\x..`;
    else bytes.push(codeOf(piece));
  }
  return { tag: Tag.Bytes, value: Uint8Array.from(bytes) };
}
