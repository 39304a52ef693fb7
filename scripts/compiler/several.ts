// Several policies in one plugin configuration: which requests belong to each.
import { documentPaths, WELL_KNOWN } from "./policy/metadata.ts";
import type { Policy } from "./policy/policy.ts";
import type { Problem } from "./source/problem.ts";

/** A compiled policy, and the name of its file in messages. */
export interface Member {
  file: string;
  policy: Policy;
  program: Uint8Array;
}

/**
 * The routes to a policy, as the filter's table has them: host and path, without a slash at the end. A default port may be
 * named or not. The metadata document is beside the resource; the one of the whole host belongs to the policy at its root.
 */
export function routesOf(policy: Policy): string[] {
  const { pathname } = new URL(policy.resource!);
  const own = pathname.replace(/\/$/, "");
  const documents = documentPaths(policy)
    .map((path) => path.replace(/\/$/, ""))
    .filter((path) => path !== WELL_KNOWN || own === "");
  return hostsOf(policy).flatMap((host) => [...new Set([own, ...documents])].map((path) => host + path));
}

/** The spellings of the host of a policy's resource. */
export function hostsOf({ resource }: Policy): string[] {
  const { protocol, hostname, port } = new URL(resource!);
  return port === "" ? [hostname, `${hostname}:${protocol === "https:" ? 443 : 80}`] : [`${hostname}:${port}`];
}

/** What keeps policies from being in one plugin configuration. */
export function conflicts(members: readonly Member[]): Problem[] {
  const problems: Problem[] = [];
  const taken = new Map<string, Member>();
  const names = new Map<string, Member>();
  const say = ({ file, policy }: Member, message: string, hint?: string): void => {
    const place = { file, line: 0, column: 0, length: 1, excerpt: "" };
    problems.push({ severity: "error", ...place, message: `policy ${policy.name}: ${message}`, hint });
  };
  for (const member of members) {
    const { policy } = member;
    const other = names.get(policy.name);
    if (other)
      say(member, `${other.file} has the same name`, "metadata.name tells the policies apart, also in the counters");
    names.set(policy.name, member);
    if (policy.record.form !== members[0]!.policy.record.form)
      say(
        member,
        `record.form is another than in ${members[0]!.file}`,
        "a plugin has either objects or text for the access log",
      );
    if (policy.resource === undefined) {
      say(member, "it has no resource", "of several policies the host and path of `resource` choose one");
      continue;
    }
    const rival = routesOf(policy)
      .map((route) => taken.get(route))
      .find((found) => found !== undefined);
    if (rival) say(member, `policy ${rival.policy.name} (${rival.file}) has the same host and path`);
    else for (const route of routesOf(policy)) taken.set(route, member);
  }
  return problems;
}
