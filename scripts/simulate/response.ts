// The answer to a request on its way back through the filter, as Envoy hands it over: headers, pieces of the body, the end
// in a piece of its own, with the data or in trailers, or no end at all. Measured on Envoy 1.40.
import type { Guest } from "./guest.ts";
import type { Stream } from "./stream.ts";
import { concat } from "../bytes.ts";
import type { Pair } from "../wire.ts";

export interface SimulatedResponse {
  status?: number;
  /** In order, repeats allowed, names in lower case; without the pseudo header. */
  headers?: readonly Pair[];
  body?: Uint8Array;
  /** Sizes in which the body arrives; what they leave over is one last piece. */
  chunks?: readonly number[];
  /** The end of stream comes with the last piece (HTTP/2), and not (HTTP/1) in a call of its own. */
  endWithData?: boolean;
  trailers?: readonly Pair[];
  /** The server answers before the body of the request; only where the headers are not held. */
  early?: boolean;
  /** The server goes away in the middle of its answer: no further callback comes. */
  cut?: boolean;
  /** Envoy's code details; others than `via_upstream` for what it says itself. */
  details?: string;
}

/** What the client gets. */
export interface ClientResponse {
  status: number;
  headers: Pair[];
  body: Uint8Array;
  trailers?: Pair[];
  /** The answer ends before its end. */
  cut: boolean;
}

const CONTINUE = 0;

/** Runs one answer; undefined when the filter answered in its place. Throws Hang for what Envoy would wait for. */
export function runResponse(guest: Guest, stream: Stream, response: SimulatedResponse): ClientResponse | undefined {
  const { status = 200, body = new Uint8Array(), trailers, cut = false } = response;
  stream.responseHeaders = [[":status", String(status)], ...(response.headers ?? [])];
  stream.details = response.details ?? "via_upstream";
  const before = stream.reply;
  const bare = (body.length === 0 && !trailers) || status === 204 || status === 304;
  const action = guest.call("proxy_on_response_headers", stream.id, stream.responseHeaders.length, bare ? 1 : 0);
  if (stream.reply !== before) return undefined;
  if (action !== CONTINUE) throw new Hang();
  const headers = stream.responseHeaders.filter(([name]) => name !== ":status");
  stream.responseHeadersSent = true;
  const client: ClientResponse = { status, headers, body: new Uint8Array(), cut };
  if (!bare) runBody(guest, stream, response, client);
  stream.responseBody = undefined;
  return client;
}

/** The filter stopped an answer for good. */
export class Hang extends Error {}

function runBody(guest: Guest, stream: Stream, response: SimulatedResponse, client: ClientResponse): void {
  const { trailers, cut = false } = response;
  const pieces = piecesOf(response);
  for (const [i, piece] of pieces.entries()) {
    stream.responseBody = piece;
    const end = !trailers && !cut && i === pieces.length - 1;
    const action = guest.call("proxy_on_response_body", stream.id, piece.length, end ? 1 : 0);
    client.cut ||= stream.closed;
    if (stream.closed) return;
    if (action !== CONTINUE) throw new Hang();
    client.body = concat([client.body, stream.responseBody]);
  }
  // What is put into the body now is lost.
  stream.responseBody = undefined;
  if (trailers && !cut) client.trailers = runTrailers(guest, stream, trailers);
}

function piecesOf({
  body = new Uint8Array(),
  chunks = [],
  trailers,
  endWithData,
  cut,
}: SimulatedResponse): Uint8Array[] {
  const pieces = cutInto(body, chunks);
  return trailers || endWithData || cut ? pieces : [...pieces, new Uint8Array()];
}

function runTrailers(guest: Guest, stream: Stream, trailers: readonly Pair[]): Pair[] {
  stream.responseTrailers = [...trailers];
  if (guest.call("proxy_on_response_trailers", stream.id, trailers.length) !== CONTINUE) throw new Hang();
  return stream.responseTrailers;
}

/** Pieces of the sizes asked for; a size that is no positive number is passed over, the rest is one last piece. */
export function cutInto(body: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    if (!(size > 0) || at >= body.length) continue;
    pieces.push(body.subarray(at, at + size));
    at += size;
  }
  if (at < body.length) pieces.push(body.subarray(at));
  return pieces;
}
