// Names and claims with stars → PatternRecords: literal ends, and an automaton for what they do not say.
import { Kind, NONE, Section } from "../../../assembly/program.ts";
import { regexOf, starsOf, type Stars } from "../policy/stars.ts";
import type { Automata } from "../regex/automaton.ts";
import { PatternError } from "../regex/machine.ts";
import type { Place, Report } from "../source/document.ts";
import type { Pair, ProgramWriter } from "./writer.ts";

interface Starred {
  name: string;
  stars?: Stars;
  backendStars?: Stars;
  place?: Place;
}

/** Writes what names and claims with stars must satisfy. */
export class Patterns {
  constructor(
    private readonly report: Report,
    private readonly writer: ProgramWriter,
    private readonly automata: Automata,
  ) {}

  /** The number of the pattern of a name, and perhaps a backend. */
  add({ name, stars, backendStars, place }: Starred): number {
    const own = stars ? this.affixes(stars, name, place) : this.anything();
    const backend = backendStars ? this.affixes(backendStars, name, place) : this.anything();
    return this.writer.add(Section.Patterns, [...own, ...backend]);
  }

  /** The records of patterns for texts, as a run. */
  run(texts: readonly string[], place: Place): Pair {
    const records = texts.map((text) => [
      ...this.affixes(starsOf(text, Kind.Any) ?? { pieces: [text], gaps: [] }, text, place),
      ...this.anything(),
    ]);
    return this.writer.run(Section.Patterns, records);
  }

  private anything(): number[] {
    return [NONE, 0, ...this.writer.text(""), NONE];
  }

  /** Literal ends, and an automaton for what they do not say. */
  private affixes(stars: Stars, name: string, place: Place | undefined): number[] {
    const { pieces, gaps } = stars;
    if (gaps.length === 0)
      return [...this.writer.text(pieces[0]!), ...this.writer.text(""), this.automaton(stars, name, place)];
    const ends: Pair[] = [this.writer.text(pieces[0]!), this.writer.text(pieces.at(-1)!)];
    const isPlain = gaps.length === 1 && gaps[0] === "any";
    return [...ends.flat(), isPlain ? NONE : this.automaton(stars, name, place)];
  }

  private automaton(stars: Stars, name: string, place: Place | undefined): number {
    try {
      return this.writer.operand({ automaton: this.automata.of(regexOf(stars)) });
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.report.error(place ?? { path: "" }, `"${name}" has too many stars`, "write several instead");
      return NONE;
    }
  }
}
