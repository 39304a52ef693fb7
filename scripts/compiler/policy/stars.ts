// Names with stars: which texts they match.
import { Kind } from "../../../assembly/program.ts";

/** The literal pieces of a name, and what may be between each two of them: any run, or one without `/`. */
export interface Stars {
  pieces: readonly string[];
  gaps: readonly Gap[];
}
type Gap = "any" | "segment";

/** The stars of a name; undefined without any. In a URI, a `*` before its end stops at `/`, and `**` does not. */
export function starsOf(name: string, kind: Kind): Stars | undefined {
  if (!name.includes("*")) return undefined;
  const pieces = name.split(/\*+/);
  const gaps = [...name.matchAll(/\*+/g)].map(({ 0: run, index }): Gap => {
    const isLast = index + run.length === name.length;
    return kind === Kind.Resource && run.length === 1 && !isLast ? "segment" : "any";
  });
  return { pieces, gaps };
}

/** The same as a regex of RE2 for the whole text. */
export function regexOf({ pieces, gaps }: Stars): string {
  const escaped = pieces.map((piece) => piece.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"));
  return `^(?s:${escaped.map((piece, i) => piece + gapRegex(gaps[i])).join("")})$`;
}

function gapRegex(gap: Gap | undefined): string {
  return gap === undefined ? "" : gap === "any" ? ".*" : "[^/]*";
}

const regexes = new WeakMap<Stars, RegExp>();

/** Whether a text matches. */
export function fits(stars: Stars, text: string): boolean {
  const known = regexes.get(stars);
  const regex = known ?? new RegExp(`^${regexOf(stars).slice("^(?s:".length, -")$".length)}$`, "su");
  regexes.set(stars, regex);
  return regex.test(text);
}

/** Whether everything that `narrow` (a name, with its stars) matches is matched by `broad`; not found out for all pairs. */
export function covers(broad: Stars, narrow: string, stars: Stars | undefined): boolean {
  if (!stars) return fits(broad, narrow);
  // A star of `narrow` may only be where one of `broad` is: it is no character of a name in a policy, so only a gap takes
  // it. A run that may have a slash is written with one, so that only such a gap does.
  const sample = stars.pieces.map((piece, i) => piece + gapSample(stars.gaps[i])).join("");
  return fits(broad, sample);
}

const STAR = "\u{10ffff}";

function gapSample(gap: Gap | undefined): string {
  return gap === undefined ? "" : gap === "any" ? `${STAR}/${STAR}` : STAR;
}
