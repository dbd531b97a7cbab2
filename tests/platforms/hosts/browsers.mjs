// The packed package in Chromium: in a page, in a module service worker and in a classic one.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch } from "./support/chromium.mjs";
import { offlineTests } from "./support/offline.mjs";
import { startOrigin } from "./support/origin.mjs";
import { ASSETS, pageTests } from "./support/pages.mjs";
import { attempt, finish, reportAll } from "./support/report.mjs";
import { versionTests } from "./support/versions.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const LIMIT_MS = 120_000;
async function bundled(entry, format) {
  const options = { absWorkingDir: HERE, entryPoints: [entry], bundle: true, write: false, format };
  return (await build(options)).outputFiles[0].text;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>holdover</title><script src="/page.js"></script>`;

const files = new Map([
  ["/", PAGE],
  ["/index.html", PAGE],
  ["/page.js", await bundled("host/browser.js", "iife")],
  ...ASSETS,
  ["/classic.js", await bundled("host/service-worker.js", "iife")],
  ["/module.js", await bundled("host/service-worker.js", "esm")],
]);

/** A context of its own each: workers and stores of one never meet those of another. */
async function inContext(browser, origin, use) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(`${origin.url}/index.html`);
    await use(page, context);
  } finally {
    await context.close();
  }
}

async function testPage(page, origin) {
  const run = (expression) => page.evaluate(expression).then(JSON.parse);
  reportAll("page", await run(`runTests(${JSON.stringify(origin.url)}, "page")`));
  reportAll("page", await run(`runStoreTests("page")`));
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

async function testWorker(page, context, origin, type) {
  await page.evaluate(register, [`/${type}.js`, type]);
  const ask = async (...message) => {
    const answer = await page.evaluate(askWorker, message);
    if (!answer.startsWith("[")) throw new Error(answer);
    return JSON.parse(answer);
  };
  const host = `${type} service worker`;
  reportAll(host, await ask("all", origin.url, `${type}-worker`));
  reportAll(host, await ask("stores", `${type}-worker`));
  await pageTests(host, page, origin);
  await offlineTests(host, page, context, origin);
  await versionTests(host, page, origin, type);
}

const origin = await startOrigin(files);
const browser = await launch();
console.log(`Chromium ${browser.version()}`);
try {
  await attempt("page: it ran", () => inContext(browser, origin, (page) => testPage(page, origin)));
  for (const type of ["module", "classic"]) {
    await attempt(`${type} service worker: it ran`, () =>
      inContext(browser, origin, (page, context) => testWorker(page, context, origin, type)),
    );
  }
} finally {
  await browser.close();
  await origin.stop();
}
finish();
