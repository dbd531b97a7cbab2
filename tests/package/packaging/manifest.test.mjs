import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { exportTargets, files, HOME, manifest, tarball } from "./installed.mjs";

test("publint has nothing to say", async () => {
  const { buffer, byteOffset, byteLength } = await tarball();
  const packed = { tarball: buffer.slice(byteOffset, byteOffset + byteLength) };
  const { messages } = await publint({ pack: packed, strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test("the types are found the way each module system looks for them", async () => {
  const result = await checkPackage(createPackageFromTarballData(await tarball()), {
    excludeEntrypoints: ["./core.wasm", "./http.wasm", "./package.json"],
  });
  assert.ok(result.types, "the package has types");
  assert.deepEqual(result.problems, []);
});

test("every target of `exports` is there", async () => {
  const shipped = new Set(await files());
  for (const [subpath, condition, target] of exportTargets()) {
    assert.ok(shipped.has(target.slice(2)), `${subpath} ${condition}: ${target}`);
  }
});

test("conditions are in an order in which each can be reached", () => {
  const ORDER = [
    "types",
    // Nitro sets it together with all that follow, for hosts that are no Workers as well.
    "unwasm",
    "workerd",
    "edge-light",
    "worker",
    "browser",
    "deno",
    "bun",
    // Before `require`, so that a Node that can `require` ES modules has one copy.
    "module-sync",
    "module",
    "node",
    "require",
    "default",
  ];
  for (const [subpath, conditions] of Object.entries(manifest.exports)) {
    if (typeof conditions === "string") continue;
    const places = Object.keys(conditions).map((condition) => ORDER.indexOf(condition));
    assert.ok(!places.includes(-1), `${subpath} has an unknown condition`);
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
      subpath,
    );
    assert.equal(Object.keys(conditions).at(-1), "default", subpath);
  }
});

/** The targets of `exports` that end so. */
function targetsWith(end) {
  const targets = exportTargets().map(([, , target]) => posix.normalize(target));
  return [...new Set(targets.filter((target) => target.endsWith(end)))];
}

/** The imports of a file, in all forms that the package has: `"./x"` and its end. */
const IMPORTS = /\b(?:from|import|require)\s*\(?"(\.[^"]+)\.c?js"/g;

/** These files, and what they import of those that end so. */
async function reachedFrom(files, end) {
  const reached = new Set(files);
  for (const file of reached) {
    const text = await readFile(`${HOME}/${file}`, "utf8");
    for (const [, specifier] of text.matchAll(IMPORTS)) {
      reached.add(posix.join(posix.dirname(file), `${specifier}${end}`));
    }
  }
  return [...reached].filter((file) => !file.endsWith(".wasm.d.ts")).sort();
}

/**
 * The files below `dist` that end so; what the tests reach of the inside is no part of the package.
 */
async function shippedWith(end) {
  const found = (await files()).filter((file) => /^dist\/(?!internal\.)/.test(file));
  return found.filter((file) => file.endsWith(end) && !file.endsWith(".wasm.d.ts"));
}

test("no file ships that nobody needs", async () => {
  const expected = [
    /^(LICENSE-(APACHE|MIT)|README\.md|CHANGELOG\.md|package\.json)$/,
    /^docs\/(how-to\/)?[a-z-]+\.md$/,
    /^docs\/pictures\/[a-z-]+\.svg$/,
    /^dist\/(core|http)\.wasm(\.d\.ts)?$/,
    /^dist\/simulate\.wasm$/,
    /^dist\/internal\.js$/,
    /^dist\/([a-z-]+\/)*[a-z0-9-]+\.(js|js\.map|d\.ts|cjs|mjs|d\.cts)$/,
  ];
  const stray = (await files()).filter((file) => !expected.some((pattern) => pattern.test(file)));
  assert.deepEqual(stray, []);
  for (const end of [".js", ".d.ts", ".cjs", ".mjs", ".d.cts"]) {
    const starts = targetsWith(end);
    if (end === ".js")
      starts.push(...Object.values(manifest.bin).map((path) => posix.normalize(path)));
    assert.deepEqual(await shippedWith(end), await reachedFrom(starts, end), end);
  }
});

test("what the tests reach of the inside is not packed", async () => {
  const packed = createPackageFromTarballData(await tarball()).listFiles();
  assert.ok(packed.some((file) => file.endsWith("dist/index.d.ts")));
  assert.deepEqual(
    packed.filter((file) => file.includes("internal")),
    [],
  );
});

/** The files of the command, which no entry needs. */
const COMMAND = ["dist/command.js", "dist/simulate.js"];

test("the code is one file per entry, and what they share is in a few", async () => {
  const entries = new Set([...targetsWith(".js"), ...COMMAND]);
  const shared = (await shippedWith(".js")).filter((file) => !entries.has(file));
  assert.ok(shared.length <= 9, shared.join());
  const main = posix.normalize(manifest.main);
  const read = await reachedFrom([main], ".js");
  // Each costs Node time: with 160 the first answer took 63 ms on a calm machine.
  assert.ok(read.includes(main) && read.length <= 4, read.join());
});

test("each file of code has a map with the sources in it", async () => {
  const scripts = await shippedWith(".js");
  assert.deepEqual(
    await shippedWith(".js.map"),
    scripts.map((file) => `${file}.map`),
  );
  const named = new Set();
  for (const file of scripts) {
    const { sources, sourcesContent } = JSON.parse(await readFile(`${HOME}/${file}.map`, "utf8"));
    for (const [nth, source] of sources.entries()) {
      if (sourcesContent[nth] === null) continue;
      const path = posix.join(posix.dirname(file), source);
      // The command does not read the files of applications for a few lines.
      assert.ok(!named.has(path) || COMMAND.includes(file), `${path} is in two files`);
      named.add(path);
    }
  }
  for (const source of ["src/util/errors.ts", "src/engine/driver.ts", "src/stores/redis.ts"]) {
    assert.ok(named.has(source), `${source} of ${named.size}`);
  }
});

test("the texts of both licences and the news are in it, as they are in the repository", async () => {
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT", "CHANGELOG.md"]) {
    const [shipped, own] = await Promise.all(
      [`${HOME}/${file}`, new URL(`../../../${file}`, import.meta.url)].map((at) =>
        readFile(at, "utf8"),
      ),
    );
    assert.equal(shipped, own, file);
    assert.ok(shipped.length > 500, file);
  }
});

test("links in the documents lead to files that are in it, and headings that are there", async () => {
  const shipped = new Set(await files());
  const pages = [...shipped].filter((file) => /^(README|docs\/.*)\.md$/.test(file));
  assert.ok(pages.length >= 12, pages.join());
  for (const page of pages) {
    const text = (await readFile(`${HOME}/${page}`, "utf8")).replace(/```[\s\S]*?```/g, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue;
      const [path, heading] = link.split("#");
      const target = path === "" ? page : posix.join(posix.dirname(page), path);
      const isFolder = [...shipped].some((file) => file.startsWith(target) && target.endsWith("/"));
      assert.ok(shipped.has(target) || isFolder, `${page} links to ${link}`);
      if (heading === undefined) continue;
      const headings = (await readFile(`${HOME}/${target}`, "utf8")).matchAll(/^#+ (.*)$/gm);
      const slugs = Array.from(headings, ([, title]) =>
        title
          .toLowerCase()
          .replace(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      assert.ok(slugs.includes(heading), `${page} links to ${link}`);
    }
  }
});

test("tools that do not read `exports` find the entry, and the types of each subpath", async () => {
  const shipped = new Set(await files());
  assert.equal(manifest.main, manifest.exports["."].default);
  assert.equal(manifest.types, manifest.exports["."].types.default);
  const found = manifest.typesVersions["*"];
  for (const [subpath, conditions] of Object.entries(manifest.exports)) {
    if (subpath === "." || typeof conditions === "string") continue;
    const types = conditions.types.default ?? conditions.types;
    assert.deepEqual(found[subpath.slice(2)], [types], subpath);
    assert.ok(shipped.has(types.slice(2)), subpath);
  }
});

test("there is one copy of each module and one of its text", async () => {
  const modules = ["core", "http", "simulate"].map((name) => `dist/${name}.wasm`);
  assert.deepEqual(await shippedWith(".wasm"), modules);
  const texts = await Promise.all(
    (await shippedWith(".js")).map((file) => readFile(`${HOME}/${file}`, "utf8")),
  );
  // A character stands for zeros: see `xtask/src/latin1.rs`.
  const copies = texts.map((text) => text.match(/(.)asm[^\\]\1\1\1/g)?.length ?? 0);
  assert.deepEqual(copies.sort().slice(-3), [0, 1, 1]);
});

test("a tool that takes what Node loads by `import` finds the ES module, too", async () => {
  // Nitro copies what a build needs by these files; Node loads the ES modules, by `module-sync`.
  for (const file of targetsWith(".mjs")) {
    const name = posix.basename(file, ".mjs");
    const text = await readFile(`${HOME}/${file}`, "utf8");
    assert.match(text, new RegExp(`new URL\\("\\./${name}\\.js",import\\.meta\\.url\\)`), file);
    assert.match(text, /^export\{[\w$,]+\}from/, "by name, for Bun's bundler");
  }
});

test("Workers of any date can link: what they import of their host is not named", async () => {
  // `waitUntil` is there since August 2025: an older runtime would not start.
  const texts = await Promise.all(
    (await shippedWith(".js")).map((file) => readFile(`${HOME}/${file}`, "utf8")),
  );
  const imports = texts.flatMap((text) => text.match(/import[^;]*from"cloudflare:workers"/g) ?? []);
  assert.equal(imports.length, 1, imports.join());
  assert.match(imports[0], /^import\*as \w+ from/);
});

test("it depends on nothing and runs no script when installed", () => {
  for (const key of ["dependencies", "optionalDependencies", "scripts"]) {
    assert.equal(manifest[key], undefined, key);
  }
  // Who does not instrument a cache does not get it.
  assert.deepEqual(Object.keys(manifest.peerDependencies), ["@opentelemetry/api"]);
  assert.deepEqual(manifest.peerDependenciesMeta, { "@opentelemetry/api": { optional: true } });
});

test("no application gets the command's files with what it imports", async () => {
  const reached = await reachedFrom(targetsWith(".js"), ".js");
  assert.deepEqual(
    reached.filter((file) => COMMAND.includes(file)),
    [],
  );
  for (const file of reached) {
    assert.doesNotMatch(await readFile(`${HOME}/${file}`, "utf8"), /simulate\.wasm/, file);
  }
});
