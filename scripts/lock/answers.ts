// A saved answer → the items of its lists: JSON, JSON-RPC responses, several of them, or the text of an event stream.
import { isObject, KIND_NAMES, LockError, type Kind } from "../compiler/lock/lock.ts";

export type Answers = Record<Kind, unknown[]>;

export function noAnswers(): Answers {
  return { tools: [], prompts: [], resources: [], resourceTemplates: [] };
}

/** The lists of a saved answer. Throws LockError when it has none. */
export function readAnswers(text: string, name: string): Answers {
  const answers = noAnswers();
  const found = parse(text, name).filter((value) => collect(value, answers));
  if (found.length === 0)
    throw new LockError(`${name} contains no list of a server: an object with ${KIND_NAMES.join(", ")} is expected`);
  return answers;
}

function parse(text: string, name: string): unknown[] {
  const source = /^\s*(?:event|data|id|retry)?:/.test(text) ? dataOf(text) : [text];
  try {
    return source.flatMap((part) => JSON.parse(part) as unknown);
  } catch (error) {
    throw new LockError(`${name} is not JSON: ${(error as Error).message}`);
  }
}

/** The data of the events of a stream (WHATWG, "server-sent events"). */
function dataOf(text: string): string[] {
  const events = text.split(/(?:\r\n|\r|\n){2,}/).map((event) =>
    event
      .split(/\r\n|\r|\n/)
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5))
      .join("\n"),
  );
  return events.filter((event) => event.trim() !== "");
}

/** Adds the lists of one answer, with or without its JSON-RPC envelope; false when there is none. */
function collect(value: unknown, answers: Answers): boolean {
  if (!isObject(value)) return false;
  if (isObject(value["error"])) throw new LockError(`the answer is an error: ${String(value["error"]["message"])}`);
  const result = isObject(value["result"]) ? value["result"] : value;
  const lists = KIND_NAMES.filter((kind) => Array.isArray(result[kind]));
  for (const kind of lists) answers[kind].push(...(result[kind] as unknown[]));
  return lists.length > 0;
}
