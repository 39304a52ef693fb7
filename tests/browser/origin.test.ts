// A page of another origin in a real Chromium, against `npm start -- --keep --cors ORIGIN`: what MCP Inspector and web apps
// need is readable there, and only for the origin that was named.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { chromium, type Browser, type Page } from "playwright-core";
import { findChromium } from "../../scripts/browser/find.ts";
import { freePorts } from "../support/ports.ts";

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat([
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]);

/** What a page can read of an answer; `error` if the browser keeps it from the page. */
interface Seen {
  status?: number;
  challenge?: string | null;
  body?: string;
  error?: string;
}

let [browser, demo]: [Browser?, ChildProcess?] = [];
const pages: Server[] = [];
let [endpoint, token]: [string, string] = ["", ""];

/** An empty page of an origin of its own. */
async function origin(): Promise<string> {
  const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<p>page"));
  pages.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Four ports in a row that are free, as far as one can know. */
async function firstPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return Math.min(port, 65_000);
}

/** The token that the demo prints once it stays up. */
function tokenOf(running: ChildProcess): Promise<string> {
  let text = "";
  return new Promise((done, fail) => {
    running.on("close", (code) => fail(new Error(`the demo ended with ${code}:\n${text}`)));
    running.stdout!.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const found = /TOKEN=(\S+)\n/.exec(text)?.[1];
      if (found !== undefined) done(found);
    });
  });
}

async function pageOf(url: string): Promise<Page> {
  const page = await (await browser!.newContext()).newPage();
  await page.goto(url);
  return page;
}

/** `fetch` in the page. */
function fetched(page: Page, url: string, init: RequestInit = {}): Promise<Seen> {
  return page.evaluate(
    async ([to, options]) => {
      try {
        const answer = await fetch(to, options);
        const challenge = answer.headers.get("www-authenticate");
        return { status: answer.status, challenge, body: await answer.text() };
      } catch (error) {
        return { error: String(error) };
      }
    },
    [url, init] as const,
  );
}

const calling = (tool: string, bearer?: string): RequestInit => ({
  method: "POST",
  headers: {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-06-18",
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: tool, arguments: { a: 1, b: 2 } },
  }),
});

describe("a page of another origin", () => {
  let [page, stranger]: [Page?, Page?] = [];

  before(async () => {
    const [own, other] = [await origin(), await origin()];
    const port = await firstPort();
    endpoint = `http://127.0.0.1:${port}/mcp`;
    demo = spawn(
      process.execPath,
      ["--import", "tsx", "scripts/start.ts", "--keep", "--port", `${port}`, "--cors", own],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    token = await tokenOf(demo);
    browser = await chromium.launch({ executablePath: findChromium(), args: QUIET });
    [page, stranger] = [await pageOf(own), await pageOf(other)];
  });
  after(async () => {
    await browser?.close();
    if (demo && demo.exitCode === null) {
      demo.kill("SIGINT");
      await once(demo, "close");
    }
    for (const server of pages) {
      server.close();
      server.closeAllConnections();
    }
  });

  test("reads a 401 with its challenge, and the metadata document that it names", async () => {
    const refused = await fetched(page!, endpoint, calling("demo__echo"));
    assert.equal(refused.status, 401, JSON.stringify(refused));
    const document = /resource_metadata="([^"]+)"/.exec(refused.challenge ?? "")?.[1];
    assert.ok(document, JSON.stringify(refused));
    const metadata = await fetched(page!, document);
    assert.equal(metadata.status, 200);
    assert.equal((JSON.parse(metadata.body!) as { resource: string }).resource, endpoint);
  });

  test("reads the challenge of a 403, and its body", async () => {
    const refused = await fetched(page!, endpoint, calling("demo__sum", token));
    assert.equal(refused.status, 403, JSON.stringify(refused));
    assert.match(refused.challenge ?? "", /error="insufficient_scope", scope="[^"]*sum[^"]*"/);
    assert.equal((JSON.parse(refused.body!) as { id: number }).id, 1);
  });

  test("a page that was not named reads none of it", async () => {
    for (const init of [calling("demo__echo"), calling("demo__sum", token), {}])
      assert.match((await fetched(stranger!, endpoint, init)).error ?? "", /Failed to fetch/);
  });
});
