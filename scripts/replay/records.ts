// Decision records out of logs: JSON lines, one at a time, so that memory does not grow with the log.
import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CannotRun } from "../command.ts";

/** A decision record as an access log prints it (docs/observability.md). */
export type LogRecord = Record<string, unknown>;

export interface Line {
  /** The line as an object; undefined when it is none. */
  value: Record<string, unknown> | undefined;
  /** Bytes of all files up to here, as they lie there. */
  bytes: number;
}

/** Bytes of the files together; undefined when standard input is among them. */
export function sizeOf(files: readonly string[]): number | undefined {
  if (files.includes("-")) return undefined;
  return files.reduce((sum, file) => sum + statSize(file), 0);
}

function statSize(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw new CannotRun(`cannot read ${file}: ${(error as Error).message}`);
  }
}

/** The lines of logs, in order; `-` is standard input, and what begins as gzip does is unpacked. Throws CannotRun. */
export async function* readLines(files: readonly string[]): AsyncGenerator<Line[]> {
  let before = 0;
  for (const file of files) {
    let read = 0;
    const source = file === "-" ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 });
    source.on("data", (chunk: Buffer) => (read += chunk.length));
    source.pause();
    try {
      for await (const texts of linesOf(await unpacked(source)))
        yield texts.map((text) => ({ value: objectOf(text), bytes: before + read }));
    } catch (error) {
      throw new CannotRun(`cannot read ${file === "-" ? "standard input" : file}: ${(error as Error).message}`);
    }
    before += read;
  }
}

/** The text of a stream that may be packed with gzip. */
async function unpacked(source: Readable): Promise<AsyncIterable<Buffer>> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  const all = (async function* () {
    if (!first.done) yield first.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  })();
  const isPacked = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b;
  return isPacked ? Readable.from(all, { objectMode: false }).pipe(createGunzip()) : all;
}

/** Whole lines, as many at a time as a chunk has. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) throw new Error(`a line is longer than ${MAX_LINE} characters`);
    yield lines.filter((line) => line.trim() !== "");
  }
  if (rest.trim() !== "") yield [rest];
}

const MAX_LINE = 64 << 20;

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The record in a line: at `path` (names with dots between them), else in the member `scopegate`, else the line itself. */
export function recordIn(line: Record<string, unknown>, path: string | undefined): LogRecord | undefined {
  const found = path === undefined ? (line["scopegate"] ?? line) : path.split(".").reduce<unknown>(memberOf, line);
  const record = typeof found === "object" && found !== null ? (found as LogRecord) : undefined;
  return typeof record?.["decision"] === "string" && typeof record["reason"] === "string" ? record : undefined;
}

function memberOf(owner: unknown, name: string): unknown {
  return typeof owner === "object" && owner !== null ? (owner as Record<string, unknown>)[name] : undefined;
}

/** A text of a record; undefined when it is absent. */
export function textIn(record: LogRecord, name: string): string | undefined {
  const value = record[name];
  return typeof value === "string" ? value : undefined;
}
