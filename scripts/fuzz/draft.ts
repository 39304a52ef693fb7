// Random JSON texts: values as drafts, which can contain what JSON forbids, printed in one of many spellings.
import type { Choice } from "../../tests/support/random.ts";

export type Draft = Draft[] | { members: [key: string, value: Draft][] } | { text: string } | { verbatim: string };

export const object = (...members: [string, Draft][]): Draft => ({ members });
export const text = (value: string): Draft => ({ text: value });
export const verbatim = (value: unknown): Draft => ({
  verbatim: typeof value === "string" ? value : JSON.stringify(value),
});

export const isObject = (draft: Draft): draft is { members: [string, Draft][] } => "members" in draft;

/** A draft of an ordinary value. */
export function draftOf(value: unknown): Draft {
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return value.map(draftOf);
  if (typeof value !== "object" || value === null) return verbatim(value);
  return { members: Object.entries(value).map(([key, item]) => [key, draftOf(item)]) };
}

export const STRINGS = [
  ...[
    "",
    "a",
    "Hello, x!",
    "Hello, !",
    "hello, x!",
    "Hello, \u2028!",
    "Hello, \ud83d\ude00!",
    "Hello, a\nb!",
    "é",
    "\u0000",
    "\ud83d\ude00",
  ],
  ...[
    "null",
    "1",
    "{}",
    "\uffff",
    "\u017f",
    "\u212a",
    'quote " and \\',
    "x".repeat(17),
    "y".repeat(300),
    "\u07ff\u0800\ufffd",
  ],
];
const NUMBERS = (
  "0 1 -1 1.0 -0 1e2 100 101 100.00000000000001 99.99999999999999999 1E+2 1e-400 0e999 0.0e400 " +
  "123456789012345 1234567890123456 9007199254740993 1e308 1.7976931348623158e308"
).split(" ");
const BROKEN = [
  ...[
    "01",
    "+1",
    ".5",
    "1.",
    "1e",
    "-",
    "NaN",
    "Infinity",
    "0x10",
    "1e400",
    "tru",
    "True",
    "nulll",
    "'a'",
    "",
    "1 2",
    "/**/1",
    "--1",
    "1e999",
    "1.7976931348623159e308",
    "0.000001e400",
    "-1e309",
  ],
  ...[
    '"\\x41"',
    '"\\u12"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\t"',
    '"\\\'"',
    '"a',
    '"\\u00zz"',
    "[1,]",
    "{,}",
    '{"a"}',
    '{"a":1,}',
    "[,1]",
    "[1 2]",
    "{1:2}",
    '{"a":1 "b":2}',
  ],
];

/** A random value; its size shrinks with `depth`. `broken` is the probability that it is not JSON. */
export function randomValue(choice: Choice, depth: number, broken: number): Draft {
  if (choice.chance(broken)) return verbatim(choice.one(BROKEN));
  const kind = depth <= 0 ? choice.below(4) : choice.below(7);
  if (kind === 0) return text(choice.one(STRINGS));
  if (kind === 1) return verbatim(choice.one(["true", "false", "null"]));
  if (kind <= 3) return verbatim(choice.one(NUMBERS));
  if (kind === 4) return Array.from({ length: choice.below(5) }, () => verbatim(String(1 + choice.below(1_000_000))));
  const size = choice.chance(0.03) ? 15 + choice.below(60) : choice.below(4);
  if (kind === 5) return Array.from({ length: size }, () => randomValue(choice, depth - 1, broken));
  return {
    members: Array.from({ length: size }, (_, i) => [
      `${choice.one(STRINGS)}${i}`,
      randomValue(choice, depth - 1, broken),
    ]),
  };
}

/** A value inside `depth` containers. */
export function nested(choice: Choice, depth: number): Draft {
  let draft: Draft = verbatim("1");
  for (let i = 0; i < depth; i++) draft = choice.chance(0.5) ? [draft] : object(["k", draft]);
  return draft;
}

/** A value of about this many bytes that demands as much of a reader as possible. */
export function bulk(choice: Choice, bytes: number): Draft {
  const many = (size: number, make: (index: number) => Draft): Draft[] =>
    Array.from({ length: Math.floor(bytes / size) }, (_, i) => make(i));
  const keyed = (size: number, key: (index: number) => string): Draft => ({
    members: many(size, () => verbatim("0")).map((value, i) => [key(i), value]),
  });
  return choice.one<() => Draft>([
    () => keyed(8, (i) => i.toString(36)),
    () => keyed(16, (i) => `\u0001${i.toString(36)}`),
    () => many(3, () => []),
    () => many(2, () => verbatim("7")),
    () => many(9, (i) => object([(i % 36).toString(36), verbatim("0")])),
    () => text("\u{1F600}".repeat(bytes >> 2)),
    () => text("\u0001".repeat(bytes / 6)),
    () => verbatim("9".repeat(bytes)),
    () => verbatim(`0.${"1".repeat(bytes)}`),
    () => keyed(300, (i) => "k".repeat(290) + i),
  ])();
}

/** How a text is spelled: the probability of a space between tokens, and of an escape for a character. */
interface Spelling {
  spaces: number;
  escapes: number;
}

export function print(draft: Draft, choice: Choice, spelling: Spelling): string {
  const space = (): string => (choice.chance(spelling.spaces) ? choice.one([" ", "\n", "\t", "\r\n", "   "]) : "");
  const join = (open: string, parts: string[], close: string): string =>
    space() +
    open +
    (parts.length === 0 ? space() : parts.map((part) => space() + part + space()).join()) +
    close +
    space();
  if (Array.isArray(draft))
    return join(
      "[",
      draft.map((item) => print(item, choice, spelling)),
      "]",
    );
  if ("verbatim" in draft) return draft.verbatim;
  if ("text" in draft) return quote(draft.text, choice, spelling.escapes);
  const member = ([key, value]: [string, Draft]): string =>
    quote(key, choice, spelling.escapes) + space() + ":" + space() + print(value, choice, spelling);
  return join("{", draft.members.map(member), "}");
}

const SHORT: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(value: string, choice: Choice, escapes: number): string {
  let out = '"';
  for (const unit of value.split("")) {
    if (choice.chance(escapes) || unit < " " || unit === '"' || unit === "\\") out += escape(unit, choice);
    else out += unit;
  }
  // A surrogate pair with only one half escaped is not valid text: then everything is escaped.
  return out.isWellFormed()
    ? `${out}"`
    : JSON.stringify(value).replace(/[\u0080-\uffff]/g, (unit) => escape(unit, choice));
}

function escape(unit: string, choice: Choice): string {
  if (unit === "/" && choice.chance(0.5)) return "\\/";
  if (Object.hasOwn(SHORT, unit) && choice.chance(0.5)) return SHORT[unit]!;
  const digits = unit.charCodeAt(0).toString(16).padStart(4, "0");
  return `\\u${choice.chance(0.5) ? digits : digits.toUpperCase()}`;
}
