// The filter as an OCI image: one gzipped tar layer with plugin.wasm, the layout that Envoy Gateway and Istio accept.
// It contains no time, user or machine, and pinned libraries pack it, so that the same module has the same digest.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
  const archive = archiveOf(new Map([[MODULE_FILE, wasm]]));
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

/** The files of an OCI image layout (image-spec, image-layout.md): path → bytes. */
function layoutFiles({ manifest, blobs }: Image, tag: string): Map<string, Uint8Array> {
  const annotations = { "org.opencontainers.image.ref.name": tag };
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" };
  const text = JSON.stringify({ ...index, manifests: [{ ...manifest.descriptor, annotations }] });
  const stored = [...blobs, manifest].map(({ descriptor: { digest }, bytes }): [string, Uint8Array] => [
    `blobs/sha256/${digest.slice("sha256:".length)}`,
    bytes,
  ]);
  return new Map([
    ["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}\n')],
    ["index.json", Buffer.from(`${text}\n`)],
    ...stored,
  ]);
}

/** Writes an OCI image layout, replacing the contents of the folder. */
export function writeLayout(image: Image, folder: string, tag: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [path, bytes] of layoutFiles(image, tag)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** The same as one file: a tar archive, which image tools read as `oci-archive:`. */
export function archivedLayout(image: Image, tag: string): Uint8Array {
  return archiveOf(layoutFiles(image, tag));
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

/** A tar archive (POSIX ustar): a block of header and whole blocks of content for each file, two empty blocks at the end. */
export function archiveOf(files: Map<string, Uint8Array>): Uint8Array {
  const blocks = (bytes: Uint8Array): number => 1 + Math.ceil(bytes.length / BLOCK);
  const total = [...files.values()].reduce((sum, bytes) => sum + blocks(bytes), 2);
  const archive = Buffer.alloc(total * BLOCK);
  let at = 0;
  for (const [path, bytes] of files) {
    const head = { path, type: "File", mode: 0o644, uid: 0, gid: 0, size: bytes.length, mtime: new Date(0) } as const;
    new Header(head).encode(archive, at);
    archive.set(bytes, at + BLOCK);
    at += blocks(bytes) * BLOCK;
  }
  return archive;
}
