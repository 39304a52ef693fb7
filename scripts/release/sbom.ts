// What is in a release besides its own sources, as a CycloneDX document: the packages in the one-file command line, and
// AssemblyScript, whose library is compiled into the module.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundledPackages } from "../build.ts";

interface Package {
  name: string;
  version: string;
  license: string;
  description?: string;
}

interface Lock {
  packages: Record<string, { version: string; integrity?: string }>;
}

/** The name of a part of the release → the folders of the packages whose code is in it. */
const COMPILED_IN = { "scopegate.wasm": ["node_modules/assemblyscript"] };

/** CycloneDX 1.6, JSON text; the same for the same sources. `time` is that of the commit. */
export async function sbomOf(time: string): Promise<string> {
  const own = readJson<Package>("package.json");
  const lock = readJson<Lock>("package-lock.json");
  const parts: Record<string, string[]> = { "scopegate.mjs": await bundledPackages(), ...COMPILED_IN };
  const folders = [...new Set(Object.values(parts).flat())].sort();
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { timestamp: time, component: { ...describe(own), type: "application" } },
    components: folders.map((folder) => componentOf(folder, lock, parts)),
    dependencies: [
      {
        ref: refOf(own),
        dependsOn: folders.map((folder) => refOf(readJson<Package>(`${folder}/package.json`))),
      },
    ],
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(document))}`;
  return `${JSON.stringify({ ...document, serialNumber }, null, 2)}\n`;
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

function describe({ name, version, license, description }: Package): object {
  return {
    "bom-ref": refOf({ name, version }),
    name,
    version,
    description,
    licenses: [/ (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { id: license } }],
    purl: refOf({ name, version }),
  };
}

/** A package URL (https://github.com/package-url/purl-spec), which also names the component in the document. */
function refOf({ name, version }: Pick<Package, "name" | "version">): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function componentOf(folder: string, { packages }: Lock, parts: Record<string, string[]>): object {
  const found = readJson<Package>(`${folder}/package.json`);
  const [algorithm, sum] = packages[folder]?.integrity?.split("-") ?? [];
  if (algorithm !== "sha512" || !sum) throw new Error(`package-lock.json has no SHA-512 of ${folder}`);
  const files = Object.keys(parts).filter((part) => parts[part]!.includes(folder));
  return {
    ...describe(found),
    type: "library",
    hashes: [{ alg: "SHA-512", content: Buffer.from(sum, "base64").toString("hex") }],
    properties: files.map((value) => ({ name: "scopegate:in", value })),
  };
}

/** A UUID of version 8 (RFC 9562) made of a text. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
