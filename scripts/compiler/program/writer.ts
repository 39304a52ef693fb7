// Collects the sections of a program and lays out its bytes. The bytes section comes first, so the address of a text is
// known at once.
import {
  HEADER_SIZE,
  MAGIC,
  NONE,
  Section,
  SECTION_COUNT,
  Slot,
  SORTED,
  Tag,
  VERSION,
} from "../../../assembly/program.ts";
import type { Constant, Operand, SlotPath } from "../cel/code.ts";
import type { Automaton } from "../regex/automaton.ts";
import { RECORD_SIZES } from "./records.ts";
import { isSortable, sorted, sortedEntries } from "./sorting.ts";
import { binaryString } from "../../bytes.ts";

const utf8 = new TextEncoder();
const BYTES_START = HEADER_SIZE + 8 * SECTION_COUNT;

/** Parent and name of the slots in every program, in the order of Slot. */
const FIXED_SLOTS: [Slot | typeof NONE, string][] = [
  [NONE, ""],
  [NONE, ""],
  [Slot.Body, "jsonrpc"],
  [Slot.Body, "id"],
  [Slot.Body, "method"],
  [Slot.Body, "params"],
  [Slot.Body, "result"],
  [Slot.Body, "error"],
  [Slot.Params, "name"],
  [Slot.Params, "arguments"],
  [Slot.Params, "_meta"],
  [Slot.Params, "uri"],
  [Slot.Params, "ref"],
  [Slot.Ref, "type"],
  [Slot.Ref, "name"],
  [Slot.Ref, "uri"],
  [Slot.Params, "taskId"],
  [Slot.Params, "notifications"],
  [Slot.Notifications, "resourceSubscriptions"],
  [Slot.Meta, "io.modelcontextprotocol/protocolVersion"],
  [NONE, ""],
  [Slot.Answer, "result"],
  [Slot.AnswerResult, "tools"],
  [Slot.AnswerResult, "prompts"],
  [Slot.AnswerResult, "resources"],
  [Slot.AnswerResult, "resourceTemplates"],
  [Slot.AnswerResult, "cacheScope"],
  [NONE, ""],
  [Slot.Item, "name"],
  [Slot.Item, "uri"],
  [Slot.Item, "uriTemplate"],
  [Slot.Item, "_meta"],
  [Slot.ItemMeta, "scopegate/scopes"],
];

/** (offset, length) or (first, count), as two words of a record. */
export type Pair = readonly [number, number];

export class ProgramWriter {
  flags = 0;
  private bytes = new Uint8Array(4096);
  private used = 0;
  private readonly words: number[][] = Array.from({ length: SECTION_COUNT }, () => []);
  private readonly texts = new Map<string, Pair>();
  private readonly constants = new Map<string, number>();
  /** Lists and maps by identity: data is large, and many predicates name the same part of it. */
  private readonly placed = new Map<Constant, number>();
  private readonly runs = new Map<Constant, Pair>();
  private readonly slots = new Map<string, number>();
  private readonly automata = new Map<string, number>();

  constructor() {
    for (const [parent, name] of FIXED_SLOTS) this.addSlot(parent, name);
  }

  /** Appends one record of u32 words; returns its index. */
  add(section: Section, record: readonly number[]): number {
    const words = this.words[section]!;
    words.push(...record.map((word) => word >>> 0));
    return words.length / record.length - 1;
  }

  /** Appends `items` as a run; returns (first, count). */
  run(section: Section, items: readonly (readonly number[])[]): Pair {
    if (items.length === 0) return [0, 0];
    return [this.words[section]!.length / items[0]!.length, items.map((item) => this.add(section, item)).length];
  }

  /** The raw UTF-8 of a text; equal ones share their bytes. undefined is (NONE, 0). */
  text(value: string | undefined): Pair {
    if (value === undefined) return [NONE, 0];
    return this.raw(utf8.encode(value));
  }

  /** Bytes as a text; equal ones are shared. */
  raw(bytes: Uint8Array): Pair {
    const key = binaryString(bytes);
    const known = this.texts.get(key);
    if (known) return known;
    const pair: Pair = [this.append(bytes, 1), bytes.length];
    this.texts.set(key, pair);
    return pair;
  }

  textRun(values: readonly string[]): Pair {
    return this.run(
      Section.Texts,
      values.map((value) => this.text(value)),
    );
  }

  /** What the filter must provide for some rule or predicate: bits of Flag. */
  need(flags: number): void {
    this.flags |= flags;
  }

  /** The index that an operand stands for; equal constants, slots and automata are written once. */
  operand(operand: Operand): number {
    if (typeof operand === "number") return operand;
    if ("constant" in operand) return this.constant(operand.constant);
    return "slot" in operand ? this.slot(operand.slot) : this.automaton(operand.automaton);
  }

  slot({ root, path }: SlotPath): number {
    return path.reduce<number>(
      (parent, name) => this.slots.get(`${parent} ${name}`) ?? this.addSlot(parent, name),
      root,
    );
  }

  private addSlot(parent: number, name: string): number {
    const index = this.add(Section.Nodes, [parent, ...this.text(name)]);
    this.slots.set(`${parent} ${name}`, index);
    return index;
  }

  private automaton(automaton: Automaton): number {
    const index = this.automata.get(automaton.source) ?? this.addAutomaton(automaton);
    this.automata.set(automaton.source, index);
    return index;
  }

  private addAutomaton(automaton: Automaton): number {
    const { states, classes, start, ascii, ranges, table, source, loops, prefix, afterPrefix } = automaton;
    const asciiAt = this.append(ascii, 1);
    const pairs = ranges.flatMap(({ first, class: cls }) => [first, cls]);
    const rangesAt = this.append(littleEndian(pairs, 4), 4);
    // Column by column (program.ts), so that the filter needs no multiplication between two look-ups.
    const columns = Array.from(table, (_, i) => table[(i % states) * (classes + 1) + Math.floor(i / states)]!);
    const tableAt = this.append(littleEndian(columns, 2), 2);
    const loopBytes = loops.flatMap(({ leaves, wide }) => [...leaves, wide ? 0x80 : 0]);
    const loopsAt = this.append(Uint8Array.from(loopBytes), 1);
    const raw = utf8.encode(source);
    const sourceAt = this.append(littleEndian([raw.length], 4), 4);
    this.append(raw, 1);
    const whole = [...prefix, ...new Array<number>(8).fill(0)];
    const words = new Uint32Array(Uint8Array.from(whole.slice(0, 8)).buffer);
    return this.add(Section.Automata, [
      ...[states, classes, start, asciiAt, rangesAt, ranges.length, tableAt, sourceAt],
      ...[loops.length, loopsAt, prefix.length, afterPrefix, ...words],
    ]);
  }

  private constant(value: Constant): number {
    const known = this.placed.get(value);
    if (known !== undefined) return known;
    const key = keyOf(value);
    const index = this.constants.get(key) ?? this.add(Section.Cells, this.cell(value));
    this.constants.set(key, index);
    this.placed.set(value, index);
    return index;
  }

  /** The words of a cell; pointers to cells are indexes until `finish`. */
  private cell(value: Constant): number[] {
    switch (value.tag) {
      case Tag.Bool:
        return [value.tag, 0, Number(value.value), 0];
      case Tag.Int:
      case Tag.Uint:
      case Tag.Duration:
        return [value.tag, 0, ...halves(value.value)];
      case Tag.Double:
        return [value.tag, 0, ...new Uint32Array(Float64Array.of(value.value).buffer)];
      case Tag.String:
        return [value.tag, 0, ...this.text(value.value)];
      case Tag.Bytes:
        return [value.tag, 0, this.append(value.value, 1), value.value.length];
      case Tag.CellList:
      case Tag.CellMap:
        return this.container(value);
      case Tag.Timestamp:
        return [value.tag, value.nanos, ...halves(value.seconds)];
      case Tag.Type:
        return [value.tag, 0, value.value, 0];
      default:
        return [value.tag, 0, 0, 0];
    }
  }

  /** A list or map: what it has lies side by side; long ones are sorted, or have their items in order once more. */
  private container(value: Constant & { tag: Tag.CellList | Tag.CellMap }): number[] {
    if (value.tag === Tag.CellMap) {
      const isLong = isSortable(value.entries.map(([key]) => key));
      const entries = isLong ? sortedEntries(value.entries) : value.entries;
      return [value.tag, isLong ? SORTED : 0, this.cells(value, entries.flat())[0], entries.length];
    }
    const isLong = isSortable(value.items);
    const items = isLong ? [...value.items, ...sorted(value.items)] : value.items;
    return [value.tag, isLong ? SORTED : 0, this.cells(value, items)[0], value.items.length];
  }

  /** The cells of a list or map, side by side; those they point to come before them. */
  private cells(owner: Constant, items: readonly Constant[]): Pair {
    const known = this.runs.get(owner);
    if (known) return known;
    const run = this.run(
      Section.Cells,
      items.map((item) => this.cell(item)),
    );
    items.forEach((item, i) => {
      if (item.tag === Tag.CellList || item.tag === Tag.CellMap) this.placed.set(item, run[0] + i);
    });
    this.runs.set(owner, run);
    return run;
  }

  private append(raw: Uint8Array, align: number): number {
    const at = Math.ceil(this.used / align) * align;
    while (this.bytes.length < at + raw.length) this.bytes = doubled(this.bytes);
    this.bytes.set(raw, at);
    this.used = at + raw.length;
    return BYTES_START + at;
  }

  /** The program: header, section table, sections, checksum. */
  finish(): Uint8Array {
    const table: number[] = [];
    let end = BYTES_START + align8(this.used);
    for (const [section, words] of this.words.entries()) {
      if (section === Section.Bytes) {
        table.push(BYTES_START, this.used);
        continue;
      }
      table.push(end, (words.length * 4) / RECORD_SIZES[section]!);
      end += align8(words.length * 4);
    }
    const program = new Uint8Array(end);
    const view = new DataView(program.buffer);
    [MAGIC, VERSION, end, 0, ...table].forEach((word, i) => view.setUint32(i * 4, word, true));
    program.set(this.bytes.subarray(0, this.used), BYTES_START);
    this.words.forEach((words, section) =>
      words.forEach((word, i) => view.setUint32(table[section * 2]! + i * 4, word, true)),
    );
    this.linkCells(view, table[Section.Cells * 2]!);
    view.setUint32(12, checksum(program), true);
    return program;
  }

  /** Turns indexes of cells into offsets. */
  private linkCells(view: DataView, base: number): void {
    const words = this.words[Section.Cells]!;
    for (let i = 0; i < words.length; i += 4) {
      const tag: Tag = words[i]!;
      if (tag === Tag.CellList || tag === Tag.CellMap)
        view.setUint32(base + i * 4 + 8, base + words[i + 2]! * 16, true);
    }
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function align8(size: number): number {
  return (size + 7) & ~7;
}

function halves(value: bigint): Pair {
  const bits = BigInt.asUintN(64, value);
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)];
}

function littleEndian(values: readonly number[], width: number): Uint8Array {
  const out = new Uint8Array(values.length * width);
  values.forEach((value, i) => {
    for (let byte = 0; byte < width; byte++) out[i * width + byte] = value >>> (8 * byte);
  });
  return out;
}

/** A key that is equal for equal constants; -0, 0 and NaN are distinct, as are an int and a double of the same value. */
function keyOf(value: Constant): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    if (typeof part === "number") return Object.is(part, -0) ? "-0" : `#${part}`;
    return part instanceof Uint8Array ? [...part] : part;
  });
}

/** 32-bit FNV-1a over the bytes after the header. */
export function checksum(program: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = HEADER_SIZE; i < program.length; i++) hash = Math.imul(hash ^ program[i]!, 0x01000193);
  return hash >>> 0;
}
