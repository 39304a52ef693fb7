// The host calls of proxy-wasm ABI 0.2.1, as Envoy 1.40 implements them. A filter that imports anything else does not link.
import { BadPointer, Guest, Rc } from "./guest.ts";
import { decodePairs, decodeStruct, encodePairs, type Pair } from "../wire.ts";
import type { Stream } from "./stream.ts";

/** What the imports act on; the Host (scripts/simulate/host.ts) is one. */
export interface Machine {
  readonly guest: Guest;
  readonly stream: Stream | undefined;
  readonly configuration: Uint8Array;
  readonly logs: string[];
  readonly metrics: Metrics;
  readonly shared: SharedData;
  /** Names of filter state that plugins declared as objects, by context, and the context of the one that runs. */
  readonly declared: Map<number, Set<string>>;
  readonly active: number;
  now(): bigint;
  /** The code that call number `count` (from 1) of an import returns instead of doing its work. */
  failure(name: string, count: number): Rc | undefined;
}

type Import = (machine: Machine, ...args: number[]) => Rc;

enum Buffer {
  RequestBody = 0,
  ResponseBody = 1,
  PluginConfiguration = 7,
}

export class Metrics {
  private readonly values = new Map<number, { name: string; value: bigint }>();

  /** The number of a metric; Envoy counts in steps of four, never 0, with the type in the two lowest bits. */
  define(name: string, type: number): number {
    for (const [id, metric] of this.values) if (metric.name === name) return id;
    const id = (this.values.size + 1) * 4 + (type & 3);
    this.values.set(id, { name, value: 0n });
    return id;
  }

  change(id: number, next: (value: bigint) => bigint): Rc {
    const metric = this.values.get(id);
    if (!metric) return Rc.BadArgument;
    metric.value = next(metric.value);
    return Rc.Ok;
  }

  at(id: number): bigint | undefined {
    return this.values.get(id)?.value;
  }

  /** Name → value of every metric. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.values.values()].map(({ name, value }) => [name, Number(value)]));
  }
}

/** Key → value with its number for compare-and-set. */
export class SharedData extends Map<string, { value: Uint8Array; cas: number }> {}

/** The import object of `env` for a module. Every call is counted; `machine()` is called for each. */
export function imports(machine: () => Machine): WebAssembly.ModuleImports {
  const counts = new Map<string, number>();
  const wrap =
    (name: string, body: Import) =>
    (...args: number[]) => {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      const failure = machine().failure(name, count);
      if (failure !== undefined) return failure;
      try {
        return body(machine(), ...args);
      } catch (error) {
        if (error instanceof BadPointer) return Rc.InvalidMemoryAccess;
        throw error;
      }
    };
  return Object.fromEntries(Object.entries(CALLS).map(([name, body]) => [name, wrap(name, body as Import)]));
}

const unimplemented: Import = () => Rc.Unimplemented;

const CALLS: Record<string, (machine: Machine, ...args: never[]) => Rc> = {
  proxy_log: (m, _level: number, pointer: number, size: number) => {
    m.logs.push(m.guest.text(pointer, size));
    return Rc.Ok;
  },
  proxy_get_current_time_nanoseconds: (m, to: number) => {
    m.guest.writeU64(to, m.now());
    return Rc.Ok;
  },
  proxy_set_tick_period_milliseconds: () => Rc.Ok,
  proxy_get_property: getProperty,
  proxy_set_property: (m, path: number, pathSize: number, value: number, size: number) => {
    if (!m.stream) return Rc.NotFound;
    const name = m.guest.text(path, pathSize);
    const isObject = m.declared.get(m.active)?.has(name) ?? false;
    if (isObject) m.stream.objects.set(name, decodeStruct(m.guest.read(value, size)));
    else m.stream.state.set(name, m.guest.text(value, size));
    return Rc.Ok;
  },
  proxy_send_local_response: sendLocalResponse,
  proxy_get_header_map_pairs: (m, type: number, pointerTo: number, sizeTo: number) => {
    const map = headerMap(m, type);
    if (!map) return Rc.BadArgument;
    return m.guest.give(map.length === 0 ? new Uint8Array() : encodePairs(map), pointerTo, sizeTo);
  },
  proxy_get_header_map_value: (m, type: number, key: number, keySize: number, pointerTo: number, sizeTo: number) => {
    const map = headerMap(m, type);
    if (!map) return Rc.BadArgument;
    const name = m.guest.text(key, keySize).toLowerCase();
    const found = map.find(([header]) => header === name);
    return found ? m.guest.give(new TextEncoder().encode(found[1]), pointerTo, sizeTo) : Rc.NotFound;
  },
  proxy_get_header_map_size: (m, type: number, to: number) => {
    const map = headerMap(m, type);
    if (!map) return Rc.BadArgument;
    m.guest.writeU32(
      to,
      map.reduce((sum, [key, value]) => sum + key.length + value.length, 0),
    );
    return Rc.Ok;
  },
  proxy_add_header_map_value: (m, type: number, ...at: number[]) =>
    editHeaders(m, type, at, (map, pair) => [...map, pair]),
  proxy_replace_header_map_value: (m, type: number, ...at: number[]) =>
    editHeaders(m, type, at, (map, pair) => [...map.filter(([key]) => key !== pair[0]), pair]),
  proxy_remove_header_map_value: (m, type: number, ...at: number[]) =>
    editHeaders(m, type, [...at, 0, 0], (map, [name]) => map.filter(([key]) => key !== name)),
  proxy_set_header_map_pairs: unimplemented,
  proxy_get_buffer_bytes: getBufferBytes,
  proxy_get_buffer_status: (m, type: number, lengthTo: number, flagsTo: number) => {
    const bytes = buffer(m, type);
    if (!bytes) return Rc.NotFound;
    m.guest.writeU32(lengthTo, bytes.length);
    m.guest.writeU32(flagsTo, 0);
    return Rc.Ok;
  },
  proxy_set_buffer_bytes: (m, type: number, start: number, length: number, data: number, size: number) =>
    BODIES[type] && m.stream
      ? m.stream.replace(BODIES[type], start >>> 0, length, m.guest.read(data, size))
      : Rc.BadArgument,
  proxy_define_metric: (m, type: number, name: number, size: number, to: number) => {
    m.guest.writeU32(to, m.metrics.define(m.guest.text(name, size), type));
    return Rc.Ok;
  },
  proxy_increment_metric: (m, id: number, offset: bigint) => m.metrics.change(id, (value) => value + offset),
  proxy_record_metric: (m, id: number, value: bigint) => m.metrics.change(id, () => BigInt.asUintN(64, value)),
  proxy_get_metric: (m, id: number, to: number) => {
    const value = m.metrics.at(id);
    if (value === undefined) return Rc.BadArgument;
    m.guest.writeU64(to, value);
    return Rc.Ok;
  },
  proxy_get_shared_data: (m, key: number, keySize: number, pointerTo: number, sizeTo: number, casTo: number) => {
    const entry = m.shared.get(m.guest.text(key, keySize));
    if (!entry) return Rc.NotFound;
    m.guest.writeU32(casTo, entry.cas);
    return m.guest.give(entry.value, pointerTo, sizeTo);
  },
  proxy_set_shared_data: (m, key: number, keySize: number, value: number, size: number, cas: number) => {
    const name = m.guest.text(key, keySize);
    const last = m.shared.get(name)?.cas ?? 0;
    if (cas !== 0 && cas !== last) return Rc.CasMismatch;
    m.shared.set(name, { value: m.guest.read(value, size), cas: last + 1 });
    return Rc.Ok;
  },
  proxy_set_effective_context: () => Rc.Ok,
  proxy_clear_route_cache: () => Rc.Ok,
  proxy_get_status: unimplemented,
  proxy_continue_stream: unimplemented,
  proxy_close_stream: (m) => {
    if (m.stream) m.stream.closed = true;
    return Rc.Ok;
  },
  proxy_register_shared_queue: unimplemented,
  proxy_resolve_shared_queue: unimplemented,
  proxy_dequeue_shared_queue: unimplemented,
  proxy_enqueue_shared_queue: unimplemented,
  proxy_http_call: unimplemented,
  proxy_grpc_call: unimplemented,
  proxy_grpc_stream: unimplemented,
  proxy_grpc_send: unimplemented,
  proxy_grpc_close: unimplemented,
  proxy_grpc_cancel: unimplemented,
  proxy_call_foreign_function: (m, name: number, nameSize: number, given: number, size: number) =>
    m.guest.text(name, nameSize) === "declare_property" ? declare(m, m.guest.text(given, size)) : Rc.NotFound,
  proxy_done: () => Rc.Ok,
};

const STRUCT = "type.googleapis.com/google.protobuf.Struct";

/** DeclarePropertyArguments: 1 name, 3 type (3: protobuf), 4 schema. A name can be declared once. */
function declare(m: Machine, given: string): Rc {
  const [name, schema] = given.slice(2).split("\u0018\u0003");
  const names = m.declared.get(m.active) ?? new Set();
  if (name === undefined || schema?.slice(2) !== STRUCT || names.has(name)) return Rc.BadArgument;
  m.declared.set(m.active, names.add(name));
  return Rc.Ok;
}

function getProperty(m: Machine, path: number, size: number, pointerTo: number, sizeTo: number): Rc {
  const parts = m.guest.text(path, size).split("\0");
  // Envoy accepts the path with or without a trailing NUL.
  if (parts.at(-1) === "") parts.pop();
  const value = m.stream?.property(parts) ?? Rc.NotFound;
  return typeof value === "number" ? value : m.guest.give(value, pointerTo, sizeTo);
}

function getBufferBytes(
  m: Machine,
  type: number,
  start: number,
  length: number,
  pointerTo: number,
  sizeTo: number,
): Rc {
  const bytes = buffer(m, type);
  if (!bytes) return Rc.NotFound;
  const [from, wanted] = [start >>> 0, length >>> 0];
  if (from > bytes.length || from + wanted > 0xffffffff) return Rc.BadArgument;
  const part = bytes.subarray(from, from + wanted);
  // Envoy writes no pointer and no size for an empty part.
  return part.length === 0 ? Rc.Ok : m.guest.give(part, pointerTo, sizeTo);
}

function sendLocalResponse(m: Machine, status: number, ...at: number[]): Rc {
  const [details = 0, detailsSize = 0, body = 0, bodySize = 0, headers = 0, headersSize = 0] = at;
  if (!m.stream) return Rc.InternalFailure;
  m.stream.reply ??= {
    status,
    details: m.guest.text(details, detailsSize),
    body: m.guest.text(body, bodySize),
    headers: headersSize === 0 ? [] : decodePairs(m.guest.read(headers, headersSize)),
  };
  return Rc.Ok;
}

function buffer(m: Machine, type: number): Uint8Array | undefined {
  if (type === Buffer.PluginConfiguration) return m.configuration;
  return BODIES[type] && m.stream?.[BODIES[type]];
}

const BODIES: { [type: number]: "body" | "responseBody" } = {
  [Buffer.RequestBody]: "body",
  [Buffer.ResponseBody]: "responseBody",
};
const HEADER_MAPS = ["headers", "trailers", "responseHeaders", "responseTrailers"] as const;

function headerMap(m: Machine, type: number): Pair[] | undefined {
  const name = HEADER_MAPS[type];
  if (!m.stream || !name || (name === "headers" && !m.stream.headersReadable)) return undefined;
  return m.stream[name];
}

function editHeaders(m: Machine, type: number, at: number[], edit: (map: Pair[], pair: Pair) => Pair[]): Rc {
  const map = headerMap(m, type);
  const [key = 0, keySize = 0, value = 0, valueSize = 0] = at;
  if (!map || !m.stream || (map === m.stream.responseHeaders && m.stream.responseHeadersSent)) return Rc.BadArgument;
  const pair: Pair = [m.guest.text(key, keySize).toLowerCase(), m.guest.text(value, valueSize)];
  m.stream[HEADER_MAPS[type]!] = edit(map, pair);
  return Rc.Ok;
}
