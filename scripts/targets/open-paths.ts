// Paths next to MCP on the same host that are open to all: a health check, an authorization server of the same origin.
import { UsageError } from "../command.ts";
import { documentPaths } from "../compiler/policy/metadata.ts";
import type { Policy } from "../compiler/index.ts";
import type { Address } from "./host.ts";

export interface OpenPath {
  /** Compared whole; with `below`, everything under it is open as well. */
  path: string;
  below: boolean;
  /** Where it leads; undefined: to the MCP server. */
  upstream?: Address;
}

/** Segments without escapes, so that no two spellings of one path exist. */
const FORM = /^((?:\/\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+)(\/\*)?(?:=(.+))?$/;

/**
 * Reads `/healthz`, `/oauth/*` or `/oauth/*=HOST:PORT`.
 * @throws UsageError when it has another form, or would open what the policy guards
 */
export function openPath(text: string, policies: readonly Policy[], address: (text: string) => Address): OpenPath {
  const [, path, star, upstream] = FORM.exec(text) ?? [];
  if (path === undefined)
    throw new UsageError(`--open-path must be /PATH or /PATH/*, optionally with =HOST:PORT, not ${text}`);
  const open = { path, below: star !== undefined, upstream: upstream === undefined ? undefined : address(upstream) };
  const guarded = policies.flatMap((policy) =>
    policy.resource === undefined ? [] : [new URL(policy.resource).pathname, ...documentPaths(policy)],
  );
  const opened = guarded.find((other) => covers(open, other));
  if (opened !== undefined)
    throw new UsageError(`--open-path ${text} would open ${opened}, which the filter answers for`);
  return open;
}

/** Whether this path is open, in the normal form that hosts give paths before they choose a route. */
function covers({ path, below }: OpenPath, other: string): boolean {
  return other === path || (below && other.startsWith(`${path}/`));
}
