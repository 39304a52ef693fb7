// The playground in a real Chromium: what a person does, at every width, from the disk and from loopback.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { FOLDER, FROM_DISK, headline, loopback, open, shown, withBrowser } from "../support/browser.ts";

withBrowser();
const SCREENSHOTS = "build/screenshots"; // for people to look at; not in git
mkdirSync(SCREENSHOTS, { recursive: true });
const WIDTHS = { wide: 1440, middle: 1000, narrow: 390 };

/** Replaces the text of the open editor. */
async function type(page: Page, editor: string, text: string): Promise<void> {
  await page.click(`#editor-${editor} .cm-content`);
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
  await page.keyboard.press("Escape");
}

const scopeChip = (page: Page, name: string) => page.locator("#scopes .chip", { hasText: new RegExp(`^${name}$`) });
const policyOf = async (page: Page): Promise<string> => (await shown(page)).state.files.policy;

describe("what a person does", () => {
  test("a scope that is missing is named, granted, and the call is let through", async () => {
    const { page, errors } = await open(FROM_DISK);
    assert.equal(await headline(page), "Needs more scopes");
    assert.match(await page.innerText("#challenge"), /scope\s+deploy:staging/);
    assert.match(await page.innerText("#response"), /HTTP\/1\.1 403[^]*insufficient_scope/);
    await page.click("#grant");
    assert.equal(await headline(page), "Allowed");
    assert.equal(await scopeChip(page, "deploy:staging").getAttribute("aria-pressed"), "true");
    assert.ok(await page.isHidden("#challenge-section"));
    await scopeChip(page, "deploy:staging").click();
    assert.equal(await headline(page), "Needs more scopes");
    assert.deepEqual(errors, []);
    await page.context().close();
  });

  test("each rule tells its outcome and the part of its `when` that made it so", async () => {
    const { page } = await open(FROM_DISK);
    await page.waitForSelector("#rules .part");
    const rules = await page.innerText("#rules");
    assert.match(rules, /staging would match, but the token lacks scopes/);
    assert.match(rules, /true\s+args\.environment == "staging"\s+args\.environment is "staging"/);
    await page.selectOption("#arg-environment", { label: "production" });
    await page.waitForSelector("#rules .truth.false");
    await page.click("#token");
    assert.equal(await headline(page), "Not authenticated");
    await page.context().close();
  });

  test("a typo is told with the right name, keeps the last answer, and a click puts it right", async () => {
    const { page } = await open(FROM_DISK);
    const text = await policyOf(page);
    await type(page, "policy", text.replace("args.environment ==", "args.enviroment =="));
    assert.match(await page.innerText("#problems"), /has no "enviroment" did you mean "environment"\?/);
    assert.match(await page.innerText("#problem-summary"), /1 error/);
    assert.ok(await page.isVisible("#stale"));
    await page.click("#problems .fix");
    assert.equal(await policyOf(page), text);
    assert.equal(await page.innerText("#problem-summary"), "No problems");
    assert.ok(await page.isHidden("#stale"));
    await page.context().close();
  });

  test("completion by the keyboard offers members, and arguments from the lock", async () => {
    const { page } = await open(FROM_DISK);
    const offered = async (marked: string): Promise<string[]> => {
      await type(page, "policy", marked.slice(0, marked.indexOf("‸")));
      const rest = marked.slice(marked.indexOf("‸") + 1);
      await page.keyboard.insertText(rest);
      for (let i = 0; i < rest.length; i++) await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Control+Space");
      await page.waitForSelector(".cm-tooltip-autocomplete");
      const labels = await page.locator(".cm-tooltip-autocomplete .cm-completionLabel").allInnerTexts();
      await page.keyboard.press("Escape");
      return labels;
    };
    const head = "apiVersion: scopegate/v1\nkind: Policy\nlock: tools.lock.yaml\n";
    assert.ok((await offered(`${head}def‸`)).includes("defaultAction"));
    const when = `${head}rules:\n  - target: { tools: [{ tool: deploy, when: 'args.‸' }] }`;
    assert.deepEqual((await offered(when)).slice(0, 4).sort(), ["build", "environment", "service", "wait"]);
    await page.context().close();
  });

  test("the list tells what is callable, obtainable and never, and grants", async () => {
    const { page } = await open(FROM_DISK);
    await page.click("#view-list");
    const rows = async (): Promise<string[]> => {
      await page.waitForTimeout(400);
      return (await page.locator("#list-rows tr").allInnerTexts()).map((row) => row.split(/\s+/).slice(0, 2).join(" "));
    };
    assert.deepEqual(await rows(), [
      "delete_service never",
      "deploy obtainable",
      "get_logs callable",
      "list_services callable",
      "rollback obtainable",
    ]);
    await page.locator("#list-rows button").first().click();
    assert.ok((await rows()).includes("deploy callable"));
    await page.fill("#list", JSON.stringify({ tools: [{ name: "deploy" }, { name: "other" }] }));
    assert.deepEqual(await rows(), ["deploy callable", "other never"]);
    await page.fill("#list", "{");
    await page.waitForTimeout(400);
    assert.match(await page.innerText("#list-summary"), /not JSON/);
    await page.context().close();
  });

  test("the tests of the file run, and the call becomes one", async () => {
    const { page } = await open(FROM_DISK);
    await page.click("#add-test");
    await page.click("#view-tests");
    await page.locator("#tests-summary", { hasText: "6 passed" }).waitFor();
    assert.match((await shown(page)).state.files.tests, /name: "deploy: asks for scopes"/);
    await page.click("#file-tests");
    const text = (await shown(page)).state.files.tests;
    await type(page, "tests", text.replace("decision: allow, rule: read", "decision: deny, rule: read"));
    await page.locator("#tests-summary", { hasText: "1 of 6 failed" }).waitFor();
    assert.match(await page.innerText("#tests-list"), /decision: expected deny, got allow/);
    await page.context().close();
  });

  test("a link holds everything", async () => {
    const { page } = await open(FROM_DISK);
    await page.click("#grant");
    await page.fill("#arg-service", "a/ü😀");
    await page.waitForFunction(() => location.hash.length > 100);
    await page.waitForTimeout(500);
    const before = await shown(page);
    const other = await open(page.url());
    await other.page.waitForFunction(
      () => (document.getElementById("arg-service") as HTMLInputElement)?.value === "a/ü😀",
    );
    assert.deepEqual((await shown(other.page)).state, before.state);
    const odd = await open(`${FROM_DISK}#s=AAAA`);
    assert.equal(await headline(odd.page), "Needs more scopes");
    for (const { page: opened } of [{ page }, other, odd]) await opened.context().close();
  });

  test("tabs go by the arrow keys, and the colours change by hand", async () => {
    const { page } = await open(FROM_DISK);
    await page.focus("#view-call");
    await page.keyboard.press("ArrowRight");
    assert.ok((await page.isVisible("#panel-list")) && (await page.isHidden("#panel-call")));
    await page.keyboard.press("ArrowLeft");
    const colour = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await colour();
    await page.click("#theme");
    assert.equal(await colour(), light);
    await page.click("#theme");
    assert.notEqual(await colour(), light);
    await page.context().close();
  });
});

describe("the same answers as the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "scopegate-page-"));
  after(() => rmSync(folder, { recursive: true }));
  for (const file of ["scopegate.mjs", "scopegate.wasm"]) copyFileSync(`build/${file}`, join(folder, file));

  test("each example decides as eval does", async () => {
    const { page, errors } = await open(FROM_DISK);
    const names = await page
      .locator("#example option:not([disabled])")
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
    assert.ok(names.length >= 5);
    for (const name of names) {
      await page.selectOption("#example", name);
      const { state, answer } = await shown(page);
      writeFileSync(join(folder, "policy.yaml"), state.files.policy);
      writeFileSync(join(folder, "tools.lock.yaml"), state.files.lock);
      const { stdout, status } = spawnSync(process.execPath, ["scopegate.mjs", "eval", "policy.yaml", "--explain"], {
        cwd: folder,
        input: `${JSON.stringify(answer.request)}\n`,
        encoding: "utf8",
      });
      assert.equal(status, 0, name);
      // Each decision has an id of its own, in the answer and in the record.
      const plain = (text: string): unknown =>
        JSON.parse(text.replace(/\\"decisionId\\":\\"[0-9a-f]+\\"/g, "").replace(/"id":"[0-9a-f]{16}"/g, '"id":""'));
      assert.deepEqual(plain(JSON.stringify(answer.result)), plain(stdout), name);
    }
    assert.deepEqual(errors, []);
    await page.context().close();
  });
});

describe("the page", () => {
  test("three files, below 1.5 MB with the filter in it", () => {
    const sizes = ["index.html", "playground.css", "playground.js"].map((name) => statSync(join(FOLDER, name)).size);
    assert.ok(sizes.reduce((sum, size) => sum + size) < 1_500_000, String(sizes));
  });

  test("asks for its own files and nothing else, and works offline", async (t) => {
    const { page, errors, requests } = await open(loopback());
    await page.context().setOffline(true);
    await page.click("#grant");
    await page.click("#view-list");
    await page.click("#view-tests");
    await page.selectOption("#example", "files");
    await page.waitForTimeout(400);
    const asked = requests.filter((url) => !url.startsWith("data:"));
    assert.deepEqual(asked.map((url) => new URL(url).pathname).sort(), ["/", "/playground.css", "/playground.js"]);
    assert.deepEqual(errors, []);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    t.diagnostic(`first paint on loopback: ${paint?.toFixed(0)} ms`);
    await page.context().close();
  });

  test("answers at each keystroke with 200 rules", async (t) => {
    const { page } = await open(FROM_DISK);
    const rules = Array.from({ length: 200 }, (_, i) => {
      const when = `args.path.startsWith("/public/${i}/")${i % 10 === 0 ? ` && args.name.matches("^[a-z]+${i}$")` : ""}`;
      return `  - name: rule-${i}\n    source: { jwt: { scopes: ["area${i % 20}:read"] } }\n    target:\n      tools: [tool_${i}, { tool: other_${i}, when: '${when}' }]\n`;
    });
    await type(
      page,
      "policy",
      `apiVersion: scopegate/v1\nkind: Policy\nresource: https://mcp.example.com/mcp\nrules:\n${rules.join("")}# `,
    );
    await page.keyboard.press("Control+End");
    await page.waitForTimeout(1000);
    const times = await page.evaluate(async () => {
      const found: number[] = [];
      for (let i = 0; i < 25; i++) {
        const start = performance.now();
        // The answer is put into the page anew each time.
        const answered = new Promise<void>((done) =>
          new MutationObserver((_, observer) => (observer.disconnect(), done())).observe(
            document.getElementById("decision")!,
            { childList: true },
          ),
        );
        document.execCommand("insertText", false, "x");
        await answered;
        found.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 250));
      }
      return found.sort((a, b) => a - b);
    });
    assert.equal(await page.innerText("#problem-summary"), "No problems");
    t.diagnostic(
      `keystroke to answer with 200 rules: least ${times[0]!.toFixed(1)} ms, median ${times[12]!.toFixed(1)} ms, p90 ${times[22]!.toFixed(1)} ms`,
    );
    await page.context().close();
  });

  for (const [name, width] of Object.entries(WIDTHS)) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`${name}, ${colorScheme}: accessible, and never wider than the screen`, async () => {
        const { page, errors } = await open(FROM_DISK, { viewport: { width, height: 900 }, colorScheme });
        await page.evaluate(axe.source);
        const states: [string, () => Promise<void>][] = [
          ["call", async () => {}],
          ["allowed", () => page.click("#grant")],
          ["denied", () => page.selectOption("#arg-environment", { label: "production" }).then(() => {})],
          ["list", () => page.click("#view-list")],
          ["tests", () => page.click("#view-tests")],
          [
            "errors",
            async () => (await page.click("#view-call"), await type(page, "policy", "kind: Policy\nrulse: []\n")),
          ],
        ];
        for (const [state, go] of states) {
          await go();
          await page.waitForTimeout(400);
          await page.screenshot({
            path: `${SCREENSHOTS}/${name}-${colorScheme}-${state}.png`,
            fullPage: name !== "wide",
          });
          const wider = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.ok(wider <= 0, `${state}: ${wider} pixels wider`);
          const { violations } = await page.evaluate(() =>
            (window as unknown as { axe: typeof axe }).axe.run({ preload: false }),
          );
          const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          const told = serious.map(
            ({ id, nodes }) => `${state}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
          );
          assert.deepEqual(told, []);
        }
        assert.deepEqual(errors, []);
        await page.context().close();
      });
    }
  }

  test("its texts name no place outside", () => {
    const text = readFileSync(join(FOLDER, "index.html"), "utf8");
    assert.doesNotMatch(text, /(?:src|href)="https?:/);
  });
});
