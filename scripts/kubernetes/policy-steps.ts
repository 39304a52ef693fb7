// Policies that take more than a token of one server: callers without a token, addresses, several policies in one filter.
import assert from "node:assert/strict";
import { anonymous, bearer, toolCall, type Outgoing } from "./client.ts";
import { asReader, read, write } from "./steps.ts";
import type { Stage, Step } from "./story.ts";

export const OPEN_RULE = "  - {name: open, source: {anonymous: true}, target: {tools: [search_docs]}}\n";
const search = (headers: Record<string, string>): Outgoing => ({ headers, body: toolCall("search_docs") });

/** They end with the first policy in force. */
export const ANONYMOUS: Step = {
  name: "a policy with an anonymous rule: its tool without a token; other tools; a bad token; a good one",
  async run(stage) {
    stage.apply(stage.print(stage.policy + OPEN_RULE));
    await stage.until(({ status }) => status === 200, search(anonymous()));
    const other = await stage.unseen(() => stage.send({ headers: anonymous(), body: read() }));
    assert.equal(other.status, 401);
    assert.match(other.headers["www-authenticate"] ?? "", /scope="files:read"/);
    for (const authorization of ["Bearer abc", "Basic abc", ""]) {
      const { status, body } = await stage.unseen(() => stage.send(search(anonymous({ authorization }))));
      assert.equal(status, 401, `${authorization}: ${body}`);
    }
    assert.equal((await stage.send(search(bearer({ scope: "" })))).status, 200);
    assert.equal((await stage.unseen(() => stage.send(asReader(write())))).status, 403);
    stage.apply(stage.print(stage.policy));
    await stage.until(({ status }) => status === 401, search(anonymous()));
    return "200; 401 with what they need; 401; 200";
  },
};

const OFFICE_RULE =
  "  - {name: office, source: {jwt: {scopes: [files:read]}, ip: [203.0.113.0/24]}, target: {tools: [deploy]}}\n";

export const ADDRESSES: Step = {
  name: "a rule with `source.ip`: `--trusted-hops 1` and the address from a proxy, from before it, without the option",
  async run(stage) {
    const policy = stage.policy + OFFICE_RULE;
    const from = (addresses: string): Outgoing => asReader(toolCall("deploy"), { "x-forwarded-for": addresses });
    const refused = async (addresses: string): Promise<void> => {
      assert.equal((await stage.unseen(() => stage.send(from(addresses)))).status, 403, addresses);
    };
    stage.apply(stage.print(policy, "--trusted-hops", "1"));
    await stage.until(({ status }) => status === 200, from("203.0.113.8"));
    await refused("203.0.113.8, 198.51.100.7");
    stage.apply(stage.print(policy));
    await stage.until(({ status }) => status === 403, from("203.0.113.8"));
    await refused("203.0.113.8");
    stage.apply(stage.print(stage.policy));
    return "200, 403, 403";
  },
};

const NOTES = "/notes/mcp";
const NOTES_POLICY = `\
apiVersion: scopegate/v1
kind: Policy
metadata: {name: notes}
resource: https://mcp.example.com${NOTES}
authorizationServers: [https://auth.example.com]
jwt: {metadataKey: payload}
rules:
  - {name: read, source: {jwt: {scopes: [notes:read]}}, target: {tools: [read_note]}}
`;
const READ_NOTE = toolCall("read_note");

/** For a gateway whose route has NOTES as well. */
export const SEVERAL: Step = {
  name: "two policies in one filter, with one `--audience`: calls, refusals, bad tokens and metadata documents of each",
  async run(stage) {
    stage.apply(stage.print([stage.policy, NOTES_POLICY], "--audience", "https://mcp.example.com/mcp"));
    const reader = bearer({ scope: "files:read notes:read" });
    await stage.until(({ status }) => status === 200, { path: NOTES, headers: reader, body: READ_NOTE });
    assert.equal((await stage.send({ headers: reader, body: read() })).status, 200);
    for (const call of [
      { path: NOTES, headers: reader, body: read() },
      { path: "/mcp", headers: reader, body: READ_NOTE },
      { path: "/other", headers: reader, body: read() },
    ]) {
      assert.equal((await stage.unseen(() => stage.send(call))).status, 403, call.path);
    }
    await namesItsOwn(stage, "/mcp", "files:read");
    await namesItsOwn(stage, NOTES, "notes:read");
    stage.apply(stage.print(stage.policy));
    await stage.until(({ status }) => status !== 200, { path: NOTES, headers: reader, body: READ_NOTE });
    return "each by its own policy, at its own path only";
  },
};

/** Refusals at a path name its metadata document and its scopes, and the document is there. */
async function namesItsOwn(stage: Stage, path: string, scope: string): Promise<void> {
  const document = `/.well-known/oauth-protected-resource${path}`;
  for (const headers of [anonymous(), anonymous({ authorization: "Bearer abc" })]) {
    const refused = await stage.unseen(() => stage.send({ path, headers, body: READ_NOTE }));
    assert.equal(refused.status, 401);
    const challenge = refused.headers["www-authenticate"] ?? "";
    assert.ok(challenge.includes(`resource_metadata="https://mcp.example.com${document}"`), challenge);
  }
  const lacking = await stage.unseen(() =>
    stage.send({ path, headers: bearer({ scope: "x" }), body: path === NOTES ? READ_NOTE : read() }),
  );
  assert.match(lacking.headers["www-authenticate"] ?? "", new RegExp(`scope="${scope}"`));
  const { status, body } = await stage.send({ method: "GET", path: document });
  assert.deepEqual(
    [status, (JSON.parse(body) as { resource: string }).resource],
    [200, `https://mcp.example.com${path}`],
  );
}
