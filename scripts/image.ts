// `npm run image`: the filter as an OCI image, without a container engine.
import { parseArgs } from "node:util";
import { writeLayout } from "./image/layout.ts";
import { ownImage } from "./image/own.ts";
import { parseReference, push, RegistryError, type Access } from "./image/registry.ts";

const HELP = `Usage: npm run image -- [--push REGISTRY/NAME:TAG]

Writes build/image, an OCI image layout that contains build/scopegate.wasm as plugin.wasm, and prints the digest of its
manifest. The same module always has the same digest.

Options:
  --push REGISTRY/NAME:TAG  also push the image
  --username NAME           for the registry; default $SCOPEGATE_REGISTRY_USERNAME.
                            The password is $SCOPEGATE_REGISTRY_PASSWORD.
  --plain-http              use HTTP for the registry: only for one on this machine
`;
const FOLDER = "build/image";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      push: { type: "string" },
      username: { type: "string" },
      "plain-http": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const reference = values.push === undefined ? undefined : parseReference(values.push);
  const { image, version } = ownImage();
  writeLayout(image, FOLDER, version);
  console.log(image.manifest.descriptor.digest);
  if (!reference) return;
  const access: Access = {
    plainHttp: values["plain-http"],
    username: values.username ?? process.env["SCOPEGATE_REGISTRY_USERNAME"],
    password: process.env["SCOPEGATE_REGISTRY_PASSWORD"],
  };
  const digest = await push(image, reference, access);
  console.error(`pushed; pin it with --wasm oci://${reference.registry}/${reference.repository}@${digest}`);
}

await main().catch((error: Error) => {
  const known = error instanceof RegistryError || String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE");
  console.error(`scopegate: ${known ? error.message : error.stack}`);
  process.exit(2);
});
