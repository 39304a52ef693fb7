// Resource URIs in policies: docs/wire-profile.md, "Resource URIs".
import { Action, Attribute, Kind, NONE, Op } from "../../assembly/program.ts";
import type { Rule, Target } from "./policy.ts";
import type { Instruction } from "./pool.ts";

/** Whether another spelling of a URI could walk around this target. */
export function dependsOnSpelling({ action }: Rule, { kind }: Target): boolean {
  return kind === Kind.ResourcePrefix || (kind === Kind.Resource && action === Action.Deny);
}

/** Whether a URI has characters beyond ASCII, as they are or as escapes. */
export function isInternational(uri: string): boolean {
  return BEYOND_ASCII.test(uri) || /%[89A-F]/i.test(uri);
}

/** Whether an instruction loads the URI of the call: `mcp.uri`, or `mcp` as a whole. */
export function readsUri({ op, c = NONE }: Instruction): boolean {
  return op === Op.Attribute && [Attribute.Uri, Attribute.Mcp].includes(c);
}

const BEYOND_ASCII = /[\u0080-\uffff]/;
const NO_CHARACTER = /[^!-[\]-~\u0080-\uffff]/;
const NO_ESCAPE = /%(?![0-9A-F]{2})/;
/** `-` `.` `/` digits, letters, `\` `_` `~` */
const HIDING_ESCAPE = /%(?:2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5[CF]|7E)/;
const DOT_SEGMENT = /\/\.\.?(?:[/?#]|$)/;
const CAPITALS = /^[^:/]*(?::\/\/[^/]*)?[A-Z]/;

/** Whether a URI is in the normal form of assembly/uri.ts (RFC 3986 section 6.2.2); with `ascii`, without characters beyond it. */
export function isNormalUri(uri: string, ascii: boolean): boolean {
  const wrong = [NO_CHARACTER, NO_ESCAPE, HIDING_ESCAPE, CAPITALS, ...(ascii ? [BEYOND_ASCII] : [])];
  // The two slashes before an authority begin no segment.
  return !wrong.some((pattern) => pattern.test(uri)) && !DOT_SEGMENT.test(uri.replace(/^[^:/]*:\/\//, ""));
}
