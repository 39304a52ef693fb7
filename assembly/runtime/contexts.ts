// Contexts: what is remembered between callbacks, by context id. A root has a configuration, a stream has its root.
import { allocate, clear64 } from "./memory.ts";

export enum State {
  Denied = 0, // nothing decided yet: nothing may pass
  Reading = 1, // a body is awaited
  Passed = 2, // decided: forwarded
  Answered = 3, // a local reply was sent
}

//    0      4    8      12      16     20      24     28            32      36
//   +------+----+------+-------+------+-------+------+-------------+-------+--------+
//   | next | id | root | block | size | state | body | credentials | token | config |   64 bytes
//   +------+----+------+-------+------+-------+------+-------------+-------+--------+
/** Offsets of u32 fields in the record of a context. */
export enum ContextField {
  Next = 0, //         the next record in its bucket; 0 at the end
  Id = 4, //           context id
  Root = 8, //         context id of a stream's root; 0 for a root
  Block = 12, //       a root's configuration; what a stream saves for its body: headers, then the token
  Size = 16, //        bytes of the saved headers
  State = 20, //       State
  Body = 24, //        bytes of the body so far
  Credentials = 28, // 1 when the request has an Authorization header
  Token = 32, //       bytes of the token
  Config = 36, //      number of the configuration
}

const RECORD: u32 = 64; // bytes
const BUCKETS: u32 = 1024;
const buckets: usize = memory.data(4 * 1024, 4);

/** Where the first record of an id's bucket is noted, as if in a record before it. */
function bucketOf(id: u32): usize {
  return buckets + ((<usize>(id & (BUCKETS - 1))) << 2);
}

/** The record of a context; 0 when there is none. */
export function findContext(id: u32): usize {
  let record = nextOf(bucketOf(id));
  while (record && idOf(record) != id) record = nextOf(record);
  return record;
}

// @ts-ignore: decorator
@inline
function nextOf(record: usize): usize {
  return load<usize>(record, ContextField.Next);
}

// @ts-ignore: decorator
@inline
function idOf(record: usize): u32 {
  return load<u32>(record, ContextField.Id);
}

/** Makes the record of a new context; without memory there is none, and its callbacks refuse. */
export function addContext(id: u32, root: u32): void {
  if (findContext(id)) return;
  const record = allocate(RECORD);
  if (!record) return;
  clear64(record);
  store<usize>(record, nextOf(bucketOf(id)), ContextField.Next);
  store<u32>(record, id, ContextField.Id);
  store<u32>(record, root, ContextField.Root);
  store<usize>(bucketOf(id), record, ContextField.Next);
}

/** Forgets a context. Its record, 0 when there is none, is the caller's to release, with its block. */
export function takeContext(id: u32): usize {
  let before = bucketOf(id);
  let record = nextOf(before);
  while (record && idOf(record) != id) {
    before = record;
    record = nextOf(record);
  }
  if (record) store<usize>(before, nextOf(record), ContextField.Next);
  return record;
}
