// Which constructs of the language a document uses: a policy is judged by the filter once it has them all.
import { CONSTRUCTS, type Construct } from "./generator.ts";

type Raw = any; // eslint-disable-line @typescript-eslint/no-explicit-any -- a document is what its author wrote

/** The constructs in a document of kind Policy. */
export function constructsOf(document: Raw): Construct[] {
  const text = JSON.stringify(document);
  const rules: Raw[] = document.rules ?? [];
  const scopes: Raw[] = rules.flatMap((rule) => rule.source?.jwt?.scopes ?? []);
  const claims: Raw[] = rules.flatMap((rule) => rule.source?.jwt?.claims ?? []);
  const declared: Raw[] = Object.values(document.scopes ?? {});
  const inSource = (member: string): boolean => rules.some(({ source }) => source?.[member] !== undefined);
  const tests: Record<Construct, boolean> = {
    stars: text.includes("*"),
    groups: document.groups !== undefined,
    require: rules.some(({ action }) => action === "Require"),
    anyOf: scopes.some((scope) => typeof scope === "object"),
    templates: scopes.some((scope) => JSON.stringify(scope).includes("{args") || /\{(?:meta|jwt|mcp)\./.test(scope)),
    families: declared.some((scope) => scope?.implies?.some((implied: string) => implied.endsWith("*"))),
    scopeClaims: document.jwt?.scopeClaims !== undefined,
    issuedAs: declared.some((scope) => scope?.issuedAs !== undefined),
    claims: document.kind !== "MCPRoute" && claims.some(({ valueType }) => valueType === undefined),
    anonymous: inSource("anonymous"),
    ip: inSource("ip") || /source\.address|cidr\(/.test(text),
    principals: inSource("principals") || text.includes("source.principal"),
    time: text.includes("request.time"),
    data: document.data !== undefined,
    args: /"(?:args|onlyArgs)":/.test(text),
  };
  return CONSTRUCTS.filter((construct) => tests[construct]);
}
