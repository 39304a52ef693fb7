// What every local reply must be: one JSON-RPC error, with the caller's id or none, behind headers that no byte of the
// request can have shaped.
import type { Reply } from "../simulate.ts";
import { member, readStrict } from "./reader.ts";

const MAX_HEADERS = 8192;

/** What is wrong about a reply to a body; undefined: nothing. */
export function faultOfReply({ headers, body }: Reply, request: Uint8Array): string | undefined {
  // eslint-disable-next-line no-control-regex -- exactly those must not be there
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
  const id = member(tree, "id");
  if (!id || (id.kind === "literal" && id.value === null)) return undefined;
  // An id is the caller's only when the request could be read; then it must be the same text.
  const sent = member(readStrict(request), "id");
  if (!sent) return undefined;
  const same = sent.kind === id.kind && (sent.kind === "number" || sent.kind === "string") && "raw" in id;
  if (!same) return `the reply has the id ${JSON.stringify(id)}, the request ${JSON.stringify(sent)}`;
  const equal =
    sent.kind === "string" && id.kind === "string" ? sent.value === id.value : sent.raw === (id as { raw: string }).raw;
  return equal ? undefined : `the reply has the id ${(id as { raw: string }).raw}, the request ${sent.raw}`;
}
