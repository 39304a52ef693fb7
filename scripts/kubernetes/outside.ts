// What stands outside of the control planes: the MCP server, a registry with the filter's image, the cluster's DNS.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Upstream } from "../../tests/support/upstream.ts";
import { JWKS } from "../envoy/issuer.ts";
import { LoopbackRegistry } from "../image/loopback.ts";
import { ownImage } from "../image/own.ts";
import { push } from "../image/registry.ts";
import { CONTROL, OUTSIDE } from "./machine.ts";

export const MCP_SERVER = { host: OUTSIDE, port: 3000 };
/** Of the private registry. */
export const CREDENTIALS = { username: "ann", password: "secret" };
const PUBLIC_PORT = 5000;
const PRIVATE_PORT = 5001;
const JWKS_PORT = 7001;

export interface Outside {
  upstream: Upstream;
  /** What --wasm takes: the image by its digest, open to all, and where credentials are needed. */
  image: string;
  privateImage: string;
  privateRegistry: LoopbackRegistry;
  /** What --jwks takes: a file, and where the same is served. */
  jwks: string;
  jwksUrl: string;
}

export async function startOutside(jwks: string): Promise<Outside> {
  writeFileSync(jwks, JWKS);
  serveNames();
  const publish = async ({ address }: LoopbackRegistry, credentials?: typeof CREDENTIALS): Promise<string> => {
    const place = { registry: address, repository: "scopegate", tag: "test" };
    const digest = await push(ownImage().image, place, { plainHttp: true, ...credentials });
    return `oci://${address}/scopegate@${digest}`;
  };
  const open = await LoopbackRegistry.start(undefined, { host: OUTSIDE, port: PUBLIC_PORT });
  const privateRegistry = await LoopbackRegistry.start(CREDENTIALS, { host: OUTSIDE, port: PRIVATE_PORT });
  return {
    upstream: await Upstream.start(MCP_SERVER),
    image: await publish(open),
    privateImage: await publish(privateRegistry, CREDENTIALS),
    privateRegistry,
    jwks,
    jwksUrl: await serveKeys(),
  };
}

async function serveKeys(): Promise<string> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JWKS);
  });
  await once(server.listen(JWKS_PORT, OUTSIDE), "listening");
  return `http://${OUTSIDE}:${JWKS_PORT}/jwks`;
}

/** Every name of a Service is the machine that the control planes are on; other names do not exist. */
function serveNames(): Socket {
  writeFileSync("/etc/resolv.conf", `nameserver ${CONTROL}\n`);
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => socket.send(answerTo(question), from.port, from.address));
  socket.bind(53, CONTROL);
  return socket;
}

const A = 1;
const HEADER_SIZE = 12;

/** RFC 1035 section 4: the header, the question again, and one address. */
function answerTo(question: Buffer): Buffer {
  const labels: string[] = [];
  let end = HEADER_SIZE;
  for (; question[end]; end += question[end]! + 1)
    labels.push(question.toString("latin1", end + 1, end + 1 + question[end]!));
  const known = /\.svc(\.cluster\.local)?$/.test(labels.join("."));
  const found = known && question.readUInt16BE(end + 1) === A;
  const header = Buffer.from(question.subarray(0, HEADER_SIZE));
  header.writeUInt16BE(known ? 0x8400 : 0x8403, 2); // an authoritative answer; 3: there is no such name
  header.writeUInt16BE(found ? 1 : 0, 6);
  header.fill(0, 8);
  const address = Buffer.from([0xc0, HEADER_SIZE, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...CONTROL.split(".").map(Number)]);
  return Buffer.concat([header, question.subarray(HEADER_SIZE, end + 5), ...(found ? [address] : [])]);
}
