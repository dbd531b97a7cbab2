// What the READMEs show runs as it stands: type-checked as a fresh Worker project is, and on workerd.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript-5.9";
import { startWorkerd } from "../../platforms/runtimes/workerd.mjs";
import { HOME } from "./installed.mjs";

const TESTS = fileURLToPath(new URL("../..", import.meta.url));
/** The origin of the examples, which a local one stands in for. */
const ORIGIN = "https://jsonplaceholder.typicode.com";
const LANGUAGES = new Set(["ts", "js"]);

async function blocksOf(name, path) {
  const text = await readFile(path, "utf8");
  const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  return fences
    .filter(([, language]) => LANGUAGES.has(language))
    .map(([, language, code], nth) => ({ name: `${name}, block ${nth + 1}`, language, code }));
}

const BLOCKS = [
  ...(await blocksOf("README", join(TESTS, "../README.md"))),
  ...(await blocksOf("the package's README", join(HOME, "README.md"))),
];
/** Files of other tools than wrangler: their starts run in `platforms/consumers`. */
const isElsewhere = ({ code }) => /^\/\/ (?!src\/index\.ts)\S+\.tsx?$/m.test(code.split("\n")[0]);
const FILES = BLOCKS.filter(isElsewhere);
const CODE = BLOCKS.filter((block) => !isElsewhere(block));
const WORKERS = CODE.filter(({ code }) => code.includes("export default"));

let folder;
let origin;
let asked = 0;

before(async () => {
  // Below `node_modules`, where nobody looks and `holdover` is found.
  folder = await mkdtemp(join(TESTS, "node_modules/.readme-"));
  origin = createServer((request, response) => {
    asked += 1;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ id: 1, name: "Leanne", url: request.url, host: request.headers.host }),
    );
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => origin.once("listening", resolve));
});

after(async () => {
  origin.close();
  await rm(folder, { recursive: true, force: true });
});

test("there are blocks, and most are whole Workers", () => {
  assert.ok(BLOCKS.length >= 5, `${BLOCKS.length} blocks`);
  assert.ok(WORKERS.length >= 5, `${WORKERS.length} workers`);
  assert.match(BLOCKS[0].code, /cachedHandler/);
});

/** As `create-cloudflare` sets a project up, and stricter. */
const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ES2022,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2022.d.ts"],
  types: ["@cloudflare/workers-types"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  noEmit: true,
};

function complaintsAbout(files, options) {
  const program = ts.createProgram(files, { ...OPTIONS, ...options });
  const said = ts.getPreEmitDiagnostics(program);
  return said.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

for (const [nth, { name, language, code }] of CODE.entries()) {
  test(`${name} compiles`, async () => {
    assert.equal(language, "ts", "a block has types");
    const file = join(folder, `block-${nth}.ts`);
    await writeFile(file, code);
    assert.deepEqual(complaintsAbout([file], { typeRoots: [join(TESTS, "node_modules")] }), []);
  });
}

/** As `create-vite` sets a project up: a page's library, for the worker as well. */
const PAGE_OPTIONS = {
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  types: [],
  verbatimModuleSyntax: true,
};

test("the files of the page with a service worker compile as its page does", async () => {
  const names = new Set(["vite.config.ts", "src/sw.ts", "src/register.ts"]);
  const found = FILES.map(({ code }) => [code.slice(3, code.indexOf("\n")), code]);
  const files = found.filter(([path]) => names.has(path));
  assert.deepEqual(new Set(files.map(([path]) => path)), names);
  const env = join(folder, "vite.d.ts");
  await writeFile(env, "interface ImportMeta { readonly env: { readonly PROD: boolean } }");
  const paths = [env];
  for (const [nth, [, code]] of files.entries()) {
    paths.push(join(folder, `page-${nth}.ts`));
    await writeFile(paths.at(-1), `${code}\nexport {};\n`);
  }
  assert.deepEqual(complaintsAbout(paths, PAGE_OPTIONS), []);
});

/** Starts a worker that asks the local origin. */
async function start(t, { code }, nth) {
  const entry = join(folder, `worker-${nth}.ts`);
  const { port } = origin.address();
  await writeFile(entry, code.replaceAll(ORIGIN, `http://127.0.0.1:${port}`));
  const worker = await startWorkerd(entry);
  t.after(() => worker.stop());
  return worker;
}

async function get(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  assert.equal(response.status, 200);
  return { body: await response.json(), status: response.headers.get("cache-status") };
}

for (const [nth, block] of WORKERS.entries()) {
  test(`${block.name} answers on workerd, from the cache the second time`, async (t) => {
    const { url, complaints } = await start(t, block, nth);
    const isFunction = /getUser\.explain/.test(block.code);
    const isFetch = /cachedFetch\(/.test(block.code);
    if (/cachedHandler/.test(block.code)) await answersFromCache(`${url}/shop`, () => undefined);
    if (isFetch) await answersFromCache(`${url}/posts/1`, () => asked);
    if (isFunction) await answersAsHit(`${url}/user`);
    assert.deepEqual(complaints, []);
  });
}

/** The same body twice, the second time as a hit that asks nobody. */
async function answersFromCache(url, count) {
  const first = await get(url);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = count();
  const second = await get(url);
  assert.doesNotMatch(first.status, /hit/);
  assert.match(second.status, /^holdover; hit/);
  assert.deepEqual(second.body, first.body);
  assert.equal(count(), before);
}

async function answersAsHit(url) {
  const first = await get(url);
  const before = asked;
  const second = await get(url);
  assert.deepEqual(
    [first.body.name, second.body.name, second.body.source],
    ["Leanne", "Leanne", "hit"],
  );
  assert.equal(asked, before);
}

const ALONE = `import { createCache } from "holdover";
import { ping } from "holdover/operations";
const cache = createCache();
const other = createCache({ namespace: "other" });
let asked = 0;
const get = cache.wrap(async () => ++asked, { key: "k", ttl: "1h" });
export default {
  async fetch() {
    const values = [await get(), await get(), await other.getOrLoad("k", () => 3, { ttl: 1 })];
    const { available, bypassed } = cache.stats();
    return Response.json({ values, available, bypassed, ping: await ping(cache).catch(({ code }) => code) });
  },
};`;

test("a Worker bundled without the condition says on the console what is missing, once", async (t) => {
  const entry = join(folder, "alone.ts");
  await writeFile(entry, ALONE);
  const worker = await startWorkerd(entry, { conditions: [] });
  t.after(() => worker.stop());
  const { body } = await get(worker.url);
  assert.deepEqual(body, { values: [1, 2, 3], available: false, bypassed: 2, ping: "E_STORE" });
  await get(worker.url);
  const told = worker.said().match(/holdover: nothing is cached.*/g);
  assert.equal(told?.length, 1, worker.said());
  assert.match(told[0], /--conditions=workerd.*serverExternalPackages/);
});
