// The tool calls that are measured. The argument that decides always comes last, after the filler.

/** Approximate sizes in bytes, as the tables name them. */
export const SIZES: [name: string, bytes: number][] = [
  ["200 B", 200],
  ["4 KiB", 4 << 10],
  ["64 KiB", 64 << 10],
  ["1 MiB", 1 << 20],
];

/** What the filler of a call is made of. */
export const SHAPES = {
  mixed: "half one long string, half an array of small objects",
  string: "one long string: a text file, with an escape or a non-ASCII letter about every 17 bytes",
  plain: "one long string of ASCII without escapes",
  rows: "an array of small objects",
  numbers: "an array of integers and decimals",
  keys: "one object with many short keys",
} as const;

export type Shape = keyof typeof SHAPES;

export const GREETING = "Hello, World!";
const LINE = 'a "quoted" word, a tab\t, café and plain text to the end of the line\n';
const PLAIN = "plain text without anything to stop at ";

/** A call of `tool` with about `bytes` bytes. */
export function callOf(tool: string, bytes: number, shape: Shape = "mixed", text = GREETING): Buffer {
  const empty = message(tool, {}, text);
  const wanted = bytes - empty.length;
  // Too small for a filler of any shape: a plain string pads the size.
  if (wanted < 1000) return message(tool, wanted > 12 ? { greeting: "x".repeat(wanted - 14) } : {}, text);
  return message(tool, filler(shape, wanted), text);
}

/** Calls of 200 bytes, each with its keys in a different order from the one before, and with a different argument name. */
export function unlikeCalls(tool: string, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => message(tool, { [`greeting${i}`]: "x".repeat(38) }, GREETING, i));
}

/** A call; the first `by` members of each of its objects, modulo their number, come last. */
function message(tool: string, args: object, text: string, by = 0): Buffer {
  const params = { name: tool, arguments: turned({ ...args, text }, by), _meta: { progressToken: 1 } };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: turned(params, by) };
  return Buffer.from(JSON.stringify(turned(call, by)));
}

function turned(object: object, by: number): object {
  const entries = Object.entries(object);
  const first = by % entries.length;
  return Object.fromEntries([...entries.slice(first), ...entries.slice(0, first)]);
}

function filler(shape: Shape, bytes: number): object {
  if (shape === "string") return { document: LINE.repeat(bytes / sizeOf(LINE)) };
  if (shape === "plain") return { document: PLAIN.repeat(bytes / PLAIN.length) };
  if (shape === "rows") return { rows: list(bytes, row) };
  if (shape === "numbers") return { numbers: list(bytes, (i) => (i % 2 ? (i * 7919) % 10_000 : (i % 1000) / 8)) };
  if (shape === "keys")
    return { keys: Object.fromEntries(list(bytes, (i) => [`k${i.toString(36)}`, i % 10] as const, 2)) };
  return { ...filler("string", bytes / 2), ...filler("rows", bytes / 2) };
}

function row(id: number): object {
  return { id, name: `row ${id}`, score: id / 4, ok: id % 3 === 0, tags: ["alpha", "beta"], note: null };
}

/** As many items as fill `bytes` bytes of JSON, if each loses `brackets` bytes later. */
function list<T>(bytes: number, item: (index: number) => T, brackets = 0): T[] {
  const items: T[] = [];
  for (let size = 0; size < bytes; size += sizeOf(items.at(-1)) + 1 - brackets) items.push(item(items.length));
  return items;
}

/** Bytes of a value as JSON, without the quotes of a string. */
function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) - (typeof value === "string" ? 2 : 0);
}
