// The suites by name; each call creates a new one.
import type { Suite } from "./suite.ts";
import { BodySuite } from "./bodies.ts";
import { ExpressionSuite } from "./expressions.ts";
import { HeaderSuite } from "./headers.ts";
import { ProgramSuite } from "./programs.ts";
import { RegexSuite } from "./regexes.ts";

export const SUITES: Record<string, () => Suite> = {
  bodies: () => new BodySuite(),
  headers: () => new HeaderSuite(),
  programs: () => new ProgramSuite(),
  expressions: () => new ExpressionSuite(),
  regexes: () => new RegexSuite(),
} as Record<string, () => Suite>;

/** Not a real suite: its rounds never end, to test the watchdog. */
export const ENDLESS: Suite = {
  counts: {},
  generate: () => null,
  check: () => {
    for (;;);
  },
};
