// Contexts: what is remembered between callbacks, by context id. A root has a configuration, a stream has its root.
import { allocate, clear64 } from "./memory.ts";

export enum State {
  Denied = 0, // nothing decided yet: nothing may pass
  Reading = 1, // a body is awaited
  Passed = 2, // decided: forwarded
  Answered = 3, // a local reply was sent
  Refusing = 4, // refused by its headers; the first bytes of the body are awaited, for its id
  Ending = 5, //   passes unless a body comes
}

/** The record of a context, 64 bytes. */
// @ts-ignore: decorator
@unmanaged
export class Context {
  /** The next record in its bucket; null at the end. */
  next: Context | null;
  /** Context id. */
  id: u32;
  /** Context id of a stream's root; 0 for a root. */
  root: u32;
  /** A root's configuration; what a stream saves for its body and its answer: headers, then the token. 0 for none. */
  block: usize;
  /** Bytes of the saved headers. */
  size: u32;
  state: State;
  /** Bytes of the body so far. */
  body: u32;
  /** Bytes of the token; NONE for none. */
  token: u32;
  /** Number of the configuration. */
  config: u32;
  /** What is kept of an answer that may have a list (lists/state.ts); 0 for others. */
  answer: usize;
  /** Whether the request has an Authorization header. */
  credentials: bool;
  /** What the headers decided, while the body or its end is awaited: a Reason. */
  reason: i32;
  /** Index of the policy. */
  policy: u32;
  /** What the candidate policy decides by the headers: a Reason, or NO_REASON. */
  candidate: i32;
}

const RECORD: u32 = 64; // bytes, as clear64 clears them
const BUCKETS: u32 = 1024;
const buckets: usize = memory.data(4 * 1024, 4);

/** The address of an id's bucket, which is that of its first record, or 0. */
function bucketOf(id: u32): usize {
  return buckets + ((<usize>(id & (BUCKETS - 1))) << 2);
}

/** The record of a context; null when there is none. */
export function findContext(id: u32): Context | null {
  let context = firstOf(id);
  while (context && context.id != id) context = context.next;
  return context;
}

/** The first record in an id's bucket; null when it is empty. */
function firstOf(id: u32): Context | null {
  return changetype<Context | null>(load<usize>(bucketOf(id)));
}

/** Makes the record of a new context; without memory there is none, and its callbacks refuse. */
export function addContext(id: u32, root: u32): void {
  if (findContext(id)) return;
  const record = allocate(RECORD);
  if (!record) return;
  clear64(record);
  const context = changetype<Context>(record);
  context.next = firstOf(id);
  context.id = id;
  context.root = root;
  store<usize>(bucketOf(id), record);
}

/** Forgets a context. Its record, null when there is none, is the caller's to release, with its block. */
export function takeContext(id: u32): Context | null {
  let before: Context | null = null;
  let context = firstOf(id);
  while (context && context.id != id) {
    before = context;
    context = context.next;
  }
  if (!context) return null;
  if (before) before.next = context.next;
  else store<usize>(bucketOf(id), changetype<usize>(context.next));
  return context;
}
