// The host: every call to Envoy (proxy-wasm ABI 0.2.1), with its status as a value. Nothing else imports from it.
// Values come back in memory of the callback's region, followed by zero bytes that the JSON reader relies on.
import {
  proxy_define_metric,
  proxy_get_buffer_bytes,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_increment_metric,
  proxy_log,
  proxy_send_local_response,
  proxy_set_property,
  proxy_set_shared_data,
} from "@solo-io/proxy-runtime/assembly/imports";

/** What a call answers; anything else is a failure. */
export enum Status {
  Ok = 0,
  NotFound = 1,
}
export enum LogLevel {
  Info = 2,
  Warn = 3,
  Error = 4,
}
export enum Buffer {
  RequestBody = 0,
  PluginConfiguration = 7,
}
const REQUEST_HEADERS = 0;

const out: usize = memory.data(16, 8);

/** First byte of what the last successful call returned. */
export function value(): usize {
  return <usize>load<u32>(out);
}

/** Bytes of what the last successful call returned. */
export function valueLength(): u32 {
  return load<u32>(out, 4);
}

function clear(): void {
  store<u64>(out, 0);
  store<u32>(out, 0, 8);
}

/** Reads a property; the path's parts are joined with NUL. */
export function getProperty(path: usize, length: u32): u32 {
  clear();
  return proxy_get_property(path, length, out, out + 4);
}

/** Leaves a filter state that the access log prints as %FILTER_STATE(wasm.<path>:PLAIN)%. */
export function setProperty(path: usize, pathLength: u32, text: usize, length: u32): u32 {
  return proxy_set_property(path, pathLength, text, length);
}

/** All request headers: u32 count, then (u32, u32) lengths of each name and value, then name NUL value NUL … */
export function getHeaderPairs(): u32 {
  clear();
  return proxy_get_header_map_pairs(REQUEST_HEADERS, out, out + 4);
}

/** The first `size` bytes of a buffer, in one piece. */
export function getBuffer(buffer: i32, size: u32): u32 {
  clear();
  return proxy_get_buffer_bytes(buffer, 0, size, out, out + 4);
}

/** Answers the request here. `headers` is in the form of getHeaderPairs. */
export function sendResponse(
  status: u32,
  details: usize,
  detailsLength: u32,
  body: usize,
  bodyLength: u32,
  headers: usize,
  headersLength: u32,
): u32 {
  const noGrpcStatus: u32 = 0xffffffff;
  return proxy_send_local_response(
    status,
    details,
    detailsLength,
    body,
    bodyLength,
    headers,
    headersLength,
    noGrpcStatus,
  );
}

export function log(level: u32, text: usize, length: u32): void {
  proxy_log(level, text, length);
}

/** Nanoseconds since 1970; 0 when the clock cannot be read. */
export function now(): u64 {
  clear();
  return proxy_get_current_time_nanoseconds(out) == Status.Ok ? load<u64>(out) : 0;
}

/** Defines a counter and returns its number; 0 when it cannot be had. */
export function defineCounter(name: usize, length: u32): u32 {
  clear();
  const counter = 0;
  return proxy_define_metric(counter, name, length, out) == Status.Ok ? load<u32>(out) : 0;
}

export function increment(counter: u32): void {
  proxy_increment_metric(counter, 1);
}

/** Reads shared data (all workers of this VM id); its version for `setShared` is `sharedVersion()`. */
export function getShared(key: usize, length: u32): u32 {
  clear();
  return proxy_get_shared_data(key, length, out, out + 4, out + 8);
}

export function sharedVersion(): u32 {
  return load<u32>(out, 8);
}

/** Writes shared data if nobody else has since `version` was read (0: whatever is there). */
export function setShared(key: usize, length: u32, data: usize, size: u32, version: u32): u32 {
  return proxy_set_shared_data(key, length, data, size, version);
}
