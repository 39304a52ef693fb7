// Claims → ClaimRecords, and where the token's scopes are.
import { ClaimType, Flag, Section, Slot } from "../../../assembly/program.ts";
import type { Claim } from "../policy/policy.ts";
import type { Patterns } from "./patterns.ts";
import type { Pair, ProgramWriter } from "./writer.ts";

/** Writes the claims of a rule. */
export function addClaims(writer: ProgramWriter, claims: readonly Claim[], patterns: Patterns): Pair {
  if (claims.length > 0) writer.need(Flag.NeedsClaims);
  const records = claims.map(({ name, type, values, patterns: starred, place }) => [
    ...slotsOf(writer, name),
    type,
    ...writer.textRun(values),
    ...patterns.run(starred, place),
  ]);
  return writer.run(Section.Claims, records);
}

/** Writes the claims with scopes other than `scope` and `scp`, which have flags. */
export function addScopeClaims(writer: ProgramWriter, paths: readonly (string | string[])[]): Pair {
  const others = paths.filter((path) => path !== "scope" && path !== "scp");
  if (others.length > 0) writer.need(Flag.NeedsClaims);
  const records = others.map((path) => [...slotsOf(writer, path), ClaimType.Present, 0, 0, 0, 0]);
  return writer.run(Section.Claims, records);
}

/** The slots of a name as it is written, and as a dotted path. */
function slotsOf(writer: ProgramWriter, name: string | readonly string[]): Pair {
  const slot = (path: readonly string[]): number => writer.slot({ root: Slot.Claims, path: [...path] });
  return typeof name === "string" ? [slot([name]), slot(name.split("."))] : [slot(name), slot(name)];
}
