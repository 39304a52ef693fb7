// Runs a TypeScript script of this repository on a fresh clone: installs the packages of package-lock.json if they are
// missing, builds if asked to and needed, then goes on in the same process. Only Node itself is imported up front.
//
//   node scripts/bootstrap.mjs [--build] SCRIPT [argument…]
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Package → version from a lock file; the root package and optional ones (other platforms) are left out. */
function lockedPackages(file) {
  const packages = Object.entries(JSON.parse(readFileSync(resolve(root, file), "utf8")).packages);
  return packages
    .filter(([path, entry]) => path !== "" && !entry.optional)
    .map(([path, entry]) => [path, entry.version]);
}

function isInstalled() {
  const installed = "node_modules/.package-lock.json";
  if (!existsSync(resolve(root, installed))) return false;
  const versions = new Map(lockedPackages(installed));
  return lockedPackages("package-lock.json").every(([path, version]) => versions.get(path) === version);
}

function install() {
  console.error("scopegate: installing the development packages of package-lock.json (about a minute) …");
  // Below `npm run`, `npm` may be an old one in node_modules/.bin, which a development package brings along.
  const own = process.env["npm_execpath"];
  const [command, ...first] = own ? [process.execPath, own] : ["npm"];
  const { status } = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: !own && process.platform === "win32",
  });
  if (status !== 0) {
    console.error("scopegate: npm ci failed; the messages above say why");
    process.exit(2);
  }
}

const args = process.argv.slice(2);
const build = args[0] === "--build";
if (build) args.shift();
const script = resolve(root, args[0] ?? "");
if (args.length === 0 || !existsSync(script)) {
  console.error(`scopegate: no such script: ${args[0] ?? "(none given)"}`);
  process.exit(2);
}
process.chdir(root);
if (!isInstalled()) install();
const { register } = await import("tsx/esm/api");
register();
if (build) await (await import("./build.ts")).build({ onlyWhenNeeded: true });
process.argv = [process.argv[0], script, ...args.slice(1)];
await import(pathToFileURL(script).href);
