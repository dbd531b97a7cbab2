import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { files, HOME, manifest } from "./installed.mjs";

const run = promisify(execFile);
const TESTS = new URL("../..", import.meta.url);

/** Imports an entry in a fresh Node in which everything Workers forbid at module scope throws. */
async function importForbidding(specifier) {
  const forbid = `
    const forbidden = (name) => function () { throw new Error(name + " at import"); };
    for (const name of ["Module", "Instance"]) WebAssembly[name] = forbidden("WebAssembly." + name);
    for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming", "validate"])
      WebAssembly[name] = forbidden("WebAssembly." + name);
    for (const name of ["setTimeout", "setInterval", "setImmediate", "fetch", "atob", "queueMicrotask"])
      globalThis[name] = forbidden(name);
    Math.random = forbidden("Math.random");
    Date.now = forbidden("Date.now");
    performance.now = forbidden("performance.now");
    crypto.getRandomValues = forbidden("getRandomValues");
    crypto.randomUUID = forbidden("randomUUID");
    const before = Object.keys(globalThis).length;
    const names = Object.keys(await import(${JSON.stringify(specifier)}));
    if (Object.keys(globalThis).length !== before) throw new Error("new global");
    process.stdout.write(names.join());
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", forbid], {
    cwd: TESTS,
    timeout: 20_000,
  });
  return stdout.split(",");
}

test("importing compiles nothing, starts nothing, asks for no time and no random number", async () => {
  const names = await importForbidding("holdover");
  assert.ok(names.includes("createCache"), names.join());
});

test("so does the slim entry, which offers the same and `init`", async () => {
  const [all, slim] = await Promise.all(["holdover", "holdover/slim"].map(importForbidding));
  assert.deepEqual(slim.sort(), [...all, "init"].sort());
});

test("and so does its `fetch`, with an `initFetch`", async () => {
  const [all, slim] = await Promise.all(
    ["holdover/fetch", "holdover/slim/fetch"].map(importForbidding),
  );
  assert.deepEqual(slim.sort(), [...all, "initFetch"].sort());
});

test("so does every other entry", async () => {
  const entries = Object.keys(manifest.exports).filter(
    (path) => !/^\.(\/.*\.|\/slim|$)/.test(path),
  );
  assert.ok(entries.length >= 12, entries.join());
  for (const entry of entries) {
    const names = await importForbidding(`holdover${entry.slice(1)}`);
    assert.ok(names[0] !== "", entry);
  }
});

/** What only those import who have a server of Node. */
const FOR_NODE = ["dist/entry/node-inline.js", "dist/shared/node.js"];
/** The command runs in Node, and nobody imports it. */
const COMMAND = "dist/command.js";

test("no shipped file needs one particular host", async () => {
  // Plugins of bundlers run in Node, as those do.
  const isForNode = (file) => file.startsWith("dist/build/") || file === COMMAND;
  const scripts = (await files()).filter((file) => file.endsWith(".js") && !isForNode(file));
  assert.ok(scripts.length > 0);
  for (const file of scripts) {
    const code = await readFile(join(HOME, file), "utf8");
    if (!FOR_NODE.includes(file)) assert.doesNotMatch(code, /["']node:/, file);
    assert.doesNotMatch(code, /\bimport\.meta\b/, file);
    assert.doesNotMatch(code, /\brequire\(/, file);
    // Only to give back the core's part of a cache that was dropped unclosed, where there is one.
    const finalizers = code.match(/\bFinalizationRegistry\b/g)?.length ?? 0;
    const guarded = /typeof FinalizationRegistry>"u"/.test(code);
    assert.ok(finalizers === (guarded ? 2 : 0), file);
    await transform(code, { supported: { "top-level-await": false }, logLevel: "silent" });
  }
});

test("only the entries import a module or name a host", async () => {
  for (const file of await files()) {
    if (!file.endsWith(".js") || file.startsWith("dist/entry/") || file === COMMAND) continue;
    const code = await readFile(join(HOME, file), "utf8");
    assert.doesNotMatch(code, /\.wasm["'?]|["']cloudflare:/, file);
  }
});

test("Node reads three files for a cached function", async () => {
  const read = new Set(["dist/entry/inline.js"]);
  for (const file of read) {
    const code = await readFile(join(HOME, file), "utf8");
    for (const [, path] of code.matchAll(/\bfrom"(\.[^"]+)"/g)) read.add(join(dirname(file), path));
  }
  const expected = ["dist/entry/inline.js", "dist/shared/errors.js", "dist/shared/holdover.js"];
  assert.deepEqual([...read].sort(), expected);
});
