import assert from "node:assert/strict";
import { basename } from "node:path";
import { test } from "node:test";
import { bundle, script } from "./bundle.mjs";

/** The beginning of a module, as a string is written. */
const MODULE_TEXT = /["'`](.)asm(?:\\x01|[^\\])\1\1\1/g;
const FUNCTIONS = `import { createCache } from "holdover"; console.log(createCache);`;
/** The parts that applications use, and the modules that they need for them. */
const APPLICATIONS = {
  functions: { code: FUNCTIONS, modules: ["core.wasm"] },
  responses: {
    code: `${FUNCTIONS} import { cachedFetch } from "holdover/fetch"; console.log(cachedFetch);`,
    modules: ["core.wasm", "http.wasm"],
  },
};

/** Which conditions lead to the module as a file, and which to its text. */
const HOSTS = [
  { name: "unwasm", conditions: ["unwasm", "workerd", "edge-light", "deno"], module: "file" },
  { name: "workerd", conditions: ["workerd", "worker", "browser"], module: "file" },
  { name: "edge-light", conditions: ["edge-light"], module: "file" },
  { name: "browser", platform: "browser", module: "text" },
  { name: "node", platform: "node", module: "text" },
  { name: "worker", conditions: ["worker"], module: "text" },
];

const namesOf = (outputs) =>
  outputs.map(({ path }) => basename(path).replace(/-[A-Z0-9]+\.wasm$/, ".wasm")).sort();

for (const { name, module, ...options } of HOSTS) {
  for (const [what, { code, modules }] of Object.entries(APPLICATIONS)) {
    test(`${what} for ${name}: ${modules} as ${module}, and no other`, async () => {
      const outputs = await bundle({ ...script(code), ...options });
      const files = namesOf(outputs).filter((file) => file.endsWith(".wasm"));
      assert.deepEqual(files, module === "file" ? modules : []);
      const { text } = outputs.find(({ path }) => path.endsWith(".js"));
      const texts = text.match(MODULE_TEXT)?.length ?? 0;
      assert.equal(texts, module === "text" ? modules.length : 0, "the modules' texts");
      assert.equal(text.includes('from "cloudflare:workers"'), name === "workerd");
    });
  }
}

test("the slim entries bring no module along", async () => {
  const outputs = await bundle(
    script(`
      import { createCache, init } from "holdover/slim";
      import { cachedFetch, initFetch } from "holdover/slim/fetch";
      import { serveFrom } from "holdover/slim/service-worker";
      console.log(createCache, init, cachedFetch, initFetch, serveFrom);`),
  );
  assert.deepEqual(namesOf(outputs), ["stdin.js"]);
  assert.doesNotMatch(outputs[0].text, MODULE_TEXT);
});

test("a service worker brings both modules as text", async () => {
  const code = `${FUNCTIONS} import { serveFrom } from "holdover/service-worker"; console.log(serveFrom);`;
  const outputs = await bundle({ ...script(code), platform: "browser" });
  assert.deepEqual(namesOf(outputs), ["stdin.js"]);
  assert.equal(outputs[0].text.match(MODULE_TEXT).length, 2);
});

test("each module can be imported by itself", async () => {
  for (const name of ["core.wasm", "http.wasm"]) {
    const outputs = await bundle(script(`import it from "holdover/${name}"; console.log(it);`));
    assert.deepEqual(namesOf(outputs), [name, "stdin.js"]);
  }
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
