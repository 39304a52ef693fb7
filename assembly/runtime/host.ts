// The host: every call to Envoy (proxy-wasm ABI 0.2.1), with its status as a value. No other file imports the ABI.
// Values come back in memory of the callback's region, followed by zero bytes that the JSON reader relies on.
import {
  proxy_call_foreign_function,
  proxy_close_stream,
  proxy_define_metric,
  proxy_get_buffer_bytes,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_increment_metric,
  proxy_log,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_property,
  proxy_set_shared_data,
} from "@solo-io/proxy-runtime/assembly/imports";

/** What a call returns; anything else is a failure. */
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
  ResponseBody = 1,
  PluginConfiguration = 7,
}
export enum Headers {
  Request = 0,
  Response = 2,
}
const RESPONSE_STREAM = 1; // a type of stream
const COUNTER = 0; // a type of metric
const NO_GRPC_STATUS: u32 = 0xffffffff;

// Where the host writes its results: a text's address and length and a version, or one number in their place.
const RESULT: usize = memory.data(12, 8);
const LENGTH: usize = RESULT + 4;
const VERSION: usize = RESULT + 8;

/** First byte of what the last call returned; 0 when it failed. */
export function value(): usize {
  return load<usize>(RESULT);
}

/** Bytes of what the last call returned; 0 when it failed. */
export function valueLength(): u32 {
  return load<u32>(LENGTH);
}

/** For calls that fail: the host then leaves the results as they are. */
function clear(): void {
  store<u64>(RESULT, 0);
  store<u32>(VERSION, 0);
}

/** Reads a property; the path's parts are joined with NUL. */
export function getProperty(path: usize, length: u32): u32 {
  clear();
  return proxy_get_property(path, length, RESULT, LENGTH);
}

/** Sets a filter state that the access log prints as %FILTER_STATE(wasm.<path>:PLAIN)%. */
export function setProperty(path: usize, pathLength: u32, text: usize, length: u32): u32 {
  return proxy_set_property(path, pathLength, text, length);
}

/** Calls a function that only this host has. */
export function callForeign(name: usize, length: u32, from: usize, size: u32): u32 {
  clear();
  return proxy_call_foreign_function(name, length, from, size, RESULT, LENGTH);
}

/** All headers: u32 count, then (u32, u32) lengths of each name and value, then name NUL value NUL … */
export function getHeaderPairs(headers: i32): u32 {
  clear();
  return proxy_get_header_map_pairs(headers, RESULT, LENGTH);
}

/** Removes all headers of a name; only until they are sent on. */
export function removeHeader(headers: i32, name: usize, length: u32): u32 {
  return proxy_remove_header_map_value(headers, name, length);
}

/** Puts one header in place of all of its name; only until they are sent on. */
export function replaceHeader(headers: i32, name: usize, length: u32, text: usize, size: u32): u32 {
  return proxy_replace_header_map_value(headers, name, length, text, size);
}

/** The first `size` bytes of a buffer, in one piece. */
export function getBuffer(buffer: i32, size: u32): u32 {
  clear();
  return proxy_get_buffer_bytes(buffer, 0, size, RESULT, LENGTH);
}

/**
 * Puts `size` bytes at `from` in place of the whole buffer, of which `length` bytes are there. The stream may be deleted
 * meanwhile (proxy_on_delete is called inside), so nothing of it may be used afterwards.
 */
export function setBuffer(buffer: i32, length: u32, from: usize, size: u32): u32 {
  return proxy_set_buffer_bytes(buffer, 0, length, from, size);
}

// The SDK's declaration imports another function under this name.
// @ts-ignore: decorator
@external("env", "proxy_set_buffer_bytes")
declare function proxy_set_buffer_bytes(buffer: u32, start: u32, length: u32, from: usize, size: u32): u32;

/** Cuts an answer that is on its way. The stream is deleted meanwhile, as with setBuffer. */
export function cutResponse(): void {
  proxy_close_stream(RESPONSE_STREAM);
}

/** Sends a local reply. `headers` is in the form of getHeaderPairs. */
export function sendResponse(
  status: u32,
  details: usize,
  detailsLength: u32,
  body: usize,
  bodyLength: u32,
  headers: usize,
  headersLength: u32,
): u32 {
  return proxy_send_local_response(
    status,
    details,
    detailsLength,
    body,
    bodyLength,
    headers,
    headersLength,
    NO_GRPC_STATUS,
  );
}

export function log(level: u32, text: usize, length: u32): void {
  proxy_log(level, text, length);
}

/** Nanoseconds since 1970; 0 when the clock cannot be read. */
export function now(): u64 {
  clear();
  return proxy_get_current_time_nanoseconds(RESULT) == Status.Ok ? load<u64>(RESULT) : 0;
}

/** Defines a counter and returns its number; 0 when the host refuses. */
export function defineCounter(name: usize, length: u32): u32 {
  clear();
  return proxy_define_metric(COUNTER, name, length, RESULT) == Status.Ok ? load<u32>(RESULT) : 0;
}

export function increment(counter: u32, by: u32): void {
  proxy_increment_metric(counter, by);
}

/** Reads shared data (of all workers with this VM id); its version for `setShared` is `sharedVersion()`. */
export function getShared(key: usize, length: u32): u32 {
  clear();
  return proxy_get_shared_data(key, length, RESULT, LENGTH, VERSION);
}

export function sharedVersion(): u32 {
  return load<u32>(VERSION);
}

/** Writes shared data unless it changed since `version` was read (0: whatever is there). */
export function setShared(key: usize, length: u32, data: usize, size: u32, version: u32): u32 {
  return proxy_set_shared_data(key, length, data, size, version);
}
