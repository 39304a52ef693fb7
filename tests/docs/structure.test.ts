// The house as docs/architecture.md draws it: which room imports which, that nothing is imported upwards or in a circle,
// that one file knows the host, and that records have names for their fields.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { circleOf, importsOf, parseImports, sourcesOf, type Import } from "../support/imports.ts";
import { bareOffsets } from "../support/offsets.ts";
import { blocks, code, page, rows, section } from "../support/pages.ts";

const ARCHITECTURE = page("docs/architecture.md");
const MAX_BARE_OFFSETS = 40;

/** A folder that docs/architecture.md draws. Its rooms are its folders, and the files that are in none of them. */
interface House {
  folder: string;
  imports: Import[];
}

const FILTER: House = { folder: "assembly", imports: importsOf("assembly") };
const COMPILER: House = { folder: "scripts/compiler", imports: importsOf("scripts/compiler") };
const SCRIPTS = importsOf("scripts");

/** `cel/` for a file in that folder of the house, `judge.ts` for one in no folder, undefined for one elsewhere. */
function roomOf({ folder }: House, file: string): string | undefined {
  if (!file.startsWith(`${folder}/`)) return undefined;
  const [first, ...rest] = file.slice(folder.length + 1).split("/");
  return rest.length > 0 ? `${first}/` : first;
}

function roomsIn(house: House): string[] {
  return [...new Set(sourcesOf(house.folder).map((file) => roomOf(house, file)!))].sort();
}

/** What each room imports from other rooms of its house, sorted. */
function importsByRoom(house: House): Map<string, string[]> {
  const found = new Map(roomsIn(house).map((room) => [room, new Set<string>()]));
  for (const { from, to } of house.imports) {
    const [importer, imported] = [roomOf(house, from)!, roomOf(house, to)];
    if (imported !== undefined && imported !== importer) found.get(importer)!.add(imported);
  }
  return new Map([...found].map(([room, imported]) => [room, [...imported].sort()]));
}

/** The table of a house's rooms: what each may import. */
function documented({ folder }: House): Map<string, string[]> {
  const table = rows(section(section(ARCHITECTURE, `## ${folder}`), "### Rooms"));
  return new Map(
    table.map(([room, imports]) => [
      code(room!)!,
      [...imports!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).sort(),
    ]),
  );
}

/** The lines of a house's drawing, the lowest first: the rooms on each. */
function floors({ folder }: House, rooms: string[]): string[][] {
  const [drawing] = blocks(section(section(ARCHITECTURE, `## ${folder}`), "### Rooms"), "text");
  const lines = drawing!.split("\n").map((line) => line.split(/\s+/).filter((word) => rooms.includes(word)));
  return lines.filter((line) => line.length > 0).reverse();
}

for (const house of [FILTER, COMPILER]) {
  describe(`the rooms of ${house.folder}`, () => {
    const actual = importsByRoom(house);

    test("each imports what the page says, no more and no less", () =>
      assert.deepEqual([...documented(house)].sort(), [...actual].sort()));

    test("each is drawn once, above all that it imports", () => {
      const drawn = floors(house, roomsIn(house));
      assert.deepEqual(drawn.flat().sort(), roomsIn(house));
      const floorOf = (room: string): number => drawn.findIndex((floor) => floor.includes(room));
      for (const [room, imported] of actual)
        for (const lower of imported)
          assert.ok(floorOf(lower) < floorOf(room), `${room} imports ${lower}, which is drawn no lower`);
    });
  });
}

describe("imports", () => {
  test("no file of the filter is on a circle", () =>
    assert.equal(circleOf(FILTER.imports.map(({ from, to }) => [from, to])), undefined));

  test("no file of scripts is on a circle, but for types", () =>
    assert.equal(circleOf(SCRIPTS.filter(({ typeOnly }) => !typeOnly).map(({ from, to }) => [from, to])), undefined));

  test("the filter imports nothing but itself and, in one file, the host's interface", () => {
    const foreign = FILTER.imports.filter(({ to }) => roomOf(FILTER, to) === undefined);
    assert.ok(foreign.length > 0);
    for (const { from, to } of foreign)
      assert.deepEqual([from, to], ["assembly/runtime/host.ts", "@solo-io/proxy-runtime/assembly/imports"]);
  });

  test("only index.ts exports what the host calls", () => {
    const exporting = sourcesOf("assembly").filter((file) =>
      /^export function proxy_/m.test(readFileSync(file, "utf8")),
    );
    assert.deepEqual(exporting, ["assembly/index.ts"]);
  });

  test("of the filter, scripts imports only program.ts", () => {
    const shared = SCRIPTS.filter(({ to }) => to.startsWith("assembly/")).map(({ to }) => to);
    assert.deepEqual([...new Set(shared)], ["assembly/program.ts"]);
  });

  test("are all found, and nothing else", () => {
    const text = `import a from "./a.ts"; import type { B } from "../b.ts"; import { type C, d } from "c";
      export { e } from "./e.ts"; // import f from "./f.ts"
      export type { G } from "./g.ts"; const h = await import("./h.ts"); let i: import("./i.ts").I; "from './j.ts'";`;
    assert.deepEqual(
      parseImports("x/y/z.ts", text).map(({ to, typeOnly }) => `${to}${typeOnly ? " (type)" : ""}`),
      ["x/y/a.ts", "x/b.ts (type)", "c", "x/y/e.ts", "x/y/g.ts (type)", "x/y/h.ts", "x/y/i.ts (type)"],
    );
  });

  test("that make a circle are seen", () => {
    const line = [["a", "b"], ["b", "c"], ["a", "c"]] as const; // prettier-ignore
    assert.equal(circleOf(line), undefined);
    assert.deepEqual(circleOf([...line, ["c", "b"]]), ["b", "c", "b"]);
  });
});

test("at most eight files lie flat in assembly", () => {
  const flat = readdirSync("assembly", { withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(flat.length <= 8, flat.map(({ name }) => name).join(", "));
});

describe("offsets", () => {
  test("are seen when they are bare numbers", () => {
    const text = `load<u32>(at, 4); load<u32>(at); load<u32>(at, Field.Size); load<u32>(at, 0); load<u8>(at + 1);
      store<u32>(at, 4); store<u32>(at, 4, 8); store<u32>(at, 4, Field.Size); v128.load(at, 16); v128.load8_splat(at + 2);
      v128.store(at, v, 16); store<u8>(at + 1 + <usize>i, 7); reload(at, 4);`;
    assert.deepEqual(
      bareOffsets("x.ts", text).map((found) => found.replace(/^\d+: /, "")),
      [
        "load<u32>(at, 4)",
        "load<u8>(at + 1)",
        "store<u32>(at, 4, 8)",
        "v128.load(at, 16)",
        "v128.load8_splat(at + 2)",
        "v128.store(at, v, 16)",
        "store<u8>(at + 1 + <usize>i, 7)",
      ],
    );
  });

  test(`are names in the filter, but for ${MAX_BARE_OFFSETS}`, () => {
    const files = sourcesOf("assembly").filter((file) => file !== "assembly/program.ts");
    const found = files.flatMap((file) => bareOffsets(file, readFileSync(file, "utf8")).map((at) => `${file}:${at}`));
    assert.ok(found.length <= MAX_BARE_OFFSETS, `${found.length} bare offsets:\n${found.join("\n")}`);
  });
});
