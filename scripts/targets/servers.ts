// Several policies in one manifest: which option is for which, and where each one's requests are found.
import { UsageError, type Invocation } from "../command.ts";
import { hostsOf, type Policy } from "../compiler/index.ts";

type Given = Invocation["options"];

/** Options that a policy may have to itself, as NAME=VALUE. */
const OWN = ["jwks", "issuer", "audience", "upstream"] as const;

/**
 * The options as they are for one of several policies: NAME=VALUE where its name is written before, otherwise the values
 * without a name.
 * @throws UsageError when a name belongs to no policy
 */
export function optionsFor(given: Given, name: string, names: readonly string[]): Given {
  const own = OWN.map((option): [string, string[] | undefined] => {
    const values = valuesOf(given, option).map((value) => named(value, names));
    const mine = values.filter((value) => value.name === name);
    const chosen = mine.length > 0 ? mine : values.filter((value) => value.name === undefined);
    return [option, chosen.length > 0 ? chosen.map(({ value }) => value) : undefined];
  });
  return { ...given, ...Object.fromEntries(own) };
}

/** All values of an option that may be repeated. */
export function valuesOf(given: Given, option: string): string[] {
  const value = given[option];
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

/** The value of an option that counts once. */
export function singleOf(given: Given, option: string): string | undefined {
  const values = valuesOf(given, option);
  if (values.length > 1)
    throw new UsageError(`--${option} is given twice; for one of several policies write --${option} NAME=${values[1]}`);
  return values[0];
}

function named(text: string, names: readonly string[]): { name?: string; value: string } {
  const name = names.find((one) => text.startsWith(`${one}=`));
  return name === undefined ? { value: text } : { name, value: text.slice(name.length + 1) };
}

/** Where the requests of a policy are found: the spellings of its host, and a path without a slash at its end. */
export interface Place {
  hosts: string[];
  path: string;
}

export function placeOf(policy: Policy): Place {
  return { hosts: hostsOf(policy), path: new URL(policy.resource!).pathname.replace(/\/$/, "") };
}

/** The longer path first: of several that fit the filter takes the longest, and hosts the first. */
export function byPath<T extends { place: Place }>(servers: readonly T[]): T[] {
  return [...servers].sort((a, b) => b.place.path.length - a.place.path.length);
}
