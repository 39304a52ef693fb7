// A strict reader of the challenge: one Bearer challenge by the grammar of RFC 9110 section 11.6.1, its values in the
// characters of RFC 6750 section 3 and RFC 3986.
export interface Challenge {
  error?: string;
  scope?: string;
  resource_metadata?: string;
  [name: string]: string | undefined;
}

/** What RFC 6750 section 3 and RFC 9728 section 5.1 allow in a value; no other parameters are allowed. */
const VALUES: Record<string, RegExp> = {
  realm: /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/,
  error: /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/,
  error_description: /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/,
  scope: /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
  resource_metadata: /^https?:\/\/(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/,
};

/** The parameters of a header that is exactly one Bearer challenge. Throws if it is anything else. */
export function readChallenge(header: string): Challenge {
  if (!header.startsWith("Bearer ")) throw new Error("not the scheme Bearer and one space");
  const parameter = /([!#$%&'*+.^_`|~A-Za-z0-9-]+)="((?:[^"\\])*)"(, (?=.)|$)/y;
  parameter.lastIndex = "Bearer ".length;
  const read: Challenge = {};
  while (parameter.lastIndex < header.length) {
    const at = parameter.lastIndex;
    const [, name = "", value = ""] = parameter.exec(header) ?? [];
    if (!name) throw new Error(`no parameter at ${at}: ${header.slice(at)}`);
    if (!VALUES[name]?.test(value)) throw new Error(`${name} may not be "${value}"`);
    if (Object.hasOwn(read, name)) throw new Error(`${name} occurs twice`);
    read[name] = value;
  }
  if (Object.keys(read).length === 0) throw new Error("no parameter");
  return read;
}
