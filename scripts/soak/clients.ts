// Misbehaving clients: they reset, half-close, drip a byte per second, wait for 100, ask for an upgrade, or open 100
// streams at once. Meanwhile Envoy must serve the others, and no part of a refused body may arrive upstream.
import { connect as connectHttp2 } from "node:http2";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { token } from "../envoy/issuer.ts";
import { call, Gateway, headers } from "../../tests/support/envoy.ts";
import { http2 } from "../../tests/support/clients.ts";
import type { Scenario } from "./scenario.ts";
import { post, RawClient } from "./socket.ts";

const STREAMS = 100;
const DRIP_MS = 1000;
const ANSWER_MS = 5000;

const GOOD = Buffer.from(call("echo", { text: "Hello, World!" }));
const BAD = Buffer.from(call("sum", { marker: "must-not-arrive" }));

interface Run {
  gateway: Gateway;
  bearer: string;
  faults: string[];
  /** Whether the scenario is still running. */
  going(): boolean;
}

type Client = (run: Run) => Promise<void>;

async function socketTo({ gateway }: Run): Promise<Socket & { text: string }> {
  const socket = Object.assign(
    connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true }).setNoDelay(true),
    { text: "" },
  );
  socket.on("data", (data: Buffer) => (socket.text += data.toString("latin1")));
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function until(condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + ANSWER_MS; performance.now() < end; await sleep(2)) if (condition()) return true;
  return condition();
}

const statusOf = (text: string): number => Number(/HTTP\/1\.1 ([2-5]\d\d)/.exec(text)?.[1] ?? 0);

const CLIENTS: Record<string, Client> = {
  /** Ends the connection somewhere in the request, sometimes with a TCP reset. */
  reset: async (run) => {
    const request = post(Math.random() < 0.5 ? GOOD : BAD, run.bearer);
    const socket = await socketTo(run);
    socket.write(request.subarray(0, 1 + Math.floor(Math.random() * (request.length - 1))));
    await sleep(Math.random() * 5);
    if (Math.random() < 0.5) socket.resetAndDestroy();
    else socket.destroy();
  },
  /** Sends everything and half-closes; the response may still arrive, or the connection ends. */
  "half-close": async (run) => {
    const socket = await socketTo(run);
    socket.end(post(BAD, run.bearer));
    await until(() => socket.destroyed || socket.readableEnded || statusOf(socket.text) !== 0);
    const status = statusOf(socket.text);
    if (status !== 0 && status !== 403) run.faults.push(`half-close: ${status}`);
    socket.destroy();
  },
  drip: async (run) => {
    const request = post(BAD, run.bearer);
    const socket = await socketTo(run);
    socket.write(request.subarray(0, -3));
    for (const byte of request.subarray(-3)) {
      await sleep(DRIP_MS);
      if (statusOf(socket.text) !== 0)
        run.faults.push(`drip: answered ${statusOf(socket.text)} before the end of the body`);
      socket.write(Buffer.of(byte));
    }
    if (!(await until(() => statusOf(socket.text) === 403))) run.faults.push(`drip: ${socket.text.slice(0, 100)}`);
    socket.destroy();
  },
  "expect: 100-continue": async (run) => {
    for (const [body, status] of [
      [GOOD, 200],
      [BAD, 403],
    ] as const) {
      const request = post(body, run.bearer, { expect: "100-continue" });
      const socket = await socketTo(run);
      socket.write(request.subarray(0, -body.length));
      await until(() => socket.text.includes("HTTP/1.1 100") || statusOf(socket.text) !== 0);
      socket.write(body);
      if (!(await until(() => statusOf(socket.text) === status)))
        run.faults.push(`100-continue: ${socket.text.slice(0, 100)}`);
      socket.destroy();
    }
  },
  upgrade: async (run) => {
    const socket = await socketTo(run);
    const path = Math.random() < 0.5 ? "GET /mcp" : "POST /mcp";
    socket.write(
      `${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${run.bearer}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n\r\n`,
    );
    await until(() => /HTTP\/1\.1 \d{3}/.test(socket.text));
    if (socket.text.startsWith("HTTP/1.1 101")) run.faults.push("upgrade: the protocol was switched");
    socket.destroy();
  },
  /** Good and refused calls, and streams that are reset in the middle, on one connection. */
  "100 streams": async (run) => {
    const session = connectHttp2(`http://127.0.0.1:${run.gateway.port}`);
    session.on("error", () => {}).setMaxListeners(0);
    const own = headers("echo");
    const ask = async (i: number): Promise<void> => {
      if (i % 5 === 4) {
        const stream = session.request({ ":method": "POST", ":path": "/mcp", ...own });
        stream.on("error", () => {});
        stream.write(BAD.subarray(0, 20));
        return void setTimeout(() => stream.close(8), 1);
      }
      const { status } = await http2(
        run.gateway.port,
        { body: i % 2 ? GOOD : BAD, headers: own, ...(i % 3 === 0 && { trailers: { "x-t": "1" } }) },
        session,
      );
      if (status !== (i % 2 ? 200 : 403)) run.faults.push(`100 streams: ${status}`);
    };
    await Promise.all(Array.from({ length: STREAMS }, (_, i) => ask(i)));
    session.destroy();
  },
};

export const clients: Scenario = async ({ seconds, say }) => {
  const gateway = await Gateway.start();
  const end = performance.now() + seconds * 1000;
  const run: Run = { gateway, bearer: token({ scope: "echo" }), faults: [], going: () => performance.now() < end };
  const rounds: Record<string, number> = {};
  const repeat = async ([name, client]: [string, Client]): Promise<void> => {
    for (; run.going() && run.faults.length < 10; await sleep(20)) {
      await client(run);
      rounds[name] = (rounds[name] ?? 0) + 1;
    }
  };
  const watch = setInterval(() => {
    if (gateway.upstream.bytes.includes("must-not-arrive")) run.faults.push("a refused body arrived upstream");
    gateway.upstream.forget();
  }, 250);
  const before = gateway.envoy.residentBytes();
  try {
    await Promise.all([...Object.entries(CLIENTS).map(repeat), repeat(["behaves", behave])]);
    say(
      Object.entries(rounds)
        .map(([name, times]) => `${name}: ${times}`)
        .join(", "),
    );
    say(`Envoy's memory: ${mebibytes(before)} before, ${mebibytes(gateway.envoy.residentBytes())} after`);
    const active = await gateway.envoy.stats("^http.mcp.downstream_rq_active$");
    if (Object.values(active)[0] !== 0) run.faults.push(`requests are still open: ${JSON.stringify(active)}`);
  } finally {
    clearInterval(watch);
    await gateway.stop();
  }
  return run.faults;
};

/** The well-behaved client, which the others must not disturb. */
const behave: Client = async (run) => {
  const client = new RawClient(run.gateway.port);
  for (let i = 0; i < 20 && run.going(); i++) {
    const [body, expected] = i % 2 ? [GOOD, 200] : [BAD, 403];
    const { status } = await client.send(post(body as Buffer, run.bearer));
    if (status !== expected) run.faults.push(`a client that behaves got ${status} in place of ${String(expected)}`);
    await sleep(5);
  }
  client.close();
};

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
