// A token issuer for the tests and the bench: throw-away keys, so that the repository contains no secrets.
import { generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://auth.example.com";
export const RESOURCE = "https://mcp.example.com/mcp";

const KID = "test";
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** The key set that verifies tokens of this process, JSON text. */
export const JWKS = JSON.stringify({
  keys: [{ ...publicKey.export({ format: "jwk" }), kid: KID, alg: "ES256", use: "sig" }],
});

/** A signed token; the given claims override a valid set; undefined omits one. */
export function token(claims: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: ISSUER, aud: RESOURCE, sub: "alice", iat: now, exp: now + 3600, ...claims };
  const text = `${part({ alg: "ES256", typ: "JWT", kid: KID })}.${part(payload)}`;
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

/** A token whose payload was modified after signing. */
export function forged(claims: Record<string, unknown>): string {
  const [head, payload, signature] = token().split(".");
  const changed = { ...(JSON.parse(Buffer.from(payload!, "base64url").toString()) as object), ...claims };
  return `${head}.${part(changed)}.${signature}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
