// Regexes: random RE2 patterns and texts through compiler and filter, against re2js as the matcher. The texts are arguments
// in random spellings, so that escapes are matched as well.
import { RE2JS } from "re2js";
import { Engine } from "../evaluate/engine.ts";
import { loadDocument } from "../evaluate/load.ts";
import type { Choice } from "../../tests/support/random.ts";
import { print, text } from "./draft.ts";
import { count, type Suite } from "./suite.ts";

interface RegexInput {
  pattern: string;
  /** JSON texts of strings. */
  texts: string[];
}

const TEXTS = 8;
const ATOMS = [
  ...[
    "a",
    "b",
    "k",
    "s",
    "ſ",
    "é",
    "😀",
    "-",
    ".",
    "^",
    "$",
    "[ab]",
    "[^a]",
    "[a-y]",
    "\\n",
    "\\w",
    "\\W",
    "\\d",
    "\\D",
    "\\s",
    "\\S",
    "\\A",
    "\\z",
    "\\b",
    "\\B",
  ],
  ...[
    "\\pL",
    "\\p{Lu}",
    "\\P{Greek}",
    "\\x{212a}",
    "\\x00",
    "\\.",
    "\\t",
    "(?i:k)",
    "(?i:[k-s])",
    "(?i:é)",
    "(?i:σ)",
    "(?i:[^s])",
    "(?m:^)",
    "(?m:$)",
    "(?s:.)",
    "[[:alpha:]]",
  ],
  ...[
    "[[:^word:]]",
    "a{0}",
    "[^\\x00-\\x{10FFFF}]",
    "[\\d\\-x]",
    "\\Qa.b\\E",
    "(?P<n>a)",
    "\\x{1F600}",
    "[é-ü]",
    "[\\s\\S]",
    "Hello, ",
  ],
];
const REPEATS = ["*", "+", "?", "{1,2}", "{2}", "*?", "{0,2}?", "{3,}", "{0,12}"];
const FLAGS = ["", "", "", "(?i)", "(?m)", "(?s)", "(?im)", "(?U)"];
const CHARACTERS = [..."abkKsſ\u212aéÉ😀\n\r 1_ZσςΣα-.,Hello\t\u0000\u2028\u{10ffff}ü\ud7ff\ue000\uffff"];

function randomPattern(choice: Choice, depth: number): string {
  const inner = (): string => randomPattern(choice, depth - 1);
  const kind = depth <= 0 ? 0 : choice.below(10);
  if (kind < 3) return choice.one(ATOMS);
  if (kind < 7) return inner() + inner();
  if (kind === 7) return `(${inner()}|${inner()})`;
  return `(?:${inner()})${choice.one(REPEATS)}`;
}

/** Literals at one end, for which the compiler builds no automaton. */
const PLAIN = ["^a", "b$", "^ab$", "^é", "\\.$", "^", "$", "", "^a\\.b$", "^Hello, ", "😀$", "^\\-a"];

export class RegexSuite implements Suite<RegexInput> {
  readonly counts: Record<string, number> = {};
  private readonly engine = new Engine();

  generate(choice: Choice): RegexInput {
    const pattern = choice.chance(0.08)
      ? choice.one(PLAIN)
      : choice.one(FLAGS) + randomPattern(choice, 1 + choice.below(5));
    const spelling = { spaces: 0, escapes: choice.one([0, 0.2, 1]) };
    // Runs of one character, so that loops of the automaton are exercised: the filter skips 16 bytes of them at once.
    const piece = (): string => choice.one(CHARACTERS).repeat(choice.chance(0.1) ? choice.below(50) : 1);
    const randomText = (): string => Array.from({ length: choice.below(choice.one([3, 8, 40])) }, piece).join("");
    return { pattern, texts: Array.from({ length: TEXTS }, () => print(text(randomText()), choice, spelling)) };
  }

  check({ pattern, texts }: RegexInput): string | undefined {
    const reference = compile(pattern);
    const loaded = loadDocument({
      apiVersion: "scopegate/v1",
      kind: "Policy",
      rules: [{ action: "Allow", target: { tools: ["t"] }, when: `args.t.matches(${JSON.stringify(pattern)})` }],
    });
    if (Array.isArray(loaded)) return this.checkRefusal(reference, pattern, loaded.join());
    if (!reference) return `the compiler takes the pattern ${pattern}, re2js refuses it`;
    for (const argument of texts) {
      const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"t":${argument}}}}`;
      const { decision } = this.engine.evaluate(loaded, { payload: {}, body });
      const matched = reference.test(JSON.parse(argument) as string);
      count(this.counts, matched ? "match" : "no match");
      if ((decision === "allow") !== matched || (decision !== "allow" && decision !== "deny"))
        return `${decision} for the text ${argument}, re2js ${matched ? "matches" : "does not match"} ${pattern}`;
    }
    return undefined;
  }

  /** What re2js accepts may be refused only for its size. */
  private checkRefusal(reference: RE2JS | undefined, pattern: string, problem: string): string | undefined {
    count(this.counts, "refused");
    return !reference || /states/.test(problem) ? undefined : `the compiler refuses the pattern ${pattern}: ${problem}`;
  }
}

function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}
