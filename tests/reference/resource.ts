// Which of several policies judges a request: by host and path of its `resource`.
import type { Policy } from "./model.ts";

/** The policy with the longest path that is a whole-segment prefix; undefined: the request belongs to none. */
export function choosePolicy(policies: Policy[], host: string, path: string): Policy | undefined {
  const plain = path.split(/[?#]/)[0]!;
  if (!isNormal(plain)) return undefined;
  const fitting = policies.filter(({ resource }) => {
    const url = new URL(resource!);
    const base = pathOf(url);
    return hostOf(host, url.protocol) === url.host && (plain === base || plain.startsWith(`${base}/`));
  });
  const length = (policy: Policy): number => pathOf(new URL(policy.resource!)).length;
  return fitting.toSorted((a, b) => length(b) - length(a))[0];
}

const pathOf = ({ pathname }: URL): string => pathname.replace(/\/$/, "");

/** Without case and without the default port. */
function hostOf(authority: string, protocol: string): string {
  try {
    return new URL(`${protocol}//${authority}`).host;
  } catch {
    return "";
  }
}

function isNormal(path: string): boolean {
  if (/\/\/|\\|%(2[EeFf]|5[Cc])/.test(path)) return false;
  return path.startsWith("/") && !path.split("/").some((segment) => segment === "." || segment === "..");
}
