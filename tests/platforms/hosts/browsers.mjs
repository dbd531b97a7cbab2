// The packed package in browsers: in pages of Chromium, Firefox and WebKit, and in module and classic
// service workers of the first two. A browser that cannot be started is a failed test.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch as launchChromium } from "./support/chromium.mjs";
import { EXTRA_FILES, extrasTests } from "./support/extras.mjs";
import { launch as launchFirefox } from "./support/firefox.mjs";
import { offlineTests } from "./support/offline.mjs";
import { startOrigin } from "./support/origin.mjs";
import { ASSETS, pageTests } from "./support/pages.mjs";
import { attempt, finish, reportAll } from "./support/report.mjs";
import { versionTests } from "./support/versions.mjs";
import { launch as launchWebKit } from "./support/webkit.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_MS = 120_000;
async function bundled(entry, format) {
  const options = { absWorkingDir: HERE, entryPoints: [entry], bundle: true, write: false, format };
  return (await build(options)).outputFiles[0].text;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>holdover</title><script src="/page.js"></script>`;

const BUILT = [
  ["/", PAGE],
  ["/index.html", PAGE],
  ["/page.js", await bundled("host/browser.js", "iife")],
  ...ASSETS,
  ["/classic.js", await bundled("host/service-worker.js", "iife")],
  ["/module.js", await bundled("host/service-worker.js", "esm")],
  ["/extras.js", await bundled("host/extras.js", "esm")],
  ...EXTRA_FILES,
];

/** What every page has to do, whatever drives it. */
async function testPage(name, page, origin) {
  const host = `${name} page`;
  const run = (expression) => page.evaluate(expression).then(JSON.parse);
  reportAll(host, await run(`runTests(${JSON.stringify(origin.url)}, "page")`));
  reportAll(host, await run(`runStoreTests("page")`));
}

/** Registers the worker and waits until it controls the page. */
function register([script, type]) {
  const controlled = new Promise((resolve) => {
    navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
  });
  return navigator.serviceWorker
    .register(script, { type })
    .then(() => controlled)
    .then(() => {});
}

function askWorker(message) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    navigator.serviceWorker.controller.postMessage(message, [port2]);
  });
}

async function testWorker(name, page, origin, type) {
  await page.evaluate(register, [`/${type}.js`, type]);
  const ask = async (...message) => {
    const answer = await page.evaluate(askWorker, message);
    if (!answer.startsWith("[")) throw new Error(answer);
    return JSON.parse(answer);
  };
  const host = `${name} ${type} service worker`;
  reportAll(host, await ask("all", origin.url, `${type}-worker`));
  reportAll(host, await ask("stores", `${type}-worker`));
  await pageTests(host, page, origin, name === "Firefox" ? "same-origin" : "navigate");
  await offlineTests(host, page, origin);
  await versionTests(host, page, origin, type);
}

/** Chromium and Firefox, whose pages have the same functions as far as the tests use them. */
async function testBrowser(name, browser, newContext, origin, toolsOf) {
  /** A context of its own each: workers and stores of one never meet those of another. */
  const inContext = async (use) => {
    const context = await newContext();
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT_MS);
      await page.goto(`${origin.url}/index.html`);
      await use(page, context);
    } finally {
      await context.close();
    }
  };
  try {
    console.log(`${name} ${await browser.version()}`);
    await attempt(`${name} page: it ran`, () => inContext((page) => testPage(name, page, origin)));
    for (const type of ["module", "classic"]) {
      await attempt(`${name} ${type} service worker: it ran`, () =>
        inContext((page) => testWorker(name, page, origin, type)),
      );
    }
    await attempt(`${name} extras: it ran`, () =>
      inContext(async (page, context) => {
        const tools = (await toolsOf?.(context, page, origin)) ?? {};
        await page.evaluate(register, ["/extras.js", "module"]);
        await extrasTests(`${name} extras`, page, origin, tools);
      }),
    );
  } finally {
    await browser.close();
  }
}

/** What only Chromium's protocol can do. */
async function chromiumTools(context, page, origin) {
  const session = await context.newCDPSession(page);
  await session.send("ServiceWorker.enable");
  // Before anything is stored: the browser asks for its quota now and then only.
  const quota = { origin: origin.url, quotaSize: 4_000_000 };
  await session.send("Storage.overrideQuotaForOrigin", quota);
  return { kill: () => session.send("ServiceWorker.stopAllWorkers"), isShort: true };
}

const BROWSERS = {
  async Chromium(origin) {
    const browser = await launchChromium();
    await testBrowser("Chromium", browser, () => browser.newContext(), origin, chromiumTools);
  },
  async Firefox(origin) {
    const browser = await launchFirefox(LIMIT_MS);
    await testBrowser("Firefox", browser, () => browser.createBrowserContext(), origin);
  },
  async WebKit(origin) {
    const page = await launchWebKit(LIMIT_MS);
    try {
      console.log(`WebKit ${page.version}`);
      await page.goto(`${origin.url}/index.html`);
      await testPage("WebKit", page, origin);
    } finally {
      await page.close();
    }
  },
};

/** Tests a browser against an origin of its own, which counts its requests alone. */
async function test(name) {
  const origin = await startOrigin(new Map(BUILT));
  const started = performance.now();
  await attempt(`${name}: it ran`, () => BROWSERS[name](origin));
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  await origin.stop();
}

// All of them, or the named ones.
const named = process.argv.slice(2);
for (const name of named.length > 0 ? named : Object.keys(BROWSERS)) await test(name);
finish();
