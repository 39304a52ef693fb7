// A real Chromium with the playground open, from the disk or from loopback.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { findChromium } from "../../scripts/browser/find.ts";
import { servePage } from "../../scripts/playground/serve.ts";
import type { State } from "../../scripts/playground/state.ts";
import type { Decided } from "../../scripts/playground/session.ts";

export const FOLDER = resolve("build/playground");
export const FROM_DISK = pathToFileURL(`${FOLDER}/index.html`).href;

let browser: Browser;
let server: Server;

/** Starts the browser and the server for the tests of a file. */
export function withBrowser(): void {
  before(async () => {
    // Without a sandbox, since tests run as root in containers.
    browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
    server = await servePage(FOLDER, 0);
  });
  after(async () => {
    await browser.close();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
}

export function loopback(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The page with what went wrong in it. */
export interface Opened {
  page: Page;
  errors: string[];
  requests: string[];
}

export async function open(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => requests.push(request.url()));
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  await page.waitForSelector("#headline");
  return { page, errors, requests };
}

interface Exposed {
  playground: { state(): State; answer(): Decided };
}

/** What the page shows, as data. */
export function shown(page: Page): Promise<{ state: State; answer: Decided }> {
  return page.evaluate(() => {
    const { playground } = window as unknown as Exposed;
    return { state: playground.state(), answer: playground.answer() };
  });
}

export function headline(page: Page): Promise<string> {
  return page.innerText("#headline");
}
