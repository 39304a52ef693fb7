// Routes of a plain Envoy to paths that are open to all. Neither the token check nor the filter runs there.
import type { Address } from "./host.ts";
import type { OpenPath } from "./open-paths.ts";
import { scalar } from "./yaml.ts";

const OFF = '{"@type": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}';

/** The entries for `routes`, in front of MCP's. */
export function openRoutes(paths: readonly OpenPath[]): string {
  return paths.map(routeOf).join("");
}

/** The upstreams that they need beside the MCP server. */
export function openUpstreams(paths: readonly OpenPath[]): Address[] {
  const upstreams = paths.flatMap(({ upstream }) => upstream ?? []);
  return upstreams.filter(
    (upstream, i) => upstreams.findIndex((other) => clusterOf(other) === clusterOf(upstream)) === i,
  );
}

export function clusterOf({ host, port }: Address): string {
  return `open-${host.replace(/[^A-Za-z0-9.-]/g, "_")}-${port}`;
}

function routeOf({ path, below, upstream }: OpenPath): string {
  return `\
- match: {${below ? "path_separated_prefix" : "path"}: ${scalar(path)}} # open to all: neither the token check nor the filter runs
  route: {cluster: ${upstream ? clusterOf(upstream) : "upstream"}}
  typed_per_filter_config:
    envoy.filters.http.jwt_authn: ${OFF}
    scopegate: ${OFF}
`;
}
