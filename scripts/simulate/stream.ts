// One request as the host sees it: what the filter may read at each stage, and the outcome.
import { concat } from "../bytes.ts";
import { encodeMetadata, encodeProperty, type Pair, type Struct } from "../wire.ts";
import { Rc } from "./guest.ts";
import type { ClientResponse, SimulatedResponse } from "./response.ts";

export const JWT_NAMESPACE = "envoy.filters.http.jwt_authn";

export interface SimulatedRequest {
  method?: string;
  path?: string;
  authority?: string;
  /** In order, repeats allowed, names in lower case; without the pseudo headers. */
  headers?: readonly Pair[];
  body?: Uint8Array;
  /** Sizes of the pieces in which the body arrives; the rest is one last piece. */
  chunks?: readonly number[];
  /** The end of stream comes with the last piece, not in a call of its own (as Envoy does for HTTP/1). */
  endWithData?: boolean;
  /** Without a body: the end of stream comes after the headers (an empty DATA frame, an empty chunked body). */
  endsApart?: boolean;
  trailers?: readonly Pair[];
  /** Dynamic metadata: namespace → Struct. */
  metadata?: { [namespace: string]: Struct };
  route?: string;
  cluster?: string;
  /** Address and port of the caller; null: the host does not know it. */
  address?: string | null;
  /** Names of the caller's certificate; absent: the connection has none. */
  certificate?: Certificate;
  /** SHA-256 of the caller's certificate, hexadecimal. */
  certificateDigest?: string;
  /** What the server answers when the request reaches it; an empty 200 unless given. */
  response?: SimulatedResponse;
}

/** What Envoy hands out of a certificate: its first URI name, its first DNS name, its subject. */
export interface Certificate {
  uri?: string;
  dns?: string;
  subject: string;
}

export interface Reply {
  status: number;
  headers: Pair[];
  body: string;
  details: string;
}

/** The outcome of a request. */
export interface Answer {
  /** The local reply; absent if the request passed. */
  reply?: Reply;
  /** The whole request reached the upstream. */
  forwarded: boolean;
  /** What the upstream got, complete or not; `headers` is absent if it got nothing. */
  upstream: { headers?: Pair[]; body: Uint8Array };
  /** What the client gets of the server's answer. */
  response?: ClientResponse;
  /** The filter stopped the request or the answer where the host never goes on. */
  hung: boolean;
  /** The message of a trap; the host is dead from then on, as in Envoy. */
  trap?: string;
  /** Filter state that the filter set as text. */
  state: Map<string, string>;
  /** Filter state that it set as an object, after declaring that. */
  objects: Map<string, Struct>;
  logs: string[];
}

export class Stream {
  headers: Pair[];
  headersReadable = true;
  trailers?: Pair[];
  /** What proxy_get_buffer_bytes reads; undefined outside the body and trailers callbacks. */
  body?: Uint8Array;
  reply?: Reply;
  responseHeaders?: Pair[];
  /** They are on their way to the client: out of the filter's reach. */
  responseHeadersSent = false;
  responseTrailers?: Pair[];
  /** What proxy_get_buffer_bytes reads in the body callback of an answer. */
  responseBody?: Uint8Array;
  /** Envoy's code details of the answer. */
  details?: string;
  /** The filter closed the stream. */
  closed = false;
  readonly state = new Map<string, string>();
  readonly objects = new Map<string, Struct>();

  constructor(
    readonly id: number,
    readonly request: SimulatedRequest,
  ) {
    const { method = "POST", path = "/mcp", authority = "mcp.example.com" } = request;
    const pseudo: Pair[] = [
      [":authority", authority],
      [":path", path],
      [":method", method],
      [":scheme", "http"],
    ];
    this.headers = [
      ...pseudo,
      ...(request.headers ?? []),
      ["x-request-id", `00000000-0000-4000-8000-${String(id).padStart(12, "0")}`],
    ];
  }

  header(name: string): string | undefined {
    return this.headers.find(([key]) => key === name)?.[1];
  }

  /** The value of a property, or the code that Envoy returns if there is none. Metadata only as a whole. */
  property(path: readonly string[]): Uint8Array | Rc {
    const [root, ...rest] = path;
    if (root === "metadata") return rest.length ? Rc.NotFound : encodeMetadata(this.request.metadata ?? {});
    if (root === "request") return this.requestProperty(rest);
    const known: { [path: string]: string | number | undefined } = {
      "xds.route_name": this.request.route,
      "xds.cluster_name": this.request.cluster,
      "source.address": this.request.address === null ? undefined : (this.request.address ?? "127.0.0.1:50000"),
      "connection.uri_san_peer_certificate": this.request.certificate?.uri,
      "connection.dns_san_peer_certificate": this.request.certificate?.dns,
      "connection.subject_peer_certificate": this.request.certificate?.subject,
      "connection.sha256_peer_certificate_digest": this.request.certificateDigest ?? "",
      "response.code_details": this.details,
      "connection.id": this.id,
      plugin_name: "scopegate",
      plugin_root_id: "",
      plugin_vm_id: "",
    };
    const state = this.state.get(path.join("\0"));
    return encode(state ?? known[path.join(".")]);
  }

  private requestProperty([name = "", key = ""]: string[]): Uint8Array | Rc {
    if (!this.headersReadable) return Rc.NotFound;
    const path = this.header(":path") ?? "";
    const query = path.indexOf("?");
    const values: { [name: string]: string | undefined } = {
      path,
      url_path: query < 0 ? path : path.slice(0, query),
      query: query < 0 ? "" : path.slice(query + 1),
      host: this.header(":authority"),
      method: this.header(":method"),
      scheme: this.header(":scheme"),
      id: this.header("x-request-id"),
      protocol: "HTTP/1.1",
      headers: this.header(key),
    };
    return encode(values[name]);
  }

  /** Puts bytes in place of the beginning of a buffer, or at its end; anywhere else Envoy refuses. */
  replace(buffer: "body" | "responseBody", start: number, length: number, bytes: Uint8Array): Rc {
    const old = this[buffer];
    if (!old || (start > 0 && start < old.length)) return Rc.BadArgument;
    this[buffer] = concat(start === 0 ? [bytes, old.subarray(length >>> 0)] : [old, bytes]);
    return Rc.Ok;
  }
}

function encode(value: string | number | undefined): Uint8Array | Rc {
  return value === undefined ? Rc.NotFound : encodeProperty(value);
}
