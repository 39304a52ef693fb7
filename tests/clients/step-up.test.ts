// The whole step-up without a person: a client whose token lacks a scope is challenged, reads the metadata document that
// the filter serves, gets a token with more scopes from a real OAuth server, and the same call succeeds.
import assert from "node:assert/strict";
import type { Server } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  Client as Client2,
  StreamableHTTPClientTransport as Transport2,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { Headless, Session } from "../../scripts/demo/client.ts";
import { startOAuthServer } from "../../scripts/demo/oauth-server.ts";
import { authorize } from "./sdk/browser.ts";
import { goProgram, pythonProgram } from "./sdk/programs.ts";
import { ToolServer } from "./sdk/server.ts";
import type { Outcome } from "./sdk/session.ts";
import { Gateway } from "../support/envoy.ts";
import { freePorts } from "../support/ports.ts";

interface Exchange {
  method: string;
  url: URL;
  status: number;
  challenge: string | null;
  /** MCP method, with the tool of a call. */
  asks?: string;
  /** Scope of an issued token. */
  granted?: string;
}

interface Stepping {
  connect(): Promise<void>;
  call(name: string, args: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

/** The demo's provider, for an SDK that accumulates the scopes itself and checks who sent the code (RFC 9207). */
class Provider2 extends Headless {
  answer = new URLSearchParams();

  override async redirectToAuthorization(url: URL): Promise<void> {
    this.answer = await authorize(url, this.redirectUrl);
    this.code = this.answer.get("code") ?? undefined;
  }
}

/** The demo's session, with the newer SDK. */
class Session2 implements Stepping {
  private readonly provider = new Provider2();
  private client = this.newClient();
  private transport: Transport2;

  constructor(
    private readonly url: URL,
    private readonly watch: typeof fetch,
  ) {
    this.transport = this.newTransport();
  }

  async connect(): Promise<void> {
    await this.client.connect(this.transport).catch(async (error) => {
      await this.exchange(error);
      [this.client, this.transport] = [this.newClient(), this.newTransport()];
      await this.client.connect(this.transport);
    });
  }

  async call(name: string, args: Record<string, unknown>): Promise<string> {
    const once = () => this.client.callTool({ name, arguments: args });
    const result = await once().catch(async (error) => {
      await this.exchange(error);
      return once();
    });
    return (result.content as { text: string }[])[0]!.text;
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private newClient(): Client2 {
    return new Client2({ name: "scopegate-tests", version: "1.0.0" });
  }

  private newTransport(): Transport2 {
    return new Transport2(this.url, { authProvider: this.provider, fetch: this.watch });
  }

  private async exchange(error: unknown): Promise<void> {
    if (!(error instanceof UnauthorizedError)) throw error;
    await this.transport.finishAuth(this.provider.answer);
    this.provider.code = undefined;
  }
}

const SDKS: [name: string, start: (url: URL, watch: typeof fetch) => Stepping][] = [
  ["TypeScript `sdk` 1.32.2", (url, watch) => new Session(url, watch)],
  ["TypeScript `client` 2.4.0", (url, watch) => new Session2(url, watch)],
];

const [python, go] = [await pythonProgram(), await goProgram()];

describe("step-up without a person", () => {
  let [tools, oauth, gateway]: [ToolServer?, Server?, Gateway?] = [];
  let [resource, issuer]: [string, string] = ["", ""];

  before(async () => {
    const [envoyPort = 0, oauthPort = 0] = await freePorts(2);
    [resource, issuer] = [`http://127.0.0.1:${envoyPort}/mcp`, `http://127.0.0.1:${oauthPort}`];
    tools = await ToolServer.start(["echo", "sum"]);
    oauth = await startOAuthServer({ issuer, resource, scopes: ["echo", "sum"] });
    const rule = (name: string) => ({ name, source: { jwt: { scopes: [name] } }, target: { tools: [name] } });
    gateway = await Gateway.start({
      policy: {
        apiVersion: "scopegate/v1",
        kind: "Policy",
        resource,
        authorizationServers: [issuer],
        loop: "off", // six clients of one user step up for the same call, each once
        rules: [rule("echo"), rule("sum")],
      },
      target: {
        token: { issuer, audiences: [resource], jwks: { url: new URL("/jwks", issuer) } },
        listen: { host: "127.0.0.1", port: envoyPort },
        upstream: { host: "127.0.0.1", port: tools.port },
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await tools?.stop();
    oauth?.close();
    oauth?.closeAllConnections();
  });

  for (const [name, start] of SDKS)
    test(name, async () => {
      const exchanges: Exchange[] = [];
      const session = start(new URL(resource), watching(exchanges));
      await session.connect();
      assert.deepEqual(granted(exchanges), ["echo"]);
      assert.equal(await session.call("echo", {}), "echo ran");
      const { tools: ran } = tools!.ran.get("/mcp")!;
      ran.length = exchanges.length = 0;

      assert.equal(await session.call("sum", { a: 1, b: 2 }), "sum ran");
      const [challenged, ...more] = exchanges;
      const document = `http://127.0.0.1:${gateway!.port}/.well-known/oauth-protected-resource/mcp`;
      assert.deepEqual([challenged?.asks, challenged?.status], ["tools/call sum", 403]);
      assert.match(challenged!.challenge!, /^Bearer error="insufficient_scope", scope="sum", /);
      assert.ok(challenged!.challenge!.includes(`resource_metadata="${document}"`));
      assert.ok(
        more.some(({ url, status }) => url.href === document && status === 200),
        "the metadata document was read",
      );
      assert.deepEqual(granted(more), ["echo sum"]);
      assert.deepEqual([more.at(-1)?.asks, more.at(-1)?.status], ["tools/call sum", 200]);
      assert.equal(exchanges.filter(({ asks }) => asks !== undefined).length, 2, "the call was made twice, no more");
      assert.deepEqual(ran, ["sum"]);

      // The new token has the scopes of the previous one.
      assert.equal(await session.call("echo", {}), "echo ran");
      await session.close();
    });

  const programs = { "Python `mcp` 2.3.0": python, "Go `go-sdk` 1.8.0": go };
  for (const [name, { run, missing }] of Object.entries(programs))
    for (const era of ["legacy", "modern"] as const)
      test(`${name}, ${era}`, { skip: missing }, async () => {
        const { accessLog } = gateway!.envoy;
        const start = accessLog.length;
        const calls = ["echo", "sum", "echo"].map((tool) => ({ tool, arguments: {} }));
        const [outcomes] = (await run!("play", { sessions: [{ url: resource, era, calls }] })) as Outcome[][];
        assert.deepEqual(outcomes, [{ text: "echo ran" }, { text: "sum ran" }, { text: "echo ran" }]);
        // A line of the previous client may come late; this one begins without a token.
        const own = (): string[] => {
          const lines = accessLog.slice(start);
          return lines.slice(lines.findIndex((line) => isRecord(line, { reason: "no_token" })));
        };
        const lines = await until(own, (all) => count(all, ALLOWED) === 3);
        const challenged = { reason: "insufficient_scope", rule: "sum", "gen_ai.tool.name": "sum" };
        assert.equal(count(lines, challenged), 1, lines.join("\n"));
        assert.ok(count(lines, { reason: "metadata_document" }) > 0, "the metadata document was read");
        assert.equal(count(lines, ALLOWED), 3, lines.join("\n"));
      });
});

/** The lines, once they are as expected or after two seconds: Envoy writes its log with a delay. */
async function until(lines: () => string[], enough: (all: string[]) => boolean): Promise<string[]> {
  for (let i = 0; i < 100 && !enough(lines()); i++) await sleep(20);
  return lines();
}

const ALLOWED = { reason: "allowed" };

/** Whether the decision record of a line has these members. */
function isRecord(line: string, members: Record<string, string>): boolean {
  const { scopegate } = JSON.parse(line) as { scopegate: Record<string, unknown> | null };
  return Object.entries(members).every(([name, value]) => scopegate?.[name] === value);
}

/** How many lines have such a record. */
function count(lines: string[], members: Record<string, string>): number {
  return lines.filter((line) => isRecord(line, members)).length;
}

function granted(exchanges: Exchange[]): string[] {
  return exchanges.flatMap(({ granted: scope }) => scope ?? []);
}

/** A `fetch` that records. */
function watching(exchanges: Exchange[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const request = new Request(input, { ...init, body: undefined, signal: null });
    const exchange: Exchange = {
      method: request.method,
      url: new URL(request.url),
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
    };
    if (exchange.url.pathname === "/mcp" && typeof init?.body === "string") {
      const { method, params } = JSON.parse(init.body) as { method: string; params?: { name?: string } };
      exchange.asks = `${method} ${params?.name ?? ""}`.trim();
    }
    if (exchange.url.pathname === "/token")
      exchange.granted = ((await response.clone().json()) as { scope: string }).scope;
    exchanges.push(exchange);
    return response;
  };
}
