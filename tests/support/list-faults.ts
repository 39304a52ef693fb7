// What is wrong with a recorded answer as a client gets it through an Envoy.
import { token } from "../../scripts/envoy/issuer.ts";
import { bytesOf, isAsExpected, tokens, wrongHeaders } from "../reference/list-cases.ts";
import type { http1, http2 } from "./clients.ts";
import { leaksOf, requestOf, type ListCase } from "./lists.ts";
import type { Replay } from "./replay.ts";

/** Sends the request of a case to an Envoy on `port` in front of the replay; undefined when nothing is wrong. */
export async function faultOf(
  item: ListCase,
  replay: Replay,
  port: number,
  send: typeof http1 | typeof http2,
): Promise<string | undefined> {
  const id = replay.expect(item);
  const { method = "POST", headers = [], body } = requestOf(item);
  const { iss: _, ...claims } = tokens[item.token] as Record<string, unknown>;
  const own = { ...Object.fromEntries(headers), authorization: `Bearer ${token(claims)}`, "x-case": id };
  const sent = send(port, { method, headers: own, ...(body && { body: Buffer.from(body) }) });
  const isCut = item.response.cut || item.response.declare !== undefined;
  const response = await sent.catch((error: Error) => (isCut ? undefined : Promise.reject(error)));
  if (!response) return undefined; // nothing of it has come, as it should be
  const got = {
    status: response.status,
    headers: Object.entries(response.headers).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one!]),
    ),
    body: response.bytes,
  };
  const leaks = leaksOf(item, item.expect, got.body);
  if (leaks.length > 0) return `leaks ${leaks.join()}`;
  if (isCut) return undefined;
  const fits = [item.expect, ...(item.accept ?? [])].some((expected) => isAsExpected(expected, item, got));
  if (!fits) return `${got.status} ${differenceOf(got.body, bytesOf(item.expect))}`;
  return wrongHeaders(item.expect, got).join() || undefined;
}

/** Where an answer leaves what was expected, for a person. */
function differenceOf(got: Buffer, expected: Buffer): string {
  let at = 0;
  while (at < got.length && got[at] === expected[at]) at++;
  return `${got.length} bytes in place of ${expected.length}, another from ${at} on: ${got.toString("utf8", at, at + 200)}`;
}
