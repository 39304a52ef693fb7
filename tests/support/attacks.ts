// The cases of tests/data/attacks.jsonl, the policy they are judged by, and the token's payload.
export interface AttackCase {
  id: string;
  group: string;
  why: string;
  method?: string;
  path?: string;
  headers?: [name: string, value: string | null][];
  body_base64?: string;
  body_parts?: [base64: string, repeat: number][];
  framing?: string;
  raw_base64?: string;
  expect: Outcome;
  accept: Outcome[];
  accept_status?: number[];
  challenge_scope?: string;
  check?: string;
}

export type Outcome = "allow" | "pass" | "deny" | "reject";

export const ATTACK_POLICY = {
  apiVersion: "scopegate/v1",
  kind: "Policy",
  metadata: { name: "attacks" },
  govern: ["tools"],
  rules: [
    {
      name: "echo",
      source: { jwt: { scopes: ["echo"] } },
      target: { tools: [{ tool: "echo", when: 'args.text.matches("^Hello, .*!$")' }] },
    },
    { name: "sum", source: { jwt: { scopes: ["sum"] } }, target: { tools: ["sum"] } },
  ],
};

export const ATTACK_PAYLOAD = { sub: "mallory", scope: "echo" };

export function bodyOf({ body_parts, body_base64 }: AttackCase): Buffer {
  const parts = body_parts ?? [[body_base64 ?? "", 1]];
  return Buffer.concat(
    parts.flatMap(([part, repeat]) => new Array<Buffer>(Number(repeat)).fill(Buffer.from(String(part), "base64"))),
  );
}
