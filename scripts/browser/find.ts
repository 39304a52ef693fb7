// A Chromium for the tests of the playground: CHROMIUM_BIN, one on PATH, or the distribution's package where that can be installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/** The path of a Chromium. Throws an Error that says how to get one. */
export function findChromium(): string {
  const given = process.env["CHROMIUM_BIN"];
  if (given) return given;
  return onPath() ?? install() ?? fail();
}

function onPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** Debian and its relatives have a package; it takes root. */
function install(): string | undefined {
  if (process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return undefined;
  console.error("scopegate: installing the package chromium (about a minute) …");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]])
    spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
  return onPath();
}

function fail(): never {
  throw new Error("no Chromium: install the package chromium, or set CHROMIUM_BIN");
}
