// Resource URIs in policies: docs/wire-profile.md, "Resource URIs".
import { Action, Attribute, Flag, Kind, NONE, Op } from "../../../assembly/program.ts";
import type { Rule, Target } from "./policy.ts";
import type { Instruction } from "../cel/code.ts";

/** What the filter must require of URIs so that no other spelling bypasses a target: nothing, NormalUris, or AsciiUris too. */
export function uriFlags(rules: readonly Rule[]): number {
  const guarded = rules.flatMap((rule) => rule.targets?.filter((target) => dependsOnSpelling(rule, target)) ?? []);
  if (guarded.length === 0) return 0;
  return Flag.NormalUris | (guarded.some(({ name }) => isInternational(name)) ? Flag.AsciiUris : 0);
}

function dependsOnSpelling({ action }: Rule, { kind, stars }: Target): boolean {
  return kind === Kind.Resource && (stars !== undefined || action !== Action.Allow);
}

/** Whether a URI has non-ASCII characters, raw or escaped. */
function isInternational(uri: string): boolean {
  return BEYOND_ASCII.test(uri) || /%[89A-F]/i.test(uri);
}

/** Whether an instruction loads the URI of the call: `mcp.uri`, or `mcp` as a whole. */
export function readsUri({ op, c = NONE }: Instruction): boolean {
  return op === Op.Attribute && (c === (Attribute.Uri as number) || c === (Attribute.Mcp as number));
}

const BEYOND_ASCII = /[\u0080-\uffff]/;
const NO_CHARACTER = /[^!-[\]-~\u0080-\uffff]/;
const NO_ESCAPE = /%(?![0-9A-F]{2})/;
/** `-` `.` `/` digits, letters, `\` `_` `~` */
const HIDING_ESCAPE = /%(?:2[DEF]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5[CF]|7E)/;
const DOT_SEGMENT = /\/\.\.?(?:[/?#]|$)/;
const CAPITALS = /^[^:/]*(?::\/\/[^/]*)?[A-Z]/;

/** Whether a URI is in the normal form of assembly/request/uri.ts (RFC 3986 section 6.2.2); with `ascii`, also without non-ASCII characters. */
export function isNormalUri(uri: string, ascii: boolean): boolean {
  const wrong = [NO_CHARACTER, NO_ESCAPE, HIDING_ESCAPE, CAPITALS, ...(ascii ? [BEYOND_ASCII] : [])];
  // The two slashes before an authority do not begin a segment.
  return !wrong.some((pattern) => pattern.test(uri)) && !DOT_SEGMENT.test(uri.replace(/^[^:/]*:\/\//, ""));
}
