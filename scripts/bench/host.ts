// The smallest host that can run the filter: every reply to a host call is prepared, and a call only copies bytes. It
// adds a few hundred nanoseconds to a request, and the copy of the body, which Envoy makes too.
// scripts/simulate/host.ts is the faithful one.
import { cpuUsage } from "node:process";
import { filterModule } from "../evaluate/filter-file.ts";
import type { Loaded } from "../evaluate/load.ts";
import { encodeMetadata, encodePairs, type Struct } from "../wire.ts";
import { METADATA_KEY, SCOPE } from "./policies.ts";

const [OK, NOT_FOUND] = [0, 1];
const PLUGIN_CONFIGURATION = 7;
const PAGE = 65_536;
/** The clock stands still: reading it should cost nothing. */
const NOW = new Uint32Array(BigUint64Array.of(1_767_225_600_000_000_000n).buffer);
const METADATA = Buffer.from("metadata");
const JWT = "envoy.filters.http.jwt_authn";

export const CLAIMS = { iss: "https://auth.example.com", sub: "alice", scope: `openid ${SCOPE} files:read` };

/** A token with the claims that identity providers usually include. */
export const IDENTITY = {
  ...CLAIMS,
  aud: "https://mcp.example.com/mcp",
  exp: 1_767_229_200,
  iat: 1_767_225_600,
  nbf: 1_767_225_600,
  jti: "6f0c1e52-6f3f-4d0c-9a55-0a7d2f1c9b11",
  azp: "agent-1",
  client_id: "agent-1",
  sid: "7d1b7c0e",
  typ: "Bearer",
  acr: "1",
  email: "alice@example.com",
  email_verified: true,
  name: "Alice Example",
  preferred_username: "alice",
  groups: ["engineering", "on-call"],
  roles: ["reader"],
};

interface Filter {
  memory: WebAssembly.Memory;
  proxy_on_memory_allocate(size: number): number;
  proxy_on_context_create(id: number, parent: number): void;
  proxy_on_vm_start(root: number, size: number): number;
  proxy_on_configure(root: number, size: number): number;
  proxy_on_request_headers(id: number, count: number, end: number): number;
  proxy_on_request_body(id: number, size: number, end: number): number;
  proxy_on_delete(id: number): void;
}

const ROOT = 1;
const STREAM = 2;

export class BareHost {
  private readonly filter: Filter;
  private bytes = new Uint8Array();
  private words = new Uint32Array();
  private readonly headers: Uint8Array;
  private readonly metadata: Uint8Array;
  private readonly configuration: Uint8Array;
  private body: Uint8Array = new Uint8Array();
  private refused = false;
  private readonly headerCount: number;
  /** Nanoseconds that the filter took to accept its configuration. */
  readonly configureTime: number;
  /** Besides the metadata, by their paths. */
  private readonly properties: Map<string, Uint8Array>;

  /** @param claims the verified payload of every request; @param module another build of the filter */
  constructor(
    { configuration }: Pick<Loaded, "configuration">,
    claims: Struct = CLAIMS,
    module = filterModule(),
    headers = CALL_HEADERS,
    properties: Readonly<Record<string, string>> = {},
  ) {
    this.properties = new Map(Object.entries(properties).map(([path, text]) => [path, Buffer.from(text)]));
    this.headers = encodePairs(headers);
    this.headerCount = headers.length;
    this.metadata = encodeMetadata({ [JWT]: { [METADATA_KEY]: claims } });
    this.configuration = Buffer.from(configuration);
    this.filter = new WebAssembly.Instance(module, { env: { ...unused(module), ...this.imports() } })
      .exports as unknown as Filter;
    this.look();
    this.filter.proxy_on_context_create(ROOT, 0);
    this.filter.proxy_on_vm_start(ROOT, 0);
    const start = process.hrtime.bigint();
    const accepted = this.filter.proxy_on_configure(ROOT, this.configuration.length);
    this.configureTime = Number(process.hrtime.bigint() - start);
    if (!accepted) throw new Error("the filter refused its configuration");
  }

  /** Pages of 64 KiB of linear memory. */
  get pages(): number {
    return this.filter.memory.buffer.byteLength / PAGE;
  }

  /** The linear memory; invalid once it grows. */
  get memory(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.filter.memory.buffer);
  }

  /** Sends one call `count` times. Throws if a decision is not the expected one. */
  send(body: Uint8Array, count: number, allowed = true): void {
    const { filter } = this;
    this.body = body;
    for (let i = 0; i < count; i++) {
      this.refused = false;
      filter.proxy_on_context_create(STREAM, ROOT);
      filter.proxy_on_request_headers(STREAM, this.headerCount, 0);
      if (!this.refused) filter.proxy_on_request_body(STREAM, body.length, 1);
      filter.proxy_on_delete(STREAM);
      if (this.refused === allowed) throw new Error(`the call was ${allowed ? "not " : ""}allowed`);
    }
  }

  /** The CPU time of one call's body, in milliseconds, whatever is decided. */
  time(body: Uint8Array): number {
    const { filter } = this;
    this.body = body;
    filter.proxy_on_context_create(STREAM, ROOT);
    filter.proxy_on_request_headers(STREAM, this.headerCount, 0);
    const start = cpuUsage();
    filter.proxy_on_request_body(STREAM, body.length, 1);
    const { user, system } = cpuUsage(start);
    filter.proxy_on_delete(STREAM);
    return (user + system) / 1000;
  }

  /** Only the copy of the body into the filter's memory: what no filter can be faster than. */
  copy(body: Uint8Array, count: number): void {
    const to = this.pages * PAGE - body.length;
    if (to < 0) throw new Error("send the body first");
    for (let i = 0; i < count; i++) this.bytes.set(body, to);
  }

  private set(to: number, value: number): void {
    if (this.bytes.length === 0) this.look(); // memory grew
    this.words[to >>> 2] = value;
  }

  private look(): void {
    this.bytes = this.memory;
    this.words = new Uint32Array(this.filter.memory.buffer);
  }

  private give(value: Uint8Array, pointerTo: number, sizeTo: number): number {
    const pointer = this.filter.proxy_on_memory_allocate(value.length) >>> 0;
    this.set(pointerTo, pointer);
    this.set(sizeTo, value.length);
    this.bytes.set(value, pointer);
    return OK;
  }

  private imports(): WebAssembly.ModuleImports {
    const ok = () => OK;
    return {
      proxy_log: (_level: number, at: number, size: number) => this.log(at, size),
      proxy_get_current_time_nanoseconds: (to: number) => {
        this.set(to, NOW[0]!);
        this.set(to + 4, NOW[1]!);
        return OK;
      },
      proxy_get_header_map_pairs: (_map: number, pointerTo: number, sizeTo: number) =>
        this.give(this.headers, pointerTo, sizeTo),
      proxy_get_buffer_bytes: (buffer: number, _start: number, _size: number, pointerTo: number, sizeTo: number) =>
        this.give(buffer === PLUGIN_CONFIGURATION ? this.configuration : this.body, pointerTo, sizeTo),
      proxy_get_property: (path: number, size: number, pointerTo: number, sizeTo: number) =>
        this.isMetadata(path, size)
          ? this.give(this.metadata, pointerTo, sizeTo)
          : this.giveProperty(path, size, pointerTo, sizeTo),
      proxy_send_local_response: () => {
        this.refused = true;
        return OK;
      },
      proxy_define_metric: (_type: number, _name: number, _size: number, to: number) => {
        this.set(to, 4);
        return OK;
      },
      proxy_set_property: ok,
      proxy_increment_metric: ok,
      proxy_get_shared_data: () => NOT_FOUND,
      proxy_set_shared_data: ok,
      // No answer of a server is shown here, and no reply goes unsent.
      proxy_remove_header_map_value: ok,
      proxy_replace_header_map_value: ok,
      proxy_set_buffer_bytes: ok,
      proxy_close_stream: ok,
    };
  }

  /** Whether this is the path of the one property that exists. */
  private isMetadata(at: number, size: number): boolean {
    if (this.bytes.length === 0) this.look();
    if (size !== METADATA.length) return false;
    for (let i = 0; i < size; i++) if (this.bytes[at + i] !== METADATA[i]) return false;
    return true;
  }

  private giveProperty(path: number, size: number, pointerTo: number, sizeTo: number): number {
    if (this.properties.size === 0) return NOT_FOUND;
    const found = this.properties.get(Buffer.from(this.bytes.subarray(path, path + size)).toString("latin1"));
    return found ? this.give(found, pointerTo, sizeTo) : NOT_FOUND;
  }

  private log(at: number, size: number): number {
    throw new Error(Buffer.from(this.filter.memory.buffer, at, size).toString());
  }
}

/** The host calls that a request of the bench never makes, or whose result it never reads. */
function unused(module: WebAssembly.Module): WebAssembly.ModuleImports {
  return Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, () => OK]));
}

/** What Envoy shows of a request of the load in envoy.ts. */
export const CALL_HEADERS: readonly [name: string, value: string][] = [
  [":authority", "mcp.example.com"],
  [":path", "/mcp"],
  [":method", "POST"],
  [":scheme", "http"],
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
  ["mcp-protocol-version", "2025-06-18"],
  ["content-length", "200"],
  ["x-forwarded-proto", "http"],
  ["x-request-id", "00000000-0000-4000-8000-000000000000"],
  ["x-envoy-expected-rq-timeout-ms", "15000"],
];
