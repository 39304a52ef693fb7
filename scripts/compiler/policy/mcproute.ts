// ai-gateway's MCPRoute → Policy, with the meaning it has there; what it leaves unprotected is a warning.
import { Action, BackendFrom, Kind } from "../../../assembly/program.ts";
import type { Report, Tree } from "../source/document.ts";
import { wellKnownUrl } from "./metadata.ts";
import { routeLists } from "./lists.ts";
import { emptyPolicy, type Policy } from "./policy.ts";
import { readBackends, refuseOthers } from "./route-backends.ts";
import { readRules } from "./rules.ts";
import { AUTHORIZATION_NAMES } from "./route-shapes.ts";
import { ACTIONS } from "./words.ts";
import { choice, label, mapping, scope, texts, url, type Members } from "../source/shape.ts";

/** The name ai-gateway gives its JWT provider, and so the key of the payload; `mcp` for our own Envoy configurations. */
const METADATA_KEYS = ["mcp-jwt-provider", "payload", "mcp"];

const OAUTH = ["issuer", "audiences", "jwks", "claimToHeaders", "protectedResourceMetadata"];

/** Reads `spec.securityPolicy` and what else narrows access, and ignores the rest of the routing. */
export function readMcpRoute(report: Report, tree: Tree): Policy {
  const policy = emptyPolicy("MCPRoute");
  policy.metadataKeys = METADATA_KEYS;
  policy.backend = { from: BackendFrom.ToolPrefix, text: "__" };
  policy.govern = [Kind.Tool];
  policy.lists = routeLists();
  const members = open(report, tree);
  readName(report, members?.get("metadata")?.value, policy);
  const spec = members?.get("spec");
  const routing = open(report, spec?.value);
  const security = routing?.get("securityPolicy");
  const parts = open(report, security?.value);
  if (parts) refuseOthers(report, parts, ["oauth", "authorization", "cors"], "securityPolicy");
  readOAuth(report, parts, policy);
  readAuthorization(report, parts, security?.value ?? spec?.value ?? tree, policy);
  if (routing) readBackends(report, routing, policy);
  return policy;
}

function readName(report: Report, metadata: Tree | undefined, policy: Policy): void {
  const name = open(report, metadata)?.get("name")?.value;
  if (name) policy.name = label(report, name, 253) ?? policy.name;
}

/** The members of a mapping from which only some are read. */
function open(report: Report, tree: Tree | undefined): Members | undefined {
  return tree && tree.kind !== "null" ? mapping(report, tree, "*") : undefined;
}

function readOAuth(report: Report, parts: Members | undefined, policy: Policy): void {
  const oauth = parts?.get("oauth");
  const members = open(report, oauth?.value);
  if (!oauth || !members) return;
  refuseOthers(report, members, OAUTH, "oauth");
  const issuer = members.get("issuer")?.value;
  const server = issuer && url(report, issuer);
  if (server) policy.authorizationServers = [server];
  const audiences = members.get("audiences")?.value;
  policy.audiences = (audiences && texts(report, audiences)?.map((item) => item.value)) ?? [];
  if (policy.audiences.length === 0) {
    report.warn(
      oauth.key,
      "no audiences are given: tokens issued for other servers are accepted too",
      "set oauth.audiences to this server's resource",
    );
  }
  const resource = open(report, members.get("protectedResourceMetadata")?.value);
  if (resource) readResource(report, resource, policy);
}

function readResource(report: Report, members: Members, policy: Policy): void {
  const [resource, name, scopes] = ["resource", "resourceName", "scopesSupported"].map(
    (member) => members.get(member)?.value,
  );
  policy.resource = resource && url(report, resource);
  policy.resourceName = name && label(report, name, 256);
  policy.scopesSupported = scopes && texts(report, scopes)?.flatMap((item) => scope(report, item) ?? []);
  if (policy.resource) policy.resourceMetadata = wellKnownUrl(policy.resource);
  policy.metadataDocument = policy.resource !== undefined && policy.authorizationServers.length > 0;
}

function readAuthorization(report: Report, parts: Members | undefined, owner: Tree, policy: Policy): void {
  const authorization = parts?.get("authorization");
  if (!authorization) {
    policy.defaultAction = Action.Allow;
    report.warn(owner, "there is no securityPolicy.authorization: every call with a valid token passes");
    return;
  }
  const members = mapping(report, authorization.value, AUTHORIZATION_NAMES);
  const [action, rules] = [members?.get("defaultAction")?.value, members?.get("rules")?.value];
  if (action) policy.defaultAction = choice(report, action, ACTIONS) ?? Action.Deny;
  if (rules) policy.rules = readRules(report, rules, policy);
  report.warn(
    authorization.key,
    "an MCPRoute governs only tools/call: resources, prompts, completion, tasks and other methods pass with any valid token",
    "a scopegate/v1 Policy governs every kind",
  );
  report.warn(
    authorization.key,
    "tools/list shows only what the token can call, as in ai-gateway: nobody can ask for the scopes of a hidden tool",
    "a scopegate/v1 Policy also shows the tools that more scopes would open",
  );
}
