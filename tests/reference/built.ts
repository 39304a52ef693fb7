import { CONSTRUCTS, type Construct } from "./generator.ts";

/** What the filter has today: everything. A test of random.test.ts says so of each. */
export const BUILT: readonly Construct[] = CONSTRUCTS;
