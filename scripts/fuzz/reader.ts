// A second reader of JSON texts: slow, obvious, written from RFC 8259 and docs/wire-profile.md, sharing nothing with the
// filter's. It is the oracle for what is acceptable at all.

export type Tree =
  | { kind: "object"; members: Member[] }
  | { kind: "array"; items: Tree[] }
  | { kind: "string"; value: string; raw: string }
  | { kind: "number"; raw: string }
  | { kind: "literal"; value: null | boolean };

export interface Member {
  key: string;
  value: Tree;
}

export const MAX_DEPTH = 128;

class Refused extends Error {}

/** The value in the bytes; undefined if any rule of the wire profile is broken. */
export function readStrict(bytes: Uint8Array): Tree | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const reader = new Reader(text);
    const tree = reader.value(0);
    reader.end();
    return tree;
  } catch (error) {
    if (error instanceof Refused || error instanceof TypeError) return undefined;
    throw error;
  }
}

const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): Tree {
    this.spaces();
    const next = this.text[this.at];
    if (next === "{") return this.object(depth + 1);
    if (next === "[") return this.array(depth + 1);
    if (next === '"') return this.string();
    for (const [word, value] of [
      ["null", null],
      ["true", true],
      ["false", false],
    ] as const)
      if (this.text.startsWith(word, this.at)) return ((this.at += word.length), { kind: "literal", value });
    return this.number();
  }

  end(): void {
    this.spaces();
    this.want(this.at === this.text.length);
  }

  private want(condition: boolean): void {
    if (!condition) throw new Refused();
  }

  private spaces(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at]!)) this.at++;
  }

  private take(char: string): boolean {
    this.spaces();
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private object(depth: number): Tree {
    this.want(depth <= MAX_DEPTH);
    const members: Member[] = [];
    const keys = new Set<string>();
    this.at++;
    if (this.take("}")) return { kind: "object", members };
    do {
      this.spaces();
      this.want(this.text[this.at] === '"');
      const key = this.string().value;
      this.want(this.take(":") && !keys.has(key));
      keys.add(key);
      members.push({ key, value: this.value(depth) });
    } while (this.take(","));
    this.want(this.take("}"));
    return { kind: "object", members };
  }

  private array(depth: number): Tree {
    this.want(depth <= MAX_DEPTH);
    const items: Tree[] = [];
    this.at++;
    if (this.take("]")) return { kind: "array", items };
    do items.push(this.value(depth));
    while (this.take(","));
    this.want(this.take("]"));
    return { kind: "array", items };
  }

  private number(): Tree {
    const found = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    found.lastIndex = this.at;
    const raw = found.exec(this.text)?.[0] ?? "";
    this.want(raw !== "" && Number.isFinite(Number(raw)));
    this.at += raw.length;
    return { kind: "number", raw };
  }

  private string(): Tree & { kind: "string" } {
    const start = this.at++;
    let value = "";
    while (this.text[this.at] !== '"') {
      this.want(this.at < this.text.length && this.text[this.at]! >= " ");
      value += this.text[this.at] === "\\" ? this.escape() : this.text[this.at++];
    }
    this.at++;
    this.want(value.isWellFormed());
    return { kind: "string", value, raw: this.text.slice(start, this.at) };
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? "";
    if (letter === "u") {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      this.want(/^[0-9a-fA-F]{4}$/.test(digits));
      this.at += 6;
      return String.fromCharCode(parseInt(digits, 16));
    }
    this.want(letter in ESCAPES);
    this.at += 2;
    return ESCAPES[letter]!;
  }
}

/** A member of an object; undefined for anything but an object. */
export function member(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === "object" ? tree.members.find((item) => item.key === key)?.value : undefined;
}

/** As lenient readers compare keys: ASCII case, U+017F, U+212A, and NUL, _ and - left out. */
export function folded(key: string): string {
  return key
    .replace(/[\0_-]/g, "")
    .replace(/\u017f/g, "s")
    .replace(/\u212a/g, "k")
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether an object has a different key that lenient readers treat as `key`. */
export function hasTwin(tree: Tree | undefined, key: string): boolean {
  return tree?.kind === "object" && tree.members.some((item) => item.key !== key && folded(item.key) === folded(key));
}

/** Whether a number has more digits than readers agree on (docs/when.md): only some of them keep what the double loses. */
export function losesDigits(tree: Tree | undefined): boolean {
  if (tree?.kind !== "number") return false;
  const [, whole = "", fraction = "", power = "0"] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(tree.raw) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "").length;
  if (kept <= 17 || kept > 40) return kept > 40;
  if (kept <= 20 && digits.length - fraction.length + Number(power) >= kept) return false;
  const shortest = Number(tree.raw)
    .toExponential()
    .replace(/e.*|[-.]/g, "");
  return shortest.replace(/0+$/, "").length <= 15;
}

/** Whether such a number is anywhere in a value. */
export function hasLossyNumber(tree: Tree): boolean {
  if (tree.kind === "object") return tree.members.some(({ value }) => hasLossyNumber(value));
  return tree.kind === "array" ? tree.items.some(hasLossyNumber) : losesDigits(tree);
}

/** What an ordinary program sees. */
export function plain(tree: Tree): unknown {
  switch (tree.kind) {
    case "object":
      return Object.fromEntries(tree.members.map(({ key, value }) => [key, plain(value)]));
    case "array":
      return tree.items.map(plain);
    case "number":
      return Number(tree.raw);
    default:
      return tree.value;
  }
}
