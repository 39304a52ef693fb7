// A closed-loop HTTP/1.1 load: so many connections, each with one request under way; every request is let finish.
import { connect, type Socket } from "node:net";

export interface Load {
  requests: number;
  seconds: number;
}

/**
 * Sends the same request over and over for `seconds`.
 * @param request a whole HTTP/1.1 request
 * @throws when an answer is not 200
 */
export async function loadFor(port: number, request: Buffer, connections: number, seconds: number): Promise<Load> {
  const start = performance.now();
  const end = start + seconds * 1000;
  const counts = await Promise.all(Array.from({ length: connections }, () => client(port, request, end)));
  return { requests: counts.reduce((sum, count) => sum + count), seconds: (performance.now() - start) / 1000 };
}

function client(port: number, request: Buffer, end: number): Promise<number> {
  return new Promise((done, fail) => {
    const socket: Socket = connect(port, "127.0.0.1").setNoDelay(true);
    let answer = "";
    let finished = 0;
    socket.on("error", fail);
    socket.on("connect", () => socket.write(request));
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      const length = lengthOf(answer);
      if (length === undefined || answer.length < length) return;
      if (!answer.startsWith("HTTP/1.1 200")) return fail(new Error(`answered ${answer.slice(0, 200)}`));
      answer = "";
      finished++;
      if (performance.now() < end) return void socket.write(request);
      socket.destroy();
      done(finished);
    });
  });
}

/** Bytes of the whole answer, once its head is there. */
function lengthOf(answer: string): number | undefined {
  const head = answer.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  return head + 4 + Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
}
