// The filter's JSON reader against a slow, obvious one (scripts/fuzz/reader.ts): every position around the width of its
// blocks, and random texts. There is garbage before and after each text, except for the one zero byte that the reader needs.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { readStrict } from "../../scripts/fuzz/reader.ts";
import { compileEntry } from "../support/compile-entry.ts";
import { Choice, random } from "../support/random.ts";

interface Reader {
  memory: WebAssembly.Memory;
  buffer(): number;
  roomSize(): number;
  read(at: number, length: number): number;
}

const SEED = Number(process.env["SEED"] ?? 20261126);
const BLOCK = 64;

let wasm: Reader;
const encoder = new TextEncoder();
const garbage = Uint8Array.from(
  { length: 2 * BLOCK },
  (_, i) => [0x22, 0x5c, 0xf0, 0x9f, 0x2c, 0x31, 0xe2, 0x3a][i % 8]!,
);

before(async () => {
  wasm = await compileEntry<Reader>("tests/oracles/reader-entry.ts");
});

/** Whether the filter accepts the text when it is `shift` bytes after a multiple of 64. */
function accepts(text: Uint8Array, shift: number): boolean {
  const room = new Uint8Array(wasm.memory.buffer, wasm.buffer(), wasm.roomSize()); // a new view: the memory may have grown
  const at = BLOCK + shift;
  room.set(garbage.subarray(0, BLOCK), shift);
  room.set(text, at);
  room[at + text.length] = 0;
  room.set(garbage, at + text.length + 1);
  return wasm.read(wasm.buffer() + at, text.length) !== 0;
}

function bytesOf(text: string | number[]): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : Uint8Array.from(text);
}

/** Both readers must agree, wherever the text is. */
function agree(text: Uint8Array, shifts: number[]): boolean {
  const wanted = readStrict(text) !== undefined;
  for (const shift of shifts)
    assert.equal(accepts(text, shift), wanted, `${JSON.stringify(Buffer.from(text).toString("latin1"))} at ${shift}`);
  return wanted;
}

function join(...parts: (string | number[])[]): Uint8Array {
  return Buffer.concat(parts.map(bytesOf));
}

const SHIFTS = [0, 1, 7, 15, 16, 31, 63];

/** What a string may contain, allowed or not: bytes, so that they need not be UTF-8. */
const PIECES: (string | number[])[] = [
  ...['\\"', "\\\\", "\\n", "\\u0041", "\\ud83d\\ude00", "é", "漢", "😀", "\u07ff", "\uffff", "\u{10ffff}", "\x7f"],
  ...["\\", "\\x", "\\u12", "\\u12g4", "\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83dx", "\n", "\0", "\x1f"],
  [0x80],
  [0xbf, 0xbf],
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xc3],
  [0xe0, 0x9f, 0xbf],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xff],
];

describe("a string, at every position in a block", () => {
  test("ends at its closing quote, or is refused without one", () => {
    for (let length = 0; length <= 3 * BLOCK; length++)
      for (let shift = 0; shift < BLOCK; shift++) {
        assert.ok(accepts(bytesOf(`"${"x".repeat(length)}"`), shift));
        assert.ok(!accepts(bytesOf(`"${"x".repeat(length)}`), shift));
      }
  });

  for (const piece of PIECES)
    test(`with ${JSON.stringify(typeof piece === "string" ? piece : Buffer.from(piece).toString("hex"))} in it`, () => {
      for (let length = 0; length <= 2 * BLOCK + 2; length++)
        for (const tail of ["", "y", "y".repeat(BLOCK)])
          agree(join('["', "x".repeat(length), piece, tail, '",1]'), SHIFTS);
    });

  test("with any byte, and with any byte after a backslash", () => {
    for (let byte = 0; byte < 256; byte++)
      for (let length = 0; length <= BLOCK; length++)
        for (const piece of [[byte], [0x5c, byte], [0x5c, 0x5c, byte], [0x5c, byte, 0x5c, byte]])
          agree(join('["', "x".repeat(length), piece, 'y"]'), [13]);
  });

  test("with much that is not ASCII, and something after it", () => {
    for (const piece of PIECES)
      for (let length = 0; length <= BLOCK; length++)
        for (const tail of ["", "y".repeat(2 * BLOCK)])
          agree(join('["', "x".repeat(length), "漢".repeat(12), piece, tail, '"]'), [0, 9]);
  });

  test("with runs of backslashes", () => {
    for (let length = 0; length <= BLOCK + 2; length++)
      for (let run = 1; run <= BLOCK + 3; run++) agree(join('"', "x".repeat(length), "\\".repeat(run), '"'), [0, 33]);
  });

  test("is not affected by what follows it", () => {
    for (let length = 0; length <= BLOCK; length++)
      for (const next of ["\n", "\t", "\\", "é", '"'])
        for (const text of [`["${"x".repeat(length)}"${next}]`, `["${"x".repeat(length)}"${next},"${next}"]`])
          agree(bytesOf(text), SHIFTS);
  });
});

describe("objects with the keys of the previous one", () => {
  /** One object in a list may have other keys; its duplicate keys must be found. */
  test("a duplicate key is found in every position", () => {
    const names = ["a", "bb", "name", "a longer name", "thirteen char", "é", "", "\\u0061b", 'q\\"q', "e", "f"];
    for (let count = 1; count <= names.length; count++)
      for (let twice = 0; twice < count; twice++)
        for (let place = 0; place <= count; place++) {
          const members = names.slice(0, count).map((name, i) => `"${name}":${["1", "[]", '{"a":1}'][i % 3]}`);
          const whole = `{${members.join(",")}}`;
          const broken = `{${members.toSpliced(place, 0, members[twice]!).join(",")}}`;
          for (const list of [[whole, broken], [whole, whole, broken], [whole, `{"x":${whole}}`, broken], [broken]])
            assert.ok(!agree(bytesOf(`[${list.join(",")}]`), [0, 5]));
        }
  });

  test("one follows another only in a list", () => {
    const row = '{"x":1}';
    for (const rows of [row, `${row},${row}`, `${row},{"y":1}`, `${row},${row},{}`])
      for (const [opening, closing] of [
        ["", ""],
        ["[", "]"],
        ["[[", "]]"],
        ['{"a":', "}"],
        ['[{"a":[', "]}]"],
        ['[{"a":', "}]"],
      ])
        for (const earlier of ["", `[${row},${row}],`, `${row},`, `{"a":${row}},`])
          agree(bytesOf(`[${earlier}${opening}${rows}${closing}]`), [0, 5]);
    assert.ok(!agree(bytesOf(`${row},${row}`), [0]));
  });

  test("keys that are spelled differently are the same keys", () => {
    for (const [one, other] of [
      ["ab", "\\u0061b"],
      ["n", "\\u006e"],
      ["\\\\n", "\\n"],
      ["\\/", "/"],
    ])
      for (const list of [
        [`{"${one}":1}`, `{"${other}":1}`],
        [`{"${one}":1}`, `{"${one}":1,"${other}":1}`],
        [`{"${other}":1}`, `{"${other}":1,"${one}":1}`],
        [`{"${one}":1,"z":1}`, `{"${other}":1,"z":1}`, `{"${other}":1,"${one}":1}`],
      ])
        agree(bytesOf(`[${list.join(",")}]`), [0]);
  });
});

describe("objects with the white space of the previous one", () => {
  const betweens = [",", ", ", ",  ", ",\n", " , ", "", " ", "  ", ",,", ", ,", ":", "{", "{ ", "[ ", '"', "\0", "."];
  const colons = [":", ": ", ":  ", " : ", ":\t", "", " ", "::", ",", ": :"];

  test("or with different white space, allowed or not", () => {
    for (const first of betweens)
      for (const second of betweens)
        for (const value of ["1", '"b"', "[]", "null"])
          agree(bytesOf(`[{"a":${value}${first}"b":${value}},{"a":${value}${second}"b":${value}}]`), [0]);
    for (const first of colons)
      for (const second of colons)
        for (const between of [",", ", "])
          for (const space of ["", " "]) {
            const member = (colon: string) => `{${space}"a"${colon}1${between}"b"${colon}[]${between}"c"${colon}2}`;
            agree(bytesOf(`[${member(first)},${member(second)},${member(first)}]`), [0]);
          }
  });

  test("up to the longest key that one look covers, and longer", () => {
    for (let length = 0; length <= 20; length++)
      for (const [between, colon] of [
        [",", ":"],
        [", ", ": "],
        [",", ": "],
        [", ", ":"],
      ])
        for (const last of ["x", "y", '"', ":"]) {
          const object = (key: string) => `{"a"${colon}1${between}"${key}"${colon}2}`;
          const key = "k".repeat(length);
          agree(bytesOf(`[${object(key + "x")},${object(key + last)},${object(key + "x")}]`), [0, 7]);
        }
  });
});

test("an escape has four hexadecimal digits", () => {
  for (let place = 0; place < 4; place++)
    for (let byte = 0; byte < 256; byte++)
      for (const digits of ["0041", "d83d", "ABcd"]) {
        const text = bytesOf(`["\\u${digits}\\ude00 and more text after it.."]`);
        text[4 + place] = byte;
        agree(text, [0, 60]);
      }
});

test("a decoded key does not become a template, whatever is around it", () => {
  // What this key leaves in memory looks like the text of the member "\\n" where the next text decodes one.
  agree(bytesOf(`{"${"x".repeat(15)}\\"\\\\n\\":${"x".repeat(40)}":1}`), [0]);
  assert.ok(!agree(bytesOf('[{"\\u0062":1},{"\\\\n":1},{"\\n":1,"\\u000a":2}]'), [0]));
});

describe("after a number in an object", () => {
  const starts = ['{"a":', '[{"a":1,"b":2},{"a":', '{"x":{"a":1},"a":', "[", ""];
  const numbers = "0 1 01 1.5 1. -1 1234567 12345678 123456789 1.23456 1.234567 12345678.5 1e5 0E1 1e e".split(" ");
  const ends = [
    ...[',"b":2}', ',"a":2}', ', "b":2}', ',\n\t"b" :2}', ' ,"b":2}', ',"b":2', ",}", ",b}", ",,", ',"b"}', ",1}"],
    ...["}", "]", ""],
  ];

  test("there is a comma and a key, or the end", () => {
    for (const start of starts)
      for (const number of numbers)
        for (const end of ends) for (const tail of ["", "]"]) agree(bytesOf(start + number + end + tail), [0, 9]);
  });
});

describe("objects with many keys", () => {
  const MOST = 131_072;
  const SIZES = [16, 17, 18, 32, 33, 63, 64, 65, 128, 129, 1000, 1024, 1025, 16_384, 16_385, 65_537, MOST];
  /** Short keys, keys that differ in their last bytes, keys that differ in their length only, keys that are hashed. */
  const KEYS: ((i: number) => string)[] = [
    (i) => `k${i.toString(36)}`,
    (i) => `aa${(i + 32 ** 4).toString(32)}`,
    (i) => Math.floor(i / 3).toString(36) + "\\u0000".repeat(i % 3),
    (i) => `longer key ${i}`,
  ];

  const object = (keys: string[]): Uint8Array => bytesOf(`{${keys.map((key) => `"${key}":0`).join(",")}}`);
  const list = (count: number, key: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => key(i));

  for (const [kind, key] of KEYS.entries())
    test(`a duplicate is found, whatever the size and the position (keys of kind ${kind})`, () => {
      for (const size of SIZES) {
        const keys = list(size, key);
        assert.ok(accepts(object(keys), 0), `${size} keys`);
        const places = [0, 1, 15, 16, 17, size >> 1, size - 2, size - 1].filter((place) => place < size);
        const first = new Set(size > 2000 ? [0, size >> 1] : places);
        for (const one of first)
          for (const other of places)
            if (one !== other)
              assert.ok(!accepts(object(keys.with(other, keys[one]!)), 0), `${size}: ${one}, ${other}`);
      }
    });

  test("many duplicates are found", () => {
    for (const size of [9, 40, 1000, MOST / 2]) {
      const keys = list(size, KEYS[0]!);
      assert.ok(!accepts(object([...keys, ...keys]), 0));
      assert.ok(!accepts(object(keys.flatMap((key) => [key, key])), 0));
      assert.ok(!accepts(object(list(2 * size, () => "same")), 0));
    }
  });

  test("nested objects do not lose the keys of the outer one", () => {
    const outer = list(40, (i) => `"o${i}":0`);
    const inner = `{${list(40, (i) => `"o${i}":0`).join(",")}}`;
    for (let place = 0; place <= 40; place++) {
      const members = outer.toSpliced(place, 0, `"x":${inner}`);
      assert.ok(accepts(bytesOf(`{${members.join(",")}}`), 0));
      for (const twice of [0, 20, 39]) assert.ok(!accepts(bytesOf(`{${[...members, `"o${twice}":1`].join(",")}}`), 0));
    }
  });

  test("there is a limit to their number", () => {
    assert.ok(!accepts(object(list(MOST + 1, KEYS[0]!)), 0));
  });

  test("random different keys are accepted", () => {
    const choice = new Choice(random(SEED));
    for (let i = 0; i < 20_000; i++) {
      const keys = [...new Set(list(17 + choice.below(60), () => `${choice.below(1e5)}`))];
      assert.ok(accepts(object(keys), 0), keys.join());
    }
  });
});

/** Random texts that are JSON or nearly so; keys and objects repeat often. */
class Texts {
  private keys: string[] = [];

  constructor(private readonly choice: Choice) {}

  make(): Uint8Array {
    const { choice } = this;
    this.keys = Array.from({ length: 1 + choice.below(choice.one([3, 8, 20])) }, () => this.string(20));
    let bytes: Buffer = Buffer.from(this.value(choice.below(4)));
    for (let left = choice.one([0, 0, 0, 1, 2]); left > 0; left--) bytes = this.damaged(bytes);
    return bytes;
  }

  private damaged(bytes: Buffer): Buffer {
    const { choice } = this;
    const at = choice.below(bytes.length + 1);
    const piece = choice.chance(0.5)
      ? Buffer.from([
          choice.one([0x22, 0x5c, 0x2c, 0x3a, 0x20, 0x30, 0x2d, 0x2e, 0x65, 0x7b, 0x7d, 0x5b, 0x5d, 0x0a, 0x80]),
        ])
      : bytesOf(choice.one(PIECES));
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + choice.below(3))]);
  }

  private string(most: number): string {
    const { choice } = this;
    const plain = "x".repeat(choice.below(choice.one([4, most])));
    if (choice.chance(0.6)) return `"${plain}${choice.below(30)}"`;
    const pieces = Array.from({ length: choice.below(6) }, () => choice.one(PIECES.slice(0, 12)) as string);
    return `"${plain}${pieces.join("y".repeat(choice.below(choice.one([3, most]))))}"`;
  }

  private number(): string {
    const { choice } = this;
    const digits = (most: number): string => String(choice.below(10 ** (1 + choice.below(most))));
    const exponent = choice.chance(0.2) ? choice.one(["e5", "E-3", "e+400", "e308", "e"]) : "";
    const fraction = choice.chance(0.4) ? `.${digits(12)}` : "";
    return choice.one(["", "", "-"]) + digits(choice.one([4, 15])) + fraction + exponent;
  }

  private whitespace(): string {
    const { choice } = this;
    return choice.chance(0.9) ? "" : choice.one([" ", "\n  ", "\r\n\t", `\n${" ".repeat(choice.below(40))}`]);
  }

  private value(depth: number): string {
    const { choice } = this;
    if (depth === 0 || choice.chance(0.1))
      return choice.one([() => this.number(), () => this.string(150), () => choice.one(["true", "false", "null"])])();
    const count = choice.below(choice.one([2, 4, 12]));
    if (choice.chance(0.5)) return `[${this.list(count, () => this.value(depth - 1))}]`;
    const keys = choice.chance(0.5) ? this.keys : choice.some(this.keys, 0.7);
    const members = keys.map((key) => `${key}${this.whitespace()}:${this.whitespace()}${this.value(depth - 1)}`);
    const same = `{${members.join(",")}}`;
    return choice.chance(0.5)
      ? same
      : `[${this.list(count, () => (choice.chance(0.8) ? same : this.value(depth - 1)))}]`;
  }

  private list(count: number, item: () => string): string {
    return Array.from({ length: count }, () => `${this.whitespace()}${item()}${this.whitespace()}`).join(",");
  }
}

test(`random texts (seed ${SEED})`, (t) => {
  const choice = new Choice(random(SEED));
  const texts = new Texts(choice);
  let [accepted, refused] = [0, 0];
  const end = performance.now() + 15_000;
  while (performance.now() < end) {
    const text = texts.make();
    if (text.length > 40_000) continue;
    if (agree(text, [choice.below(BLOCK)])) accepted++;
    else refused++;
  }
  t.diagnostic(`${accepted} accepted, ${refused} refused`);
  assert.ok(accepted > 500 && refused > 500);
});
