// A headless Chromium that does what it is told: one JSON object a line on stdin, one answer a line on stdout.
//
//   {"do":"open","url":"https://…"}              → {"url","status","title"}
//   {"do":"fill","at":"#user","with":"amelia"}   {"do":"click","at":"text=Sign in"}   {"do":"press","key":"Tab"}
//   {"do":"select","at":"#hours","with":"2"}     {"do":"check","at":"#agree"}
//   {"do":"text","at":"main"}                    → {"text"}          {"do":"html"} → {"html"}
//   {"do":"count","at":".app-chart canvas"}      → {"count"}
//   {"do":"clock"}                               scripts of pages opened from now on see a clock that "later" moves
//   {"do":"later","minutes":25}
//   {"do":"tops","at":"nav li"}                  → {"tops":[…]}: where each begins, in pixels
//   {"do":"cookies"}                             → {"cookies":[…]}
//   {"do":"screen","width":375,"height":740,"dark":true}
//   {"do":"picture","path":"x.png","full":true}  {"do":"pdf","path":"x.pdf"}
//   {"do":"axe"}                                 → {"violations":[{"id","impact","help","nodes":[…]}]}
//   {"do":"new"}                                 another profile: no cookies, nothing remembered
//
// Every answer has "url" and "errors": what the page wrote to the console as an error since the last answer, refusals of the
// Content-Security-Policy among them. What fails is answered with {"failed": "…"}. Run with node in a folder that has
// node_modules; CHROMIUM names the browser (default: chromium), CHROMIUM_FLAGS its flags (a JSON list, or divided by blanks), NO_SCRIPT=1 switches scripts off.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const patience = 10_000;
const flags = process.env.CHROMIUM_FLAGS ?? "";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: [
    ...(process.getuid() === 0 ? ["--no-sandbox"] : []),
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    ...(flags.startsWith("[") ? JSON.parse(flags) : flags.split(" ").filter(Boolean)),
  ],
});

let context;
let page;
let errors = [];

async function renew() {
  await context?.close();
  context = await browser.newContext({
    ignoreHTTPSErrors: true, // the pages' certificate signs itself
    javaScriptEnabled: process.env.NO_SCRIPT !== "1",
    locale: "en-GB",
    timezoneId: "Europe/London",
  });
  context.setDefaultTimeout(patience);
  page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
}

const deeds = {
  async open({ url }) {
    const answer = await page.goto(url);
    return { status: answer?.status(), title: await page.title() };
  },
  async fill({ at, with: text }) {
    await page.fill(at, text);
  },
  async click({ at }) {
    await page.click(at);
    await page.waitForLoadState();
    return { title: await page.title() };
  },
  async press({ key }) {
    await page.keyboard.press(key);
  },
  async select({ at, with: value }) {
    await page.selectOption(at, value);
  },
  async check({ at }) {
    await page.check(at);
  },
  async text({ at }) {
    return { text: await page.innerText(at ?? "body") };
  },
  async html() {
    return { html: await page.content() };
  },
  async clock() {
    await page.clock.install();
  },
  async later({ minutes }) {
    await page.clock.fastForward(minutes * 60_000);
  },
  async tops({ at }) {
    return { tops: await page.locator(at).evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top))) };
  },
  async count({ at }) {
    return { count: await page.locator(at).count() };
  },
  async cookies() {
    return { cookies: await context.cookies() };
  },
  async screen({ width = 1280, height = 900, dark = false, print = false }) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light", media: print ? "print" : "screen" });
  },
  async picture({ path, full = true }) {
    await page.screenshot({ path, fullPage: full });
  },
  async pdf({ path }) {
    await page.pdf({ path, format: "A4" });
  },
  async axe() {
    // Not as a <script>: the pages' policy would refuse it, as it should.
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() =>
      window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    return {
      violations: violations.map(({ id, impact, help, nodes }) => ({
        id,
        impact,
        help,
        nodes: nodes.map((node) => `${node.html}: ${node.failureSummary}`),
      })),
    };
  },
  async new() {
    await renew();
  },
};

await renew();
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  let answer;
  try {
    const order = JSON.parse(line);
    answer = (await deeds[order.do](order)) ?? {};
  } catch (error) {
    answer = { failed: String(error) };
  }
  process.stdout.write(`${JSON.stringify({ ...answer, url: page.url(), errors })}\n`);
  errors = [];
}
await browser.close();
