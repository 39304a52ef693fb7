// What every local reply must be: one JSON-RPC error, with the caller's id or none, and headers that no byte of the request
// can have influenced.
import type { Reply } from "../simulate/host.ts";
import { member, readStrict, type Tree } from "./reader.ts";

const MAX_HEADERS = 8192;

/** What is wrong about a reply to a body; undefined: nothing. */
export function faultOfReply({ headers, body }: Reply, request: Uint8Array): string | undefined {
  const dirty = headers.find(([name, value]) => /[^\x20-\x7e]/.test(name + value));
  if (dirty) return `a header of the reply has a character that it must not have: ${JSON.stringify(dirty)}`;
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (size > MAX_HEADERS) return `the headers of the reply have ${size} bytes`;
  return faultOfError(body, request);
}

function faultOfError(body: string, request: Uint8Array): string | undefined {
  const tree = readStrict(Buffer.from(body));
  const error = member(tree, "error");
  if (!tree || member(error, "code")?.kind !== "number" || member(error, "message")?.kind !== "string")
    return `the body of the reply is no JSON-RPC error: ${body}`;
  const [answered, sent] = [member(tree, "id"), member(readStrict(request), "id")].map(idText);
  // The caller's id is known only if the request parses; then the reply must have that one, or none.
  return answered === undefined || sent === undefined || answered === sent
    ? undefined
    : `the reply has the id ${answered}, the request ${sent}`;
}

/** An id as a string that is equal for equal ids; undefined for none. */
function idText(tree: Tree | undefined): string | undefined {
  if (tree?.kind === "string") return JSON.stringify(tree.value);
  return tree?.kind === "number" ? tree.raw : undefined;
}
