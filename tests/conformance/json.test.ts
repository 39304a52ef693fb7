// RFC 8259 by the files of JSONTestSuite, each as the value of an argument.
import { loadDocument } from "../../scripts/evaluate/load.ts";
import { filterModule } from "../../scripts/evaluate/filter-file.ts";
import { Host, JWT_NAMESPACE } from "../../scripts/simulate/host.ts";
import { ATTACK_PAYLOAD, ATTACK_POLICY } from "../support/attacks.ts";
import { readCases, score, type Difference } from "../support/cases.ts";

interface JsonCase {
  name: string;
  expect: "y" | "n" | "i";
  body_base64: string;
}

const loaded = loadDocument(ATTACK_POLICY);
if (Array.isArray(loaded)) throw new Error(loaded.join("\n"));
const host = new Host(filterModule());
host.configure(loaded.configuration);

const HEAD =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"Hello, x!","v":';

function compare({ expect, body_base64 }: JsonCase): Difference {
  const body = Buffer.concat([Buffer.from(HEAD), Buffer.from(body_base64, "base64"), Buffer.from("}}}")]);
  const { forwarded, reply, trap } = host.request({
    headers: [["content-type", "application/json"]],
    body: new Uint8Array(body),
    metadata: { [JWT_NAMESPACE]: { mcp: ATTACK_PAYLOAD } },
  });
  if (trap !== undefined) return `trap: ${trap}`;
  if (expect === "y") return forwarded ? undefined : `refused: ${reply?.details}`;
  return expect === "i" || reply?.status === 400 ? undefined : `taken, or not refused with 400 (${reply?.status})`;
}

const GROUPS = { y: "must be taken", n: "must be refused", i: "either" };

score(
  "json",
  readCases<JsonCase>("jsontestsuite").map((item) => ({
    id: item.name,
    group: GROUPS[item.expect],
    run: () => compare(item),
  })),
);
