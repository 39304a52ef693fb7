// What is kept of an answer between callbacks: what was asked for, where the answer is, and the bytes that are not decided yet.
// All streams of a VM together carry at most MAX_CARRIED bytes.
import { NO_REASON } from "../program.ts";
import { allocate, clear64, release } from "../runtime/memory.ts";
import { READ_PADDING } from "../json/reader.ts";
import { copyBytes } from "../text/ascii.ts";
import { NO_SPAN, Span, spanLength, spanOf, spanStart } from "../text/span.ts";

/** What the request asked for. */
export enum Asked {
  List = 0,
  Stream = 1, // GET: it may replay lists
}

/** Where an answer is. */
export enum Stage {
  Headers = 0, // they have not come
  Text = 1, //    JSON, carried until it is whole
  Rest = 2, //    the text is sent: only white space may follow
  Events = 3,
  Passing = 4, // the rest goes on as it comes
  Dropping = 5, // the rest is left out: an error has taken its place
}

/** What is known of an event stream so far. */
export enum EventFlag {
  Started = 1, //   the place of a byte order mark is behind
  HasData = 2, //   the event has a line of data
  Odd = 4, //       it has a line that only some clients take for data
  Torn = 8, //      it is part of a line of data of clients that know only LF, with a CR in it
  InEvent = 16, //  it has a line that is no comment
  FeedStart = 32, // the next line is also the start of a line that ends with LF
  FeedData = 64, // that line is data
  FeedTorn = 128, // it has a CR in it
  AfterCarriage = 256, // a CR was the last byte: an LF belongs to it
  Skipping = 512, // the event is left out to its end
  LineOpen = 1024, // while skipping: the line is not empty
  Failed = 2048, // an error was sent
}

/** The answer to one request. The id of the request, JSON, comes after it. */
@unmanaged
export class AnswerState {
  asked: u32;
  stage: u32;
  status: u32; //  HTTP
  idLength: u32;
  text: usize; //  the bytes that are carried; 0 without any
  size: u32;
  room: u32;
  depth: u32; //   containers that are open where the text ends
  quote: u32; //   where it ends: 0 outside of a string, 1 inside, 2 after a backslash
  // Event streams only.
  line: u32; //    where the unfinished line begins in the carried bytes
  seen: u32; //    up to where they were searched for its end
  flags: u32; //   EventFlag
  record: usize; // of the decision on the request, to which the list is added; 0 for none
  recordSize: u32;
  refusal: i32; // the Reason why the body cannot be read, or NO_REASON
}

const MAX_CARRIED: u32 = 67108864;
const FIRST_ROOM: u32 = 4096;

let carried: u32 = 0; // by all streams together

/** A new answer; 0 without memory. `id` is JSON. */
export function newAnswer(asked: u32, id: Span): usize {
  const at = allocate(offsetof<AnswerState>() + spanLength(id));
  if (!at) return 0;
  memory.fill(at, 0, offsetof<AnswerState>());
  const answer = changetype<AnswerState>(at);
  answer.asked = asked;
  answer.refusal = NO_REASON;
  answer.idLength = spanLength(id);
  copyBytes(at + offsetof<AnswerState>(), spanStart(id), spanLength(id));
  return at;
}

/** The id of the request; NO_SPAN when it had none. */
export function idOf(answer: AnswerState): Span {
  return answer.idLength ? spanOf(changetype<usize>(answer) + offsetof<AnswerState>(), answer.idLength) : NO_SPAN;
}

/** Adds bytes to those that are carried, up to `most`; false when there is no room for them. */
export function carry(answer: AnswerState, bytes: Span, most: u32): bool {
  const wanted = answer.size + spanLength(bytes);
  if (wanted > most) return false;
  if (wanted > answer.room && !enlarge(answer, wanted)) return false;
  memory.copy(answer.text + <usize>answer.size, spanStart(bytes), spanLength(bytes));
  answer.size = wanted;
  clear64(answer.text + <usize>wanted);
  return true;
}

function enlarge(answer: AnswerState, wanted: u32): bool {
  const room = max(max(wanted, FIRST_ROOM), min(answer.room * 2, MAX_CARRIED));
  if (carried - answer.room + room > MAX_CARRIED) return false;
  const fresh = allocate(room + READ_PADDING);
  if (!fresh) return false;
  memory.copy(fresh, answer.text, answer.size);
  release(answer.text);
  carried += room - answer.room;
  answer.text = fresh;
  answer.room = room;
  return true;
}

/** Forgets the first bytes of those that are carried. */
export function dropCarried(answer: AnswerState, size: u32): void {
  answer.size -= size;
  if (!answer.size) return endCarry(answer);
  memory.copy(answer.text, answer.text + <usize>size, answer.size);
  clear64(answer.text + <usize>answer.size);
}

/** Gives back what is carried. */
export function endCarry(answer: AnswerState): void {
  release(takeCarry(answer));
}

/** Takes the carried bytes from an answer: they are the caller's to release. */
export function takeCarry(answer: AnswerState): usize {
  const text = answer.text;
  carried -= answer.room;
  answer.text = 0;
  answer.size = answer.room = 0;
  return text;
}

/** Keeps the record of the decision on the request; without memory the list is not recorded. */
export function keepRecord(answer: AnswerState, record: Span): void {
  if (!spanLength(record)) return;
  answer.record = allocate(spanLength(record));
  if (!answer.record) return;
  answer.recordSize = spanLength(record);
  memory.copy(answer.record, spanStart(record), spanLength(record));
}

/** Gives back everything that is kept of an answer; 0 is ignored. */
export function dropAnswer(at: usize): void {
  if (!at) return;
  endCarry(changetype<AnswerState>(at));
  release(changetype<AnswerState>(at).record);
  release(at);
}
