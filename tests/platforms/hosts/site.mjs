// The documentation's site in Chromium, as readers use it: `cargo xtask test site`, or, when it is
// built, `node site.mjs` and a part of a test's name.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./support/chromium.mjs";
import { serveFiles } from "./support/files.mjs";
import { attempt as attemptAny, finish } from "./support/report.mjs";
import * as whatIf from "./support/what-if.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SITE = join(ROOT, "target/docs");
const AXE = await readFile(join(ROOT, "site/node_modules/axe-core/axe.min.js"), "utf8");
const PHONE = { width: 375, height: 740 };
const DESK = { width: 1280, height: 900 };
/** Pages of each kind, for what is looked at page by page. */
const SOME = [
  "/",
  "/contents.html",
  "/tutorial.html",
  "/how-to/outage.html",
  "/life-of-an-entry.html",
  "/limits.html",
  "/options.html",
  "/coming-from.html",
  "/api/holdover.html",
  "/changelog.html",
  "/playground.html",
  "/what-if.html",
];
/** What a stranger looks for: the links to follow from the front page, and words that answer. */
const QUESTIONS = {
  "survive an outage": [["Survive an outage"], /staleIfError/],
  invalidate: [["Invalidate"], /invalidateTags/],
  "why Workers need leases": [["Why Workers need leases"], /takes over/],
  "what one entry costs": [["What one entry costs"], /bytes an entry/],
  "write a store": [["Write a store"], /customStore/],
  "how to test with fake time": [["All pages", "Test with a clock of your own"], /manualClock/],
  "what an option means": [["All pages", "Options of a policy"], /failoverAfter/],
};

/** Runs a test, if its name has the text that was given, or none was. */
const [wanted = ""] = process.argv.slice(2);
const attempt = async (name, run) => {
  if (name.includes(wanted)) await attemptAny(name, run);
};

const site = await serveFiles(SITE);
const browser = await launch();

/** Opens a page in a context of its own: `use` gets it, with what went wrong on the way. */
async function visit(path, options, use) {
  const context = await browser.newContext(options);
  const wrong = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) wrong.push(said.text());
    });
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("requestfailed", (request) => {
      // A reload ends requests that are under way.
      const { errorText } = request.failure();
      if (errorText !== "net::ERR_ABORTED") wrong.push(`${errorText}: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
    });
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== "data:" && origin !== site.url) wrong.push(`foreign: ${request.url()}`);
    });
    await page.goto(site.url + path, { waitUntil: "networkidle" });
    // The theme has begun its work when its switch has a name.
    await page
      .locator(".VPSwitchAppearance[title]:not([title=''])")
      .first()
      .waitFor({ state: "attached" });
    await use(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

/** What axe finds: rules with the elements that break them. */
async function findings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document));
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`,
  );
}

const isWide = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

async function frontPage() {
  await visit("/", { viewport: DESK }, async (page) => {
    assert.match(await page.textContent("h1"), /API is down/);
    assert.match(await page.textContent("[role=main]"), /cachedHandler\(/);
    const pictures = page.locator("img:visible");
    assert.equal(await pictures.count(), 2, "the outage and the chart, each in one scheme");
    for (const picture of await pictures.all()) {
      assert.ok((await picture.evaluate((img) => img.naturalWidth)) > 300);
    }
  });
}

async function search() {
  await visit("/", { viewport: DESK }, async (page) => {
    await page.keyboard.press("Control+k");
    await page.fill("#localsearch-input", "failoverAfter");
    const first = page.locator(".VPLocalSearchBox .result").first();
    await first.waitFor();
    await first.click();
    await page.waitForURL((url) => url.pathname !== "/");
    assert.match(await page.textContent("main"), /failoverAfter/);
  });
}

async function darkMode() {
  const colour = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await visit("/life-of-an-entry.html", { viewport: DESK, colorScheme: "light" }, async (page) => {
    const light = await colour(page);
    assert.match(await page.locator("main img:visible").getAttribute("src"), /-light/);
    await page.click(".VPNavBarAppearance button");
    assert.notEqual(await colour(page), light);
    assert.match(await page.locator("main img:visible").getAttribute("src"), /-dark/);
    await page.reload();
    assert.notEqual(await colour(page), light, "the choice is kept");
  });
}

async function phone(path) {
  await visit(path, { viewport: PHONE }, async (page) => {
    assert.equal(await isWide(page), false, "it scrolls sideways");
  });
}

/** A figure of the playground, as a number. */
const figure = async (page, name) =>
  Number.parseInt(await page.textContent(`[data-figure="${name}"] dd`), 10);

const until = (page, name, least) =>
  page.waitForFunction(
    ([selector, wanted]) => {
      const shown = document.querySelector(selector)?.textContent;
      return Number.parseInt(shown, 10) >= wanted;
    },
    [`[data-figure="${name}"] dd`, least],
  );

async function playground() {
  await visit("/playground.html", { viewport: DESK }, async (page) => {
    await until(page, "requests", 100);
    assert.equal(await figure(page, "errors that visitors saw"), 0);
    assert.ok((await figure(page, "calls saved")) > 50);
    await page.check("input[value=down]");
    await until(page, "errors without a cache", 100);
    await page
      .locator('.strip [data-source="error-fallback"]')
      .first()
      .waitFor({ state: "attached" });
    assert.equal(await figure(page, "errors that visitors saw"), 0, "the cache holds over");
    await page.fill("input[name=staleIfError]", "");
    await page.press("input[name=staleIfError]", "Enter");
    await until(page, "errors that visitors saw", 10);
    assert.doesNotMatch(await page.textContent(".playground pre"), /staleIfError/);
    await page.fill("input[name=ttl]", "soon");
    await page.press("input[name=ttl]", "Enter");
    await page.locator("[role=alert]", { hasText: /ttl.*soon/ }).waitFor();
    await page.fill("input[name=ttl]", "42s");
    await page.press("input[name=ttl]", "Enter");
    await page.reload();
    assert.equal(await page.inputValue("input[name=ttl]"), "42s", "the address keeps it");
    assert.ok(await page.isChecked("input[value=down]"));
  });
}

async function threeClicks(links, answer) {
  assert.ok(links.length <= 3);
  await visit("/", { viewport: DESK }, async (page) => {
    for (const name of links) {
      const { pathname: before } = new URL(page.url());
      await page.locator(`.VPContent a:has-text("${name}")`).first().click();
      await page.waitForURL((url) => url.pathname !== before);
    }
    await page.locator("main", { hasText: answer }).waitFor();
  });
}

/** The pages of the site, without rustdoc's: paths and texts. */
async function builtPages() {
  const files = await readdir(SITE, { recursive: true });
  const pages = files.filter((file) => file.endsWith(".html") && !file.startsWith("rust/"));
  return new Map(
    await Promise.all(
      pages.map(async (page) => [`/${page}`, await readFile(join(SITE, page), "utf8")]),
    ),
  );
}

async function links() {
  const pages = await builtPages();
  const rust = new Set(await readdir(SITE, { recursive: true }));
  assert.ok(pages.size > 80, `${pages.size} pages`);
  const anchors = new Map(
    [...pages].map(([path, html]) => [
      path,
      new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)),
    ]),
  );
  const broken = [];
  for (const [path, html] of pages) {
    for (const [, href] of html.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
      const { origin, pathname, hash } = new URL(href.replaceAll("&amp;", "&"), site.url + path);
      if (origin !== site.url) continue;
      const target = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
      const id = decodeURIComponent(hash.slice(1));
      const isThere = pages.has(target) || rust.has(target.slice(1));
      const isFound =
        id === "" || anchors.get(target)?.has(id) === true || target.startsWith("/rust/");
      if (!isThere || !isFound) broken.push(`${path}: ${href}`);
    }
  }
  assert.deepEqual(broken, []);
}

try {
  await attempt("the front page has its words, its start and its pictures", frontPage);
  await attempt("the search finds an option", search);
  await attempt("there is a dark scheme, and it is kept", darkMode);
  for (const [what, [names, answer]] of Object.entries(QUESTIONS)) {
    await attempt(`from the front page in at most three clicks: ${what}`, () =>
      threeClicks(names, answer),
    );
  }
  await attempt("the playground: an outage, a wrong policy, an address that keeps it", playground);
  for (const [what, use] of [
    ["the figures of the command, a chart, the advice as code", whatIf.example],
    ["options, wrong ones, and a compressed log that is dropped", whatIf.options],
    ["a long run is stopped, and another one follows", whatIf.stop],
  ]) {
    await attempt(`your traffic: ${what}`, () => visit("/what-if.html", { viewport: DESK }, use));
  }
  await attempt("your traffic: a report fits a phone", () =>
    visit("/what-if.html", { viewport: PHONE }, async (page) => {
      await whatIf.tryExample(page);
      assert.equal(await isWide(page), false, "it scrolls sideways");
    }),
  );
  for (const colorScheme of ["light", "dark"]) {
    await attempt(`your traffic: a report is clean for axe, ${colorScheme}`, () =>
      visit("/what-if.html", { viewport: DESK, colorScheme }, async (page) => {
        await whatIf.tryExample(page);
        assert.deepEqual(await findings(page), []);
      }),
    );
  }
  for (const path of SOME) {
    await attempt(`${path} fits a phone`, () => phone(path));
    for (const colorScheme of ["light", "dark"]) {
      await attempt(`${path} is clean for axe, ${colorScheme}`, () =>
        visit(path, { viewport: DESK, colorScheme }, async (page) => {
          assert.deepEqual(await findings(page), []);
        }),
      );
    }
  }
  await attempt("every link of every page leads somewhere", links);
} finally {
  await browser.close();
  site.stop();
}
finish();
