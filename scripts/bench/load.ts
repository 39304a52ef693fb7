// A closed-loop HTTP/1.1 load generator in its own process: keep-alive connections with one request in flight each, until
// a given number of requests is finished. Every request that is sent gets a response, so that the proxy's CPU time and
// the number of requests belong together.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";

interface Job {
  port: number;
  /** A whole HTTP/1.1 request, base64. */
  request: string;
  connections: number;
  requests: number;
  /** The status that every response must have. */
  status: number;
}

interface Done {
  seconds?: number;
  error?: string;
}

/** The load's process. */
export class LoadGenerator {
  private constructor(private readonly child: ChildProcess) {}

  static start(): LoadGenerator {
    return new LoadGenerator(fork(fileURLToPath(import.meta.url), [], { execArgv: ["--import", "tsx"] }));
  }

  /** Runs a job; returns the seconds that it took. Throws if a response is not as expected. */
  async run(job: Job): Promise<number> {
    this.child.send(job);
    const [done] = (await once(this.child, "message")) as [Done];
    if (done.error !== undefined) throw new Error(done.error);
    return done.seconds!;
  }

  stop(): void {
    this.child.disconnect();
  }
}

async function perform({ port, request, connections, requests, status }: Job): Promise<Done> {
  const bytes = Buffer.from(request, "base64");
  const left = { count: requests };
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, () => client(port, bytes, status, left)));
  return { seconds: (performance.now() - start) / 1000 };
}

/** One connection: sends until no requests are left. If the server closes it, a new one is opened. */
async function client(port: number, request: Buffer, status: number, left: { count: number }): Promise<void> {
  while (left.count > 0) await connection(port, request, status, left);
}

function connection(port: number, request: Buffer, status: number, left: { count: number }): Promise<void> {
  return new Promise((done, fail) => {
    const socket: Socket = connect(port, "127.0.0.1").setNoDelay(true);
    let answer = "";
    let open = false; // a request is in flight
    const next = () => {
      open = left.count-- > 0;
      if (open) socket.write(request);
      else socket.end();
    };
    socket.on("connect", next);
    socket.on("error", fail);
    socket.on("close", () => (open ? fail(new Error("the connection was closed without an answer")) : done()));
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      const length = lengthOf(answer);
      if (length === undefined || answer.length < length) return;
      if (!answer.startsWith(`HTTP/1.1 ${status}`)) return fail(new Error(`answered ${answer.slice(0, 300)}`));
      const last = /^connection: close\r$/im.test(answer);
      answer = "";
      open = false;
      if (last) socket.end();
      else next();
    });
  });
}

/** Bytes of the whole response, once its head has arrived. */
function lengthOf(answer: string): number | undefined {
  const head = answer.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  // The last piece: no answer of the bench has these bytes elsewhere.
  if (/transfer-encoding: chunked/i.test(answer.slice(0, head)))
    return answer.endsWith("\r\n0\r\n\r\n") ? 0 : undefined;
  return head + 4 + Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on("message", (job: Job) => {
    perform(job).then(
      (done) => process.send!(done),
      (error: Error) => process.send!({ error: error.message } satisfies Done),
    );
  });
}
