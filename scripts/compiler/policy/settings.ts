// The members of our own kind of document, except its rules → Policy.
import { Action, BackendFrom } from "../../../assembly/program.ts";
import type { Place, Report, Tree } from "../source/document.ts";
import { DRIFT, readLockMember } from "../lock/locks.ts";
import { readPaths } from "./claims.ts";
import { readData, readDataFile } from "./data.ts";
import { wellKnownUrl } from "./metadata.ts";
import { readLists } from "./lists.ts";
import { emptyPolicy, type Policy } from "./policy.ts";
import { readRecord } from "./record.ts";
import { readGroups, readRules } from "./rules.ts";
import * as shapes from "./shapes.ts";
import { namesOf, rangeOf } from "./shapes.ts";
import { ACTIONS, BACKENDS, BOUND, DENIALS, GOVERNED, METADATA_KEY, POLICY_MODES } from "./words.ts";
import {
  choice,
  flag,
  integer,
  label,
  mapping,
  scope,
  shapeOf,
  text,
  texts,
  url,
  type Members,
} from "../source/shape.ts";

type Read = (report: Report, tree: Tree, policy: Policy) => void;

/** One reader per member, in the order of the documentation; rules come last because they need the backend. */
const MEMBERS: Record<string, Read> = {
  apiVersion: () => {},
  kind: () => {},
  metadata: readMetadata,
  resource: (report, tree, policy) => (policy.resource = url(report, tree)),
  resourceName: (report, tree, policy) => (policy.resourceName = label(report, tree, 256)),
  resourceMetadata: (report, tree, policy) => (policy.resourceMetadata = url(report, tree)),
  authorizationServers: readServers,
  metadataDocument: (report, tree, policy) => (policy.metadataDocument = flag(report, tree) ?? false),
  scopesSupported: (report, tree, policy) => (policy.scopesSupported = scopeList(report, tree)),
  jwt: readJwt,
  scopes: readHierarchy,
  backend: readBackend,
  data: readData,
  dataFile: readDataFile,
  lock: (report, tree, policy) => (policy.locks = readLockMember(report, tree)),
  groups: readGroups,
  govern: readGovern,
  defaultAction: (report, tree, policy) => (policy.defaultAction = choice(report, tree, ACTIONS) ?? Action.Deny),
  challenge: readChallenge,
  denial: (report, tree, policy) => (policy.denial = choice(report, tree, DENIALS) ?? policy.denial),
  headers: (report, tree, policy) =>
    (policy.lenientHeaders = choice(report, tree, { strict: false, lenient: true }) ?? false),
  limits: readLimits,
  lists: readLists,
  loop: readLoop,
  transport: readTransport,
  record: readRecord,
  mode: (report, tree, policy) => (policy.shadow = choice(report, tree, POLICY_MODES) ?? policy.shadow),
  drift: readDrift,
  rules: (report, tree, policy) => (policy.rules = readRules(report, tree, policy)),
};

/** Reads a document of `apiVersion: scopegate/v1`, `kind: Policy`. */
export function readPolicy(report: Report, tree: Tree): Policy {
  const policy = emptyPolicy("Policy");
  const members = mapping(report, tree, Object.keys(MEMBERS));
  for (const [name, read] of Object.entries(MEMBERS)) {
    const member = members?.get(name);
    if (member) read(report, member.value, policy);
  }
  if (members) finishMetadata(report, members, tree, policy);
  return policy;
}

function finishMetadata(report: Report, members: Members, owner: Place, policy: Policy): void {
  const complete = policy.resource !== undefined && policy.authorizationServers.length > 0;
  const wanted = members.get("metadataDocument")?.value;
  if (!wanted) policy.metadataDocument = complete;
  else if (policy.metadataDocument && !complete && !report.failed) {
    report.error(wanted, "the metadata document needs resource and authorizationServers");
  }
  if (policy.resource) policy.resourceMetadata ??= wellKnownUrl(policy.resource);
  const drift = members.get("drift");
  if (drift && policy.locks.length === 0)
    report.error(drift.key, "drift is from a lock, and none is named", "add lock: FILE");
  if (!members.has("rules")) report.warn(owner, "there are no rules: every call gets the default action");
}

function readMetadata(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(shapes.METADATA));
  const name = members?.get("name")?.value;
  if (name) policy.name = label(report, name) ?? policy.name;
}

function readServers(report: Report, tree: Tree, policy: Policy): void {
  const items = texts(report, tree, "list at least one authorization server, or leave it out");
  policy.authorizationServers = items?.map((item) => url(report, item)).filter((server) => server !== undefined) ?? [];
}

function scopeList(report: Report, tree: Tree): string[] | undefined {
  return texts(report, tree)?.flatMap((item) => scope(report, item) ?? []);
}

function readJwt(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(shapes.JWT));
  if (!members) return;
  const bound = members.get("senderConstrained")?.value;
  if (bound) policy.senderConstrained = choice(report, bound, BOUND) ?? policy.senderConstrained;
  readScopeClaims(report, members.get("scopeClaims")?.value, policy);
  const [one, many] = [members.get("metadataKey"), members.get("metadataKeys")];
  if (one && many) report.error(many.key, "metadataKey and metadataKeys mean the same; give only one");
  const keys = (one ?? many)?.value;
  if (!keys) return;
  const items = keys.kind === "list" ? texts(report, keys, "list at least one key") : [keys];
  const names = items?.flatMap((item) => metadataKey(report, item) ?? []);
  if (names?.length) policy.metadataKeys = names;
}

function readScopeClaims(report: Report, tree: Tree | undefined, policy: Policy): void {
  policy.scopeClaims = (tree && readPaths(report, tree)) ?? policy.scopeClaims;
}

function metadataKey(report: Report, tree: Tree): string | undefined {
  const key = label(report, tree, 256);
  if (key === undefined || METADATA_KEY.test(key)) return key;
  return report.error(
    tree,
    "the key contains a character that has a meaning in access log formats",
    "use letters, digits and . _ - / @ + ~",
  );
}

function readHierarchy(report: Report, tree: Tree, policy: Policy): void {
  for (const { name, key, value } of mapping(report, tree, "*")?.values() ?? []) {
    if (scope(report, { ...key, kind: "text", value: name }) === undefined) continue;
    const members = value.kind === "null" ? undefined : mapping(report, value, namesOf(shapes.SCOPE_DECLARATION));
    const [implies, issuedAs] = ["implies", "issuedAs"].map((member) => {
      const names = members?.get(member)?.value;
      return (names && texts(report, names)?.filter((item) => scope(report, item) !== undefined)) ?? [];
    });
    policy.scopes.set(name, { place: key, implies: implies!, issuedAs: issuedAs! });
  }
}

function readBackend(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(shapes.BACKEND));
  if (!members) return;
  const [from, separator, name] = ["from", "separator", "name"].map((member) => members.get(member));
  if (name) {
    if (from) report.error(from.key, "a backend has either a fixed name or a source, not both");
    if (separator) report.error(separator.key, "a separator is only used with from: toolPrefix");
    policy.backend = { from: BackendFrom.Fixed, text: label(report, name.value, 256) ?? "" };
    return;
  }
  const source = from ? choice(report, from.value, BACKENDS) : BackendFrom.ToolPrefix;
  if (separator && source !== BackendFrom.ToolPrefix) {
    report.error(separator.key, "a separator is only used with from: toolPrefix");
  }
  const between = separator ? text(report, separator.value) : "__";
  policy.backend = {
    from: source ?? BackendFrom.ToolPrefix,
    text: source === BackendFrom.ToolPrefix ? (between ?? "__") : "",
  };
}

function readGovern(report: Report, tree: Tree, policy: Policy): void {
  const words = texts(report, tree, "every call with a valid token would pass; leave it out to govern every kind");
  policy.govern = [...new Set(words?.flatMap((word) => choice(report, word, GOVERNED) ?? []))];
}

function readChallenge(report: Report, tree: Tree, policy: Policy): void {
  const include = mapping(report, tree, namesOf(shapes.CHALLENGE))?.get("include")?.value;
  if (include) policy.includeGranted = choice(report, include, { operation: false, granted: true }) ?? false;
}

function readLimits(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(shapes.LIMITS));
  const { limits } = policy;
  const [body, depth, steps, list] = ["body", "depth", "steps", "list"].map((name) => members?.get(name)?.value);
  if (body) limits.body = bytes(report, body) ?? limits.body;
  if (list) limits.list = bytes(report, list) ?? limits.list;
  if (depth) limits.depth = integer(report, depth, ...rangeOf(shapes.LIMITS, "depth")) ?? limits.depth;
  if (steps) limits.steps = readSteps(report, steps) ?? limits.steps;
}

/** A number of steps; 0 for `auto`. */
function readSteps(report: Report, tree: Tree): number | undefined {
  if (tree.kind === "text" && tree.value === "auto") return 0;
  if (tree.kind === "text") return report.error(tree, "expected a number of steps, or auto");
  return integer(report, tree, shapes.STEPS.minimum, shapes.STEPS.maximum);
}

/** A number of bytes, or a string such as 64KiB. */
function bytes(report: Report, tree: Tree): number | undefined {
  const units: Record<string, number> = { KiB: 1024, MiB: 1024 * 1024 };
  const [, count, unit] = (tree.kind === "text" && /^(\d{1,9}) ?(KiB|MiB)$/.exec(tree.value)) || [];
  if (tree.kind === "text" && !unit)
    return report.error(tree, "expected a number of bytes", "for example 65536, 64KiB or 4MiB");
  return integer(
    report,
    unit ? { ...tree, kind: "number", value: Number(count) * units[unit]! } : tree,
    1,
    64 * units.MiB!,
  );
}

function readLoop(report: Report, tree: Tree, policy: Policy): void {
  // YAML 1.2 reads `off` as a string; a careful author may write false.
  if ((tree.kind === "text" && tree.value === "off") || (tree.kind === "boolean" && !tree.value)) {
    policy.loop.limit = 0;
    return;
  }
  if (tree.kind !== "map") return report.error(tree, `expected a mapping (limit, window) or off, got ${shapeOf(tree)}`);
  const members = mapping(report, tree, namesOf(shapes.LOOP_MEMBERS));
  const [limit, window] = [members?.get("limit")?.value, members?.get("window")?.value];
  if (limit) policy.loop.limit = integer(report, limit, ...rangeOf(shapes.LOOP_MEMBERS, "limit")) ?? policy.loop.limit;
  if (window)
    policy.loop.window = integer(report, window, ...rangeOf(shapes.LOOP_MEMBERS, "window")) ?? policy.loop.window;
}

function readTransport(report: Report, tree: Tree, policy: Policy): void {
  const members = mapping(report, tree, namesOf(shapes.TRANSPORT));
  const action = (name: string): Action => {
    const value = members?.get(name)?.value;
    return (value && choice(report, value, ACTIONS)) ?? Action.Allow;
  };
  policy.transport = { stream: action("GET"), session: action("DELETE"), preflight: action("OPTIONS") };
}

function readDrift(report: Report, tree: Tree, policy: Policy): void {
  policy.drift = choice(report, tree, DRIFT) ?? policy.drift;
}
