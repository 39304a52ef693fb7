// The filter as an OCI image: one gzipped tar layer with plugin.wasm, the layout that Envoy Gateway and Istio accept.
// It contains no time, user or machine, and pinned libraries pack it, so that the same module has the same digest.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "fflate";
import { Header } from "tar";

/** The name that both hosts look for in the last layer. */
const MODULE_FILE = "plugin.wasm";
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const BLOCK = 512;

/** OCI content descriptor (image-spec, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export interface Blob {
  descriptor: Descriptor;
  bytes: Uint8Array;
}

export interface Image {
  manifest: Blob;
  /** The blobs that the manifest refers to, in upload order. */
  blobs: Blob[];
}

interface About {
  title: string;
  description: string;
  version: string;
  licenses: string;
}

/** The image of a module. Pure: equal arguments give equal bytes. */
export function imageOf(wasm: Uint8Array, about: About): Image {
  const archive = tarOf(MODULE_FILE, wasm);
  const layer = blob("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(archive, { level: 9, mtime: 0 }));
  const config = json("application/vnd.oci.image.config.v1+json", {
    architecture: "wasm",
    os: "wasip1",
    config: {},
    rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
  });
  const prefixed = Object.entries(about).map(([key, text]) => [`org.opencontainers.image.${key}`, text]);
  const manifest = json(MANIFEST_TYPE, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: config.descriptor,
    layers: [layer.descriptor],
    annotations: Object.fromEntries(prefixed) as Record<string, string>,
  });
  return { manifest, blobs: [layer, config] };
}

/** Writes an OCI image layout (image-spec, image-layout.md) replacing the contents of the folder. */
export function writeLayout({ manifest, blobs }: Image, folder: string, tag: string): void {
  rmSync(folder, { recursive: true, force: true });
  const store = join(folder, "blobs", "sha256");
  mkdirSync(store, { recursive: true });
  for (const { descriptor, bytes } of [...blobs, manifest])
    writeFileSync(join(store, descriptor.digest.slice("sha256:".length)), bytes);
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}\n');
  const annotations = { "org.opencontainers.image.ref.name": tag };
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" };
  const text = JSON.stringify({ ...index, manifests: [{ ...manifest.descriptor, annotations }] });
  writeFileSync(join(folder, "index.json"), `${text}\n`);
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function json(mediaType: string, value: object): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, bytes: Uint8Array): Blob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** A tar archive of one file; it ends with two empty blocks (POSIX ustar). */
function tarOf(path: string, bytes: Uint8Array): Uint8Array {
  const archive = Buffer.alloc((Math.ceil(bytes.length / BLOCK) + 3) * BLOCK);
  const head = { path, type: "File", mode: 0o644, uid: 0, gid: 0, size: bytes.length, mtime: new Date(0) } as const;
  new Header(head).encode(archive, 0);
  archive.set(bytes, BLOCK);
  return archive;
}
