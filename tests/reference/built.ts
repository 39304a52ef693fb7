import type { Construct } from "./generator.ts";

/** What the filter has today. A construct that is built must be named here: a test of random.test.ts says so. */
export const BUILT: readonly Construct[] = [
  "stars",
  "groups",
  "require",
  "anyOf",
  "templates",
  "families",
  "scopeClaims",
  "issuedAs",
  "claims",
  "anonymous",
  "ip",
  "principals",
  "time",
  "data",
  "args",
];
