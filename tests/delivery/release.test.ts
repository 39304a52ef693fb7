// What a release holds besides the package and the image: the SBOM, and the image as one file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { Ajv } from "ajv";
import { archivedLayout, writeLayout } from "../../scripts/image/layout.ts";
import { ownImage } from "../../scripts/image/own.ts";
import { sbomOf } from "../../scripts/release/sbom.ts";

const folder = mkdtempSync(join(tmpdir(), "scopegate-release-test-"));
after(() => rmSync(folder, { recursive: true }));

interface Sbom {
  serialNumber: string;
  components: { name: string; purl: string; hashes: { content: string }[]; properties: { value: string }[] }[];
}

describe("the SBOM", async () => {
  const TIME = "2026-01-02T03:04:05.000Z";
  const text = await sbomOf(TIME);
  const sbom = JSON.parse(text) as Sbom;

  test("is valid CycloneDX 1.6, and would not be with a wrong member", () => {
    const schema = (name: string): object =>
      JSON.parse(readFileSync(`tests/data/cyclonedx/${name}.schema.json`, "utf8")) as object;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    // The schemas name each other by the names that they have in that package.
    for (const name of ["spdx", "jsf-0.82"])
      ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    const validate = ajv.compile(schema("bom-1.6"));
    assert.ok(validate(sbom), JSON.stringify(validate.errors));
    assert.ok(!validate({ ...sbom, components: [{ ...sbom.components[0], type: "thing" }] }));
    assert.ok(!validate({ ...sbom, serialNumber: "x" }));
  });

  test("is the same again, and another for another time", async () => {
    assert.equal(await sbomOf(TIME), text);
    assert.notEqual((JSON.parse(await sbomOf("2026-01-02T03:04:06.000Z")) as Sbom).serialNumber, sbom.serialNumber);
  });

  test("names every package whose files are in the command line, and no other", () => {
    const bundle = readFileSync("build/scopegate.mjs", "utf8");
    const bundled = new Set(
      [...bundle.matchAll(/^\/\/ (?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map((found) => found[1]!),
    );
    assert.ok(bundled.size > 0);
    const named = sbom.components.filter(({ properties }) => properties.some(({ value }) => value === "scopegate.mjs"));
    assert.deepEqual(named.map(({ name }) => name).sort(), [...bundled].sort());
    assert.ok(sbom.components.some(({ name }) => name === "assemblyscript"));
    for (const { purl, hashes } of sbom.components) {
      assert.match(purl, /^pkg:npm\/[^@]+@\d/);
      assert.match(hashes[0]!.content, /^[0-9a-f]{128}$/);
    }
  });
});

test("the image as one file unpacks to the layout", () => {
  const { image, version } = ownImage();
  const archive = join(folder, "image.tar");
  writeFileSync(archive, archivedLayout(image, version));
  const [packed, written] = [join(folder, "packed"), join(folder, "written")];
  writeLayout(image, written, version);
  writeLayout(image, packed, version);
  rmSync(join(packed, "blobs"), { recursive: true });
  rmSync(join(packed, "index.json"));
  const { status, stderr } = spawnSync("tar", ["-xf", archive, "-C", packed], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const files = (root: string): [string, string][] =>
    readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(root.length), readFileSync(path).toString("base64")];
      })
      .sort();
  assert.deepEqual(files(packed), files(written));
});
