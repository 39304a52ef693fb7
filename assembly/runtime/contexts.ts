// Contexts: what is remembered between callbacks, by context id. A root has a configuration, a stream has its root.
//
// A record:  0: next in its bucket   4: context id   8: root id (0 for a root)   12: configuration block (root) or
//            what is kept (stream): headers, then the token   16: bytes of the kept headers   20: State
//           24: body bytes so far   28: credentials sent   32: bytes of the token
//            36: number of the configuration
import { allocate, clear64 } from "./memory.ts";

export enum State {
  Denied = 0, // nothing decided yet: nothing may pass
  Reading = 1, // a body is awaited
  Passed = 2, // decided: forwarded
  Answered = 3, // a local reply was sent
}

export enum ContextField {
  Root = 8,
  Block = 12,
  Size = 16,
  State = 20,
  Body = 24,
  Credentials = 28,
  Token = 32,
  Config = 36,
}

const RECORD: u32 = 64;
const BUCKETS: u32 = 1024;
const buckets: usize = memory.data(4 * 1024, 4);

function bucketOf(id: u32): usize {
  return buckets + ((<usize>(id & (BUCKETS - 1))) << 2);
}

/** The record of a context; 0 when there is none. */
export function findContext(id: u32): usize {
  let record = <usize>load<u32>(bucketOf(id));
  while (record && load<u32>(record, 4) != id) record = <usize>load<u32>(record);
  return record;
}

/** Makes the record of a new context; without memory there is none, and its callbacks refuse. */
export function addContext(id: u32, root: u32): void {
  if (findContext(id)) return;
  const record = allocate(RECORD);
  if (!record) return;
  clear64(record);
  store<u32>(record, load<u32>(bucketOf(id)));
  store<u32>(record, id, 4);
  store<u32>(record, root, ContextField.Root);
  store<u32>(bucketOf(id), <u32>record);
}

/** Forgets a context. Its record, 0 when there is none, is the caller's to release, with its block. */
export function takeContext(id: u32): usize {
  let place = bucketOf(id);
  let record = <usize>load<u32>(place);
  while (record && load<u32>(record, 4) != id) {
    place = record;
    record = <usize>load<u32>(record);
  }
  if (record) store<u32>(place, load<u32>(record));
  return record;
}
