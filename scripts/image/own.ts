import { readFileSync } from "node:fs";
import { imageOf, type Image } from "./layout.ts";

interface Package {
  name: string;
  version: string;
  license: string;
  description: string;
}

/** The image of build/scopegate.wasm, annotated from package.json, and its version. */
export function ownImage(): { image: Image; version: string } {
  const { name, version, license, description } = JSON.parse(readFileSync("package.json", "utf8")) as Package;
  const about = { title: name, description, version, licenses: license };
  return { image: imageOf(readFileSync("build/scopegate.wasm"), about), version };
}
