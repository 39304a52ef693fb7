// Mutations: of drafts, whose structure is known, and of bytes, whose structure is not.
import type { Choice } from "../../tests/support/random.ts";
import { bulk, isObject, nested, randomValue, text, type Draft } from "./draft.ts";

type Objects = { members: [string, Draft][] }[];

/** All objects in a draft. */
function objectsIn(draft: Draft): Objects {
  if (Array.isArray(draft)) return draft.flatMap(objectsIn);
  return isObject(draft) ? [draft, ...draft.members.flatMap(([, value]) => objectsIn(value))] : [];
}

/** Another spelling that lenient readers treat as the same key. */
function lookalikeOf(key: string, choice: Choice): string {
  const at = choice.below(key.length + 1);
  switch (choice.below(5)) {
    case 0:
      return key.toUpperCase();
    case 1:
      return key.replace(/s/, "\u017f").replace(/k/, "\u212a");
    case 2:
      return `${key.slice(0, at)}\0${key.slice(at)}`;
    default:
      return key.slice(0, at) + key.slice(at, at + 1).toUpperCase() + key.slice(at + 1);
  }
}

/** Changes one object of the draft in place. */
export function mutateDraft(draft: Draft, choice: Choice): void {
  const objects = objectsIn(draft).filter(({ members }) => members.length > 0);
  if (objects.length === 0) return;
  const { members } = choice.one(objects);
  const at = choice.below(members.length);
  const [key, value] = members[at]!;
  const place = choice.below(members.length + 1);
  const other = choice.chance(0.5) ? value : randomValue(choice, 2, 0);
  switch (choice.below(9)) {
    case 0:
      return void members.splice(place, 0, [key, other]);
    case 1:
    case 2:
      return void members.splice(place, 0, [lookalikeOf(key, choice), other]);
    case 3:
      return void (members[at] = [lookalikeOf(key, choice), value]);
    case 4:
      return void members.splice(at, 1);
    case 5:
      return void (members[at] = [key, randomValue(choice, 3, 0.2)]);
    case 6:
      return void (members[at] = [key, nested(choice, 100 + choice.below(60))]);
    case 7:
      return void members.splice(place, 0, [
        choice.one(["result", "error", "id", "method", "params", "_meta", "x"]),
        other,
      ]);
    default:
      return void (members[at] = [key, text(choice.one(["echo", "sum", "pay", "2.0", "tools/call", "initialize"]))]);
  }
}

/** Gives one object of the draft a large member. */
export function enlarge(draft: Draft, choice: Choice, bytes: number): void {
  const objects = objectsIn(draft);
  if (objects.length > 0) choice.one(objects).members.push(["bulk", bulk(choice, bytes)]);
}

const BYTES = [
  0x00, 0x09, 0x0a, 0x0b, 0x1f, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x75, 0x7b, 0x7d,
  0x7f, 0x80, 0xa0, 0xbf, 0xc0, 0xc2, 0xc5, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];

/** One change of the bytes. */
export function mutateBytes(bytes: Buffer, choice: Choice, others: readonly Buffer[]): Buffer {
  const at = choice.below(bytes.length + 1);
  const put = (...values: number[]): Buffer =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(values), bytes.subarray(at)]);
  const copy = Buffer.from(bytes);
  switch (choice.below(10)) {
    case 0:
      if (at < copy.length) copy[at]! ^= 1 << choice.below(8);
      return copy;
    case 1:
    case 2:
      if (at < copy.length) copy[at] = choice.one(BYTES);
      return copy;
    case 3:
    case 4:
      return put(choice.one(BYTES));
    case 5:
      return bytes.subarray(0, at);
    case 6:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + choice.below(8)))]);
    case 7: {
      const other = choice.one(others);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(choice.below(other.length + 1))]);
    }
    case 8:
      return choice.one([
        () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
        () => Buffer.from(bytes.toString("utf8"), "utf16le"),
        () => Buffer.from(bytes.toString("utf8"), "latin1"),
        () => Buffer.concat([bytes, bytes]),
        () => Buffer.concat([bytes, Buffer.from([0])]),
      ])();
    default: {
      const end = Math.min(bytes.length, at + choice.below(20));
      return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    }
  }
}
