// `npm run release`: a release of the commit that is checked out, built in two fresh clones that must agree to the byte.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, cpSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { npmCommand } from "./release/npm.ts";

const HELP = `Usage: npm run release

Builds a release of the commit that is checked out into dist/: the npm package, the module, the image as an OCI layout, its
digest, a CycloneDX SBOM and the sums of all. It is built twice, in two fresh clones with their own npm ci, and is only
written when both agree to the byte. Takes two to three minutes.

Exit codes: 0 done, 1 the two builds differ, 2 it could not run.
`;
const DIST = "dist";

class CannotRelease extends Error {}

function run(command: string, args: string[], cwd = "."): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 64 << 20 });
  if (status !== 0) throw new CannotRelease(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

function npm(args: string[], cwd: string): void {
  const [command, ...first] = npmCommand();
  run(command, [...first, ...args], cwd);
}

/** Clones the commit to a place and builds it there. The two places differ in length, so that a path in a product shows. */
function buildIn(place: string, commit: string, time: string): string {
  console.log(`building in ${place} …`);
  run("git", ["clone", "--quiet", "--no-checkout", resolve("."), place]);
  run("git", ["checkout", "--quiet", "--detach", commit], place);
  npm(["ci", "--prefer-offline"], place);
  const out = join(place, DIST);
  run(process.execPath, ["scripts/bootstrap.mjs", "scripts/release/make.ts", out, time], place);
  return out;
}

/** Names of files that the folders do not have alike. */
function differences(one: string, other: string): string[] {
  const names = [...new Set([...readdirSync(one), ...readdirSync(other)])];
  const bytes = (folder: string, name: string): Buffer | undefined => {
    try {
      return readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
  };
  return names.filter((name) => {
    const [left, right] = [bytes(one, name), bytes(other, name)];
    return left === undefined || right === undefined || !left.equals(right);
  });
}

function release(): number {
  if (run("git", ["status", "--porcelain"]) !== "")
    throw new CannotRelease("there are changes that are not committed: a release is that of a commit");
  const commit = run("git", ["rev-parse", "HEAD"]).trim();
  const time = new Date(run("git", ["show", "--no-patch", "--format=%cI", commit]).trim()).toISOString();
  const folder = mkdtempSync(join(tmpdir(), "scopegate-release-"));
  try {
    const builds = ["a", "another-place"].map((name) => buildIn(join(folder, name), commit, time));
    const differing = differences(builds[0]!, builds[1]!);
    if (differing.length > 0) {
      console.error(`scopegate: the two builds differ: ${differing.join(", ")}`);
      return 1;
    }
    rmSync(DIST, { recursive: true, force: true });
    cpSync(builds[0]!, `${DIST}.new`, { recursive: true });
    renameSync(`${DIST}.new`, DIST);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(`dist/ is the release of ${commit}, the same from both builds:`);
  console.log(readFileSync(join(DIST, "SHA256SUMS"), "utf8").trimEnd());
  console.log(`image ${readFileSync(join(DIST, "IMAGE_DIGEST"), "utf8").trimEnd()}`);
  return 0;
}

function main(): number {
  const { values } = parseArgs({ options: { help: { type: "boolean", short: "h" } } });
  if (!values.help) return release();
  process.stdout.write(HELP);
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  const known = error instanceof CannotRelease || String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE");
  console.error(`scopegate: ${known ? (error as Error).message : (error as Error).stack}`);
  process.exitCode = 2;
}
