// One build of a release: from the sources of this checkout into a folder. `npm run release` runs it in two fresh clones.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "../build.ts";
import { archivedLayout, archiveOf } from "../image/layout.ts";
import { ownImage } from "../image/own.ts";
import { npmCommand } from "./npm.ts";
import { sbomOf } from "./sbom.ts";

const SUMS = "SHA256SUMS";

/** Everything that a release is, with the sums of all of it. `time`: that of the commit, ISO 8601. */
async function make(folder: string, time: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({ onlyWhenNeeded: false });
  copyFileSync("build/scopegate.wasm", join(folder, "scopegate.wasm"));
  const [npm, ...first] = npmCommand();
  const pack = [...first, "pack", "--ignore-scripts", "--pack-destination", folder];
  const packed = spawnSync(npm, pack, { encoding: "utf8" });
  if (packed.status !== 0) throw new Error(packed.stderr);
  const { image, version } = ownImage();
  writeFileSync(join(folder, `scopegate-${version}-image.tar`), archivedLayout(image, version));
  writeFileSync(join(folder, "IMAGE_DIGEST"), `${image.manifest.descriptor.digest}\n`);
  const page = readdirSync("build/playground")
    .sort()
    .map((name): [string, Buffer] => [name, readFileSync(join("build/playground", name))]);
  writeFileSync(join(folder, `scopegate-${version}-playground.tar`), archiveOf(new Map(page)));
  const schema = spawnSync(process.execPath, ["build/scopegate.mjs", "schema"], { encoding: "utf8" });
  if (schema.status !== 0) throw new Error(schema.stderr);
  writeFileSync(join(folder, `scopegate-${version}.schema.json`), schema.stdout);
  writeFileSync(join(folder, `scopegate-${version}.cdx.json`), await sbomOf(time));
  const lines = readdirSync(folder)
    .filter((name) => name !== SUMS)
    .sort()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}  ${name}\n`,
    );
  writeFileSync(join(folder, SUMS), lines.join(""));
}

const [folder, time] = process.argv.slice(2);
if (!folder || !time) throw new Error("make.ts FOLDER TIME");
await make(folder, time);
