// `npm run image`: the layout that it writes, and what a registry receives. Both hosts look for plugin.wasm in the last layer.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { digestOf, imageOf, writeLayout, type Descriptor } from "../../scripts/image/layout.ts";
import { LoopbackRegistry } from "../../scripts/image/loopback.ts";
import { ownImage } from "../../scripts/image/own.ts";
import { parseReference, push, RegistryError } from "../../scripts/image/registry.ts";

const { image, version } = ownImage();
const WASM = readFileSync("build/scopegate.wasm");
const folder = mkdtempSync(join(tmpdir(), "scopegate-image-"));
after(() => rmSync(folder, { recursive: true }));

interface Manifest {
  schemaVersion: number;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations: Record<string, string>;
}

describe("the layout", () => {
  const layout = join(folder, "layout");
  writeLayout(image, layout, version);
  const text = (name: string) => readFileSync(join(layout, name), "utf8");
  const blob = ({ digest, size }: Descriptor) => {
    const bytes = readFileSync(join(layout, "blobs", ...digest.split(":")));
    assert.deepEqual([digestOf(bytes), bytes.length], [digest, size]);
    return bytes;
  };
  const index = JSON.parse(text("index.json")) as { schemaVersion: number; manifests: [Descriptor] };
  const manifest = JSON.parse(blob(index.manifests[0]).toString()) as Manifest;

  test("is a valid OCI layout, and contains nothing that is not referred to", () => {
    assert.equal((JSON.parse(text("oci-layout")) as { imageLayoutVersion: string }).imageLayoutVersion, "1.0.0");
    assert.deepEqual([index.schemaVersion, manifest.schemaVersion], [2, 2]);
    assert.equal(index.manifests[0].mediaType, "application/vnd.oci.image.manifest.v1+json");
    const used = [index.manifests[0], manifest.config, ...manifest.layers].map(({ digest }) => digest.split(":")[1]);
    assert.deepEqual(readdirSync(join(layout, "blobs", "sha256")).sort(), used.sort());
    const { name, license } = JSON.parse(readFileSync("package.json", "utf8")) as { name: string; license: string };
    assert.equal(manifest.annotations["org.opencontainers.image.title"], name);
    assert.equal(manifest.annotations["org.opencontainers.image.licenses"], license);
  });

  test("has one layer, from which the system's tar extracts the filter", () => {
    assert.equal(manifest.layers.length, 1);
    assert.equal(manifest.layers[0]!.mediaType, "application/vnd.oci.image.layer.v1.tar+gzip");
    const layer = blob(manifest.layers[0]!);
    const { status, stderr } = spawnSync("tar", ["-xzf", "-", "-C", folder], { input: layer });
    assert.equal(status, 0, stderr.toString());
    assert.deepEqual(readFileSync(join(folder, "plugin.wasm")), WASM);
    const config = JSON.parse(blob(manifest.config).toString()) as { rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.rootfs.diff_ids, [digestOf(gunzipSync(layer))]);
  });

  test("is the same for the same module at any time, and different for another module", () => {
    const about = { title: "t", description: "d", version: "1.2.3", licenses: "MIT" };
    const digest = (module: Uint8Array) => imageOf(module, about).manifest.descriptor.digest;
    const now = Date.now;
    const before = digest(WASM);
    try {
      Date.now = () => 4_000_000_000_000;
      assert.equal(digest(WASM), before);
    } finally {
      Date.now = now;
    }
    assert.notEqual(digest(Buffer.concat([WASM, Buffer.from([0])])), before);
    assert.equal(
      digest(Buffer.from("module")),
      "sha256:efdd0896aa68dbc0051359be24226fa9f5b971a5e6a2ee89f8ccfa993f40962e",
      "another packing: every published digest of an unchanged filter would change",
    );
  });
});

/** Runs `npm run image` without npm. */
function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ["scripts/bootstrap.mjs", "scripts/image.ts", ...args], {
    env: { ...process.env, ...env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  return new Promise((done) => child.on("close", (status) => done({ status, out, err })));
}

describe("npm run image", () => {
  const { digest } = image.manifest.descriptor;

  test("prints the same digest twice, and pushes an image that can be pulled again", async () => {
    const registry = await LoopbackRegistry.start({ username: "ann", password: "secret" });
    try {
      const place = `${registry.address}/team/scopegate:0.1.0`;
      const password = { SCOPEGATE_REGISTRY_PASSWORD: "secret" };
      const first = await run([]);
      assert.deepEqual([first.status, first.out], [0, `${digest}\n`], first.err);
      const pushed = await run(["--push", place, "--username", "ann", "--plain-http"], password);
      assert.deepEqual([pushed.status, pushed.out], [0, `${digest}\n`], pushed.err);
      assert.ok(pushed.err.includes(`oci://${registry.address}/team/scopegate@${digest}`), pushed.err);
      for (const name of [digest, "0.1.0"])
        assert.deepEqual(Buffer.from(registry.manifests.get(name)!.bytes), Buffer.from(image.manifest.bytes));
      for (const { descriptor, bytes } of image.blobs)
        assert.deepEqual(Buffer.from(registry.blobs.get(descriptor.digest)!), Buffer.from(bytes));
      const wrong = await run(["--push", place, "--username", "bob", "--plain-http"], password);
      assert.equal(wrong.status, 2);
      assert.match(wrong.err, /answered 401/);
    } finally {
      registry.stop();
    }
  });

  test("says what is wrong with its arguments", async () => {
    const named = await run(["--push", "no-registry"]);
    assert.equal(named.status, 2);
    assert.match(named.err, /an image must be REGISTRY\/NAME:TAG, not no-registry/);
    assert.match((await run(["--pull"])).err, /--pull/);
  });
});

describe("push", () => {
  test("sends a blob only once", async () => {
    const registry = await LoopbackRegistry.start();
    const reference = parseReference(`${registry.address}/scopegate:one`);
    await push(image, reference, { plainHttp: true });
    const before = registry.log.length;
    await push(image, { ...reference, tag: "two" }, { plainHttp: true });
    assert.deepEqual(
      registry.log.slice(before).map((line) => line.split(" ")[0]),
      ["HEAD", "HEAD", "PUT"],
    );
    registry.stop();
  });

  test("exchanges its credentials for a token if the registry asks for one", async () => {
    const credentials = { username: "ann", password: "secret" };
    const registry = await LoopbackRegistry.start({ ...credentials, token: "t" });
    const reference = parseReference(`${registry.address}/team/scopegate:one`);
    await push(image, reference, { plainHttp: true, ...credentials });
    assert.ok(registry.manifests.has("one"));
    const asked = registry.log.filter((line) => line.startsWith("GET /token"));
    assert.deepEqual(asked, ["GET /token?service=loopback&scope=repository%3Ateam%2Fscopegate%3Apull%2Cpush"]);
    const wrong = { plainHttp: true, username: "ann", password: "guess" };
    await assert.rejects(push(image, reference, wrong), /no token for team\/scopegate: 401/);
    registry.stop();
  });

  test("fails if the registry refuses or cannot be reached", async () => {
    const registry = await LoopbackRegistry.start();
    const reference = parseReference(`${registry.address}/scopegate:one`);
    const [layer, config] = image.blobs;
    const damaged = { ...layer!, bytes: Buffer.concat([layer!.bytes, Buffer.from([0])]) };
    await assert.rejects(push({ ...image, blobs: [damaged, config!] }, reference, { plainHttp: true }), RegistryError);
    await assert.rejects(push({ ...image, blobs: [config!] }, reference, { plainHttp: true }), /MANIFEST_BLOB_UNKNOWN/);
    registry.stop();
    await assert.rejects(push(image, reference, { plainHttp: true }), RegistryError);
  });
});
