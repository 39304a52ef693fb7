// By which part of its name an entry is filed, so that a call finds it without trying others: names without stars by the
// whole name, others by the literal part that the fewest others share.
import { Anchor, type Kind } from "../../../assembly/program.ts";
import type { Stars } from "../policy/stars.ts";
import { binaryString } from "../../bytes.ts";

/** What an entry names. */
export interface Named {
  kind: Kind;
  backend?: string;
  backendStars?: Stars;
  name: string;
  stars?: Stars;
}

/** Where it is filed: `backend` is part of the key; `exact` when whatever is found there fits. */
export interface Filing {
  anchor: Anchor;
  backend?: string;
  text: Uint8Array;
  exact: boolean;
}

/** Longer ends are cut, so that few lengths occur: a call is looked up once for each. */
const LONG = 32;
const STEP = 16;
const LONGEST = 512;
const GRAM = 4;
/** What looking for pieces, one place of the name after the other, costs against comparing another name. */
const PIECE_COST = 8;

const utf8 = new TextEncoder();

/** Where each of `named` is filed. */
export function fileNames(named: readonly Named[]): Filing[] {
  const all = named.map(filings);
  const uses = new Map<string, number>();
  const keyOf = (owner: Named, { anchor, backend, text }: Filing): string =>
    JSON.stringify([owner.kind, anchor, backend ?? null, binaryString(text)]);
  all.forEach((options, i) =>
    new Set(options.map((option) => keyOf(named[i]!, option))).forEach((key) =>
      uses.set(key, (uses.get(key) ?? 0) + 1),
    ),
  );
  const costOf = (owner: Named, option: Filing): number =>
    uses.get(keyOf(owner, option))! + (isPiece(option.anchor) ? PIECE_COST : 0);
  return all.map((options, i) =>
    options.reduce((best, option) => (costOf(named[i]!, option) < costOf(named[i]!, best) ? option : best)),
  );
}

export function isPiece(anchor: Anchor): boolean {
  return anchor === Anchor.Piece || anchor === Anchor.BackendPiece;
}

/** Every way to file a name, those that are cheap to look up first. */
function filings({ backend, backendStars, name, stars }: Named): Filing[] {
  const key = backendStars ? undefined : backend;
  if (!stars) return [{ anchor: Anchor.Exact, backend: key, text: utf8.encode(name), exact: !backendStars }];
  const own = ends(stars, [Anchor.Prefix, Anchor.Suffix, Anchor.Piece], !backendStars);
  const others = backendStars
    ? ends(backendStars, [Anchor.BackendPrefix, Anchor.BackendSuffix, Anchor.BackendPiece], isAny(stars))
    : [];
  const all = [...own, ...others].map((filing) => ({ ...filing, backend: key }));
  if (all.length > 0) return all;
  return [{ anchor: Anchor.Prefix, backend: key, text: new Uint8Array(), exact: !backendStars && isAny(stars) }];
}

function isAny({ pieces, gaps }: Stars): boolean {
  return pieces.every((piece) => piece === "") && gaps.length === 1 && gaps[0] === "any";
}

/** The literal ends and pieces of a name; `alone`: nothing else has to fit. */
function ends(stars: Stars, [prefix, suffix, piece]: [Anchor, Anchor, Anchor], alone: boolean): Filing[] {
  const texts = stars.pieces.map((text) => utf8.encode(text));
  const [first, last] = [texts[0]!, texts.at(-1)!];
  const isPlain = stars.gaps.length === 1 && stars.gaps[0] === "any";
  const head = first.slice(0, cut(first.length));
  const tail = last.slice(last.length - cut(last.length));
  const found: Filing[] = [];
  if (head.length > 0)
    found.push({
      anchor: prefix,
      text: head,
      exact: alone && isPlain && last.length === 0 && head.length === first.length,
    });
  if (tail.length > 0)
    found.push({
      anchor: suffix,
      text: tail,
      exact: alone && isPlain && first.length === 0 && tail.length === last.length,
    });
  for (const text of texts.slice(1, -1)) {
    const size = Math.min(GRAM, text.length);
    for (let at = 0; size > 0 && at + size <= text.length; at++)
      found.push({ anchor: piece, text: text.slice(at, at + size), exact: false });
  }
  return found;
}

function cut(length: number): number {
  return length <= LONG ? length : Math.min(length - (length % STEP), LONGEST);
}
