// JSON with the place of every value, so that what stays in an answer stays byte by byte. The grammar is RFC 8259's to the
// letter; what two readers could take differently is a fault that stands where it was found.

export type Reason =
  "not_json" | "invalid_utf8" | "duplicate_key" | "ambiguous_key" | "number_range" | "too_deep" | "too_many_members";

interface Place {
  start: number;
  end: number;
  /** Of this very value or of its keys; what is wrong further inside stands there. */
  fault?: Reason;
}

export interface ObjectNode extends Place {
  kind: "object";
  members: { key: string; start: number; value: JsonNode }[];
}

export interface ArrayNode extends Place {
  kind: "array";
  items: JsonNode[];
}

export type JsonNode = ObjectNode | ArrayNode | (Place & { kind: "text"; value: string }) | (Place & { kind: "other" });

/** No JSON at all. */
export class NotJson extends Error {
  constructor(readonly reason: Reason) {
    super(reason);
  }
}

const MAX_DEPTH = 128;
const MAX_MEMBERS = 131_072;

/** The text of bytes that are UTF-8. Throws NotJson. */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotJson("invalid_utf8");
  }
}

/** The one value of a text. Throws NotJson. */
export function parseJson(text: string): JsonNode {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): JsonNode {
    this.blanks();
    if (depth > 1_000) throw new NotJson("too_deep");
    const next = this.text[this.at];
    const node = next === "{" ? this.object(depth) : next === "[" ? this.array(depth) : this.scalar();
    if (depth >= MAX_DEPTH && (node.kind === "object" || node.kind === "array")) node.fault ??= "too_deep";
    return node;
  }

  end(): void {
    this.blanks();
    if (this.at < this.text.length) throw new NotJson("not_json");
  }

  private blanks(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at]!)) this.at++;
  }

  private take(sign: string): boolean {
    this.blanks();
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private need(sign: string): void {
    if (!this.take(sign)) throw new NotJson("not_json");
  }

  private object(depth: number): ObjectNode {
    const node: ObjectNode = { kind: "object", start: this.at++, end: 0, members: [] };
    const keys = new Set<string>();
    if (!this.take("}")) {
      do {
        this.blanks();
        const { value: key, start, fault } = this.string();
        this.need(":");
        if (keys.has(key)) node.fault ??= "duplicate_key";
        if (fault) node.fault ??= fault;
        keys.add(key);
        node.members.push({ key, start, value: this.value(depth + 1) });
      } while (this.take(","));
      this.need("}");
    }
    if (node.members.length > MAX_MEMBERS) node.fault ??= "too_many_members";
    node.end = this.at;
    return node;
  }

  private array(depth: number): ArrayNode {
    const node: ArrayNode = { kind: "array", start: this.at++, end: 0, items: [] };
    if (!this.take("]")) {
      do node.items.push(this.value(depth + 1));
      while (this.take(","));
      this.need("]");
    }
    node.end = this.at;
    return node;
  }

  private scalar(): JsonNode {
    if (this.text[this.at] === '"') return this.string();
    const found = /(?:null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
    found.lastIndex = this.at;
    const [raw] = found.exec(this.text) ?? [];
    if (raw === undefined) throw new NotJson("not_json");
    const start = this.at;
    this.at += raw.length;
    const isFinite = !/^[-0-9]/.test(raw) || Number.isFinite(Number(raw));
    return { kind: "other", start, end: this.at, ...(!isFinite && { fault: "number_range" as const }) };
  }

  private string(): JsonNode & { kind: "text" } {
    // eslint-disable-next-line no-control-regex -- they may not stand in a text
    const found = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    found.lastIndex = this.at;
    const [raw] = found.exec(this.text) ?? [];
    if (raw === undefined) throw new NotJson("not_json");
    const start = this.at;
    this.at += raw.length;
    const value = JSON.parse(raw) as string;
    return {
      kind: "text",
      start,
      end: this.at,
      value,
      ...(!value.isWellFormed() && { fault: "invalid_utf8" as const }),
    };
  }
}

/** The first fault in a value or anywhere inside it. */
export function faultIn(node: JsonNode): Reason | undefined {
  if (node.fault) return node.fault;
  const parts =
    node.kind === "object" ? node.members.map(({ value }) => value) : node.kind === "array" ? node.items : [];
  for (const part of parts) {
    const fault = faultIn(part);
    if (fault) return fault;
  }
  return undefined;
}

export function valueAt(node: JsonNode | undefined, key: string): JsonNode | undefined {
  return node?.kind === "object" ? node.members.find((member) => member.key === key)?.value : undefined;
}
