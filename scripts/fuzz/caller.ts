// Random callers: header lists with all the oddities that a host permits, and payloads of verified tokens with
// values of every JSON type.
import type { Json, Struct } from "../simulate/host.ts";
import type { Choice } from "../../tests/support/random.ts";
import type { Origin } from "./origin-model.ts";

/** Name and value; every character of a value is one byte, as on the wire. */
export type Header = [name: string, value: string];

export const TOOLS = ["ab", "open", "no", "team", "teams", "unit", "groups", "level", "other"];
const VERSIONS = [
  "2025-03-26",
  "2025-06-18",
  "2025-11-25",
  "2026-07-28",
  "2026-07-29",
  "2027-01-01",
  "draft",
  "2026-7-28",
  "",
  "9999-99-99",
  "2026-07-28 ",
];

const CONTENT_TYPES = [
  ...[
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json;",
  ],
  ...[
    "application/json ; charset=utf8",
    "application/json; charset=utf-16",
    "application/json; charset=utf-7",
    "application/json; charset=utf-8; charset=utf-16",
    "text/plain",
  ],
  ...[
    "application/json; profile=x",
    "application/jsonx",
    "application/json, text/plain",
    "application/vnd.api+json",
    "",
    "application/json;;",
    "application/json; charset = utf-8",
    "application /json",
  ],
  ...[
    "application/json; x=\u00e9",
    "application/json\tcharset=utf-8",
    "multipart/form-data",
    'application/json; a="b;charset=utf-16"',
    "application/json; charset*=utf-8''x",
  ],
];

/** Characters as bytes of their UTF-8 form, one character a byte. */
export const bytesOf = (text: string): string => Buffer.from(text).toString("latin1");

const base64Of = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`;

function nameForms(choice: Choice, name: string): string {
  const forms = [
    bytesOf(name),
    base64Of(name),
    `  ${bytesOf(name)} `,
    "ab",
    base64Of("ab"),
    "=?base64?!!?=",
    "=?base64??=",
    "=?base64?YWI?=",
    `${bytesOf(name)}x`,
    "",
  ];
  return choice.chance(0.6) ? forms[choice.below(2)]! : choice.one(forms);
}

/** Bytes that occur in no text, and texts of odd lengths. */
const TEAMS = [
  "a",
  "b",
  "abc",
  "a,b",
  "",
  "\xff",
  "a\xc3",
  "\xe2\x82",
  "\xed\xa0\x80",
  "\xf0\x9f\x98",
  "\xc3\xa9",
  'a"b\\',
  "a\tb",
  "x".repeat(5000),
];

/** The headers of a request that calls `method` and names `name`. */
export function randomHeaders(choice: Choice, method: string, name: string): Header[] {
  const headers: Header[] = [
    ["content-type", choice.chance(0.8) ? choice.one(CONTENT_TYPES.slice(0, 6)) : choice.one(CONTENT_TYPES)],
  ];
  const sometimes = (chance: number, make: () => Header): void => {
    if (choice.chance(chance)) headers.push(make());
  };
  sometimes(0.5, () => [
    "mcp-protocol-version",
    choice.chance(0.8) ? choice.one(VERSIONS.slice(0, 4)) : choice.one(VERSIONS),
  ]);
  sometimes(0.5, () => ["mcp-method", choice.chance(0.9) ? method : choice.one(["tools/list", "Tools/call", ""])]);
  sometimes(0.5, () => ["mcp-name", nameForms(choice, name)]);
  sometimes(0.4, () => ["x-team", choice.one(TEAMS)]);
  sometimes(0.1, () => ["x-team", choice.one(TEAMS)]);
  sometimes(0.1, () => ["authorization", "Bearer x"]);
  sometimes(0.04, () => ["content-encoding", choice.one(["gzip", "identity", "IDENTITY", "", "identity, gzip", "br"])]);
  sometimes(0.02, () => ["upgrade", choice.one(["websocket", ""])]);
  sometimes(0.02, () => [":protocol", "websocket"]);
  sometimes(0.03, () => choice.one(headers)); // a repeat
  sometimes(0.05, () => ["mcp-session-id", "s"]);
  sometimes(0.03, () => ["x-long", "v".repeat(choice.below(60_000))]);
  if (choice.chance(0.03)) for (let i = choice.below(120); i > 0; i--) headers.push([`x-${i % 40}`, "v"]);
  return choice.chance(0.5) ? headers : headers.sort(() => choice.below(3) - 1);
}

const SCOPES = [
  "a",
  "b",
  "admin",
  "suspended",
  "no",
  "other",
  "mfa",
  "otp",
  "t:acme",
  "t:7",
  "t:",
  "t:*",
  "A",
  "a b",
  "",
  "ab",
  "é",
];

function randomScopes(choice: Choice): Json {
  const some = choice.some(SCOPES.slice(0, 10), 0.35);
  switch (choice.below(8)) {
    case 0:
    case 1:
    case 2:
      return some.join(choice.one([" ", " ", "  ", "\t", "\n", ","]));
    case 3:
    case 4:
      return some;
    case 5:
      return [
        ...some,
        choice.one([null, 7, true, ["a"], { a: "b" }, "a b", ""] as Json[]),
        ...choice.some(SCOPES, 0.2),
      ];
    case 6:
      return Array.from({ length: choice.below(600) }, (_, i) => (choice.chance(0.01) ? choice.one(SCOPES) : `s${i}`));
    default:
      return randomJson(choice, 2);
  }
}

const TENANTS: Json[] = [
  ...["acme", "acme", 7, 7, "7", "*", "", "a b", "acme ", "\u00e9", 7.5, -7, 2 ** 53, ["acme"]],
  ...["t".repeat(64), "t".repeat(65)],
];

/** A value that a protobuf Struct can represent. */
function randomJson(choice: Choice, depth: number): Json {
  const kind = depth <= 0 ? choice.below(5) : choice.below(7);
  if (kind === 0) return null;
  if (kind === 1) return choice.chance(0.5);
  if (kind === 2) return choice.one([0, 1, -1, 3, 2.5, 1e308, -1e-308, 2 ** 53, 5e-324]);
  if (kind <= 4)
    return choice.one(["", "a", "eng", "g1", "yes", "é😀", 'quote " \\', "\u0001\u0002", "line\nend", "x".repeat(200)]);
  const size = choice.below(4);
  if (kind === 5) return Array.from({ length: size }, () => randomJson(choice, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, (_, i) => [choice.one(["unit", "a.b", "", `k${i}`]), randomJson(choice, depth - 1)]),
  );
}

function deep(depth: number): Json {
  let value: Json = "end";
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { k: value };
  return value;
}

/** The payload of a verified token; null: no token. */
export function randomPayload(choice: Choice): Struct | null {
  if (choice.chance(0.05)) return null;
  const payload: Struct = { sub: "ann" };
  const sometimes = (chance: number, name: string, make: () => Json): void => {
    if (choice.chance(chance)) payload[name] = make();
  };
  sometimes(0.8, "scope", () => randomScopes(choice));
  sometimes(0.3, "scp", () => randomScopes(choice));
  sometimes(0.4, "org", () =>
    choice.chance(0.6) ? { unit: choice.one(["eng", "ops", null, ["eng"]] as Json[]) } : randomJson(choice, 2),
  );
  sometimes(0.15, "org.unit", () => (choice.chance(0.6) ? choice.one(["eng", "ops"]) : randomJson(choice, 2)));
  sometimes(0.4, "groups", () =>
    choice.chance(0.7)
      ? choice.one([["g1"], ["x", "g2"], "g1", ["x"], [], [1, "g1"]] as Json[])
      : randomJson(choice, 2),
  );
  sometimes(0.4, "level", () => (choice.chance(0.7) ? choice.below(6) : randomJson(choice, 1)));
  sometimes(0.2, "blocked", () => choice.one(["yes", "no", ["yes"], null, true] as Json[]));
  sometimes(0.5, "tenant", () => (choice.chance(0.8) ? choice.one(TENANTS) : randomJson(choice, 1)));
  sometimes(0.15, "extra", () => randomJson(choice, 4));
  sometimes(0.06, choice.one(["extra", "org", "level", "tenant"]), () => deep(choice.below(90)));
  return payload;
}

const ADDRESSES = [
  ...["10.1.2.3:50000", "10.6.0.1:443", "10.255.255.255:1", "11.0.0.0:1", "192.0.2.7:5", "[2001:db8::1]:50000"],
  ...["[2001:db8:bad::7]:1", "[2001:db9::]:1", "[::ffff:10.1.2.3]:1", "[::ffff:a06:1]:1", "[::10.1.2.3]:1", "[::]:1"],
  // None of these is an address with its port.
  ...["10.1.2.3", "2001:db8::1", "10.1.2:1", "010.1.2.3:1", "10.1.2.256:1", "[2001:db8::1", "[2001:db8::1%eth0]:1"],
  ...[
    "",
    ":",
    "[]:1",
    "/run/socket",
    "@socket",
    "10.1.2.3 :1",
    "[2001:db8:::1]:1",
    "10.1.2.3\0:1",
    `10.${"1".repeat(2000)}:1`,
  ],
];
const NAMES = [
  ...["spiffe://corp.example/agents/7", "spiffe://corp.example/agents/", "spiffe://corp.example/agents/rogue-7"],
  ...["spiffe://corp.example/agent", "Spiffe://corp.example/agents/7", "db.corp.example", "db.corp.example.", "/rogue"],
  ...["", "*", "spiffe://corp.example/agents/\u00e9", "spiffe://corp.example/agents/\0"],
  ...[1024, 1025, 5000].map((length) => "spiffe://corp.example/agents/".padEnd(length, "7")),
];

/** Where a call comes from. */
export function randomOrigin(choice: Choice): Origin {
  const address = choice.chance(0.05)
    ? null
    : choice.chance(0.7)
      ? choice.one(ADDRESSES.slice(0, 12))
      : choice.one(ADDRESSES);
  if (choice.chance(0.2)) return { address };
  const uri = choice.chance(0.7) ? { uri: choice.chance(0.5) ? choice.one(NAMES.slice(0, 3)) : choice.one(NAMES) } : {};
  const dns = choice.chance(0.5) ? { dns: choice.one(NAMES) } : {};
  return { address, certificate: { ...uri, ...dns, subject: "CN=agent" } };
}
