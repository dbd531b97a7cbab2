import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle, script } from "./bundle.mjs";

/** The beginning of a module, as a string is written. */
const MODULE_TEXT = /["'`]\\(0|x00)asm/;
const APPLICATION = `import { createCache } from "holdover"; console.log(createCache);`;

/** Which conditions lead to the module as a file, and which to its text. */
const HOSTS = [
  { name: "unwasm", conditions: ["unwasm", "workerd", "edge-light", "deno"], module: "file" },
  { name: "workerd", conditions: ["workerd", "worker", "browser"], module: "file" },
  { name: "edge-light", conditions: ["edge-light"], module: "file" },
  { name: "browser", platform: "browser", module: "text" },
  { name: "node", platform: "node", module: "text" },
  { name: "worker", conditions: ["worker"], module: "text" },
];

for (const { name, module, ...options } of HOSTS) {
  test(`bundles for ${name}, with the module as ${module}`, async () => {
    const outputs = await bundle({ ...script(APPLICATION), ...options });
    const wasm = outputs.filter(({ path }) => path.endsWith(".wasm"));
    assert.equal(wasm.length, module === "file" ? 1 : 0);
    const code = outputs.find(({ path }) => path.endsWith(".js")).text;
    assert.equal(MODULE_TEXT.test(code), module === "text", "the module's text is there");
    assert.equal(code.includes("cloudflare:workers"), name === "workerd");
  });
}

test("the slim entry brings no module along", async () => {
  const outputs = await bundle(
    script(`import { createCache, init } from "holdover/slim"; console.log(createCache, init);`),
  );
  assert.deepEqual(
    outputs.map(({ path }) => path.split(".").at(-1)),
    ["js"],
  );
  assert.doesNotMatch(outputs[0].text, MODULE_TEXT);
});

test("core.wasm can be imported by itself", async () => {
  const outputs = await bundle(script(`import core from "holdover/core.wasm"; console.log(core);`));
  assert.equal(outputs.filter(({ path }) => path.endsWith(".wasm")).length, 1);
});

test("an unused class of errors leaves no more than the entry behind", async () => {
  const all = await bundle({
    ...script(`import * as all from "holdover/slim"; console.log(all);`),
    minify: true,
  });
  const one = await bundle({
    ...script(`import { ConfigError } from "holdover/slim"; console.log(ConfigError);`),
    minify: true,
  });
  assert.ok(one[0].contents.length < all[0].contents.length / 2, "unused parts are left out");
});
