// What a browser needs to call an MCP server of another origin: preflights that are answered, and refusals it may read.
import { scalar } from "./yaml.ts";

/** `*` covers every header but Authorization (Fetch, 4.8); MCP's Mcp-Param-* headers have no fixed names. */
export const REQUEST_HEADERS = "Authorization, *";
export const METHODS: readonly string[] = ["GET", "POST", "DELETE", "OPTIONS"];
/** Without these a page sees neither the challenge nor its session. */
export const EXPOSED_HEADERS: readonly string[] = ["WWW-Authenticate", "Mcp-Session-Id", "MCP-Protocol-Version"];
export const MAX_AGE = 3600; // seconds

const FILTER = "type.googleapis.com/envoy.extensions.filters.http.cors.v3";

/** The entry for http_filters. It must stand in front of all that may refuse, so that refusals get its headers too. */
export function corsFilter(name: string): string {
  return `\
# Answers preflights, and lets pages of the allowed origins read what is answered, refusals included.
- name: ${name}
  typed_config: {"@type": ${FILTER}.Cors}
`;
}

/** The policy of a route or virtual host. */
export function corsPolicy(origins: readonly string[]): string {
  return `\
"@type": ${FILTER}.CorsPolicy
allow_origin_string_match: [${origins.map(matcher).join(", ")}]
allow_methods: ${scalar(METHODS.join(", "))}
allow_headers: ${scalar(REQUEST_HEADERS)}
expose_headers: ${scalar(EXPOSED_HEADERS.join(", "))}
max_age: "${MAX_AGE}"
`;
}

function matcher(origin: string): string {
  return origin === "*" ? "{safe_regex: {regex: .*}}" : `{exact: ${scalar(origin)}}`;
}
