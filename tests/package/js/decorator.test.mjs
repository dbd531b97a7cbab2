// @cached, compiled as applications compile it: the decorators that esbuild (and TypeScript 5) emit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { transform } from "esbuild";
import { createCache } from "holdover";
import { cached, wrapped } from "holdover/decorator";
import { peek } from "holdover/operations";

let modules = 0;

/** Evaluates a module with a class that uses decorators. */
async function classOf(source, values) {
  const name = `decorated ${++modules}`;
  globalThis[name] = values;
  const given = `const { ${Object.keys(values)} } = globalThis[${JSON.stringify(name)}];`;
  const { code } = await transform(`${given} export default ${source}`, {
    loader: "ts",
    target: "es2022",
  });
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default;
}

const SOURCE = `class Users {
  loads = 0;
  constructor(public tenant: string) {}
  @cached(cache, { ttl: "5m" })
  async load(id: number) { return this.tenant + id + ":" + ++this.loads; }
  @cached(cache, { ttl: "5m", of: (self) => self.tenant })
  async own(id: number) { return this.tenant + id + ":" + ++this.loads; }
  @cached(cache, { ttl: "5m", key: "static:{0}" })
  static async make(id: number) { return { id, by: this.name }; }
}`;

const users = async (cache) => classOf(SOURCE, { cache, cached });

test("answers of a method are cached; objects share them unless `of` says what tells them apart", async () => {
  const Users = await users(createCache());
  const [one, two] = [new Users("one"), new Users("two")];
  assert.equal(await one.load(1), "one1:1");
  assert.equal(await one.load(1), "one1:1");
  assert.equal(await two.load(1), "one1:1", "the object is no part of the key");
  assert.equal(await one.own(1), "one1:2");
  assert.equal(await two.own(1), "two1:1");
  assert.equal(await two.own(1), "two1:1");
  assert.equal(one.load.name, "load");
});

test("static methods, with `this`", async () => {
  const cache = createCache();
  const Users = await users(cache);
  assert.deepEqual(await Users.make(7), { id: 7, by: "Users" });
  assert.deepEqual(await peek(cache, "static:7"), { id: 7, by: "Users" });
});

test("methods of one name in two classes share nothing", async () => {
  const cache = createCache();
  const [First, Second] = [await users(cache), await users(cache)];
  assert.equal(await new First("first").load(1), "first1:1");
  assert.equal(await new Second("second").load(1), "second1:1");
});

test("wrapped: what wrapped functions have", async () => {
  const Users = await users(createCache());
  const one = new Users("one");
  await one.load(1);
  const { source, value } = await wrapped(one.load).explain.call(one, 1);
  assert.deepEqual([source, value], ["hit", "one1:1"]);
  await wrapped(one.load).invalidate(1);
  assert.equal(await one.load(1), "one1:2");
  await one.own(1);
  await wrapped(one.own).invalidate("one", 1);
  assert.equal(await one.own(1), "one1:4");
  assert.throws(() => wrapped(() => 1), { code: "E_CONFIG", option: "method" });
});

test("anything but a method is refused when the class is defined", async () => {
  const cache = createCache();
  const wrong = (source) => classOf(source, { cache, cached });
  await assert.rejects(wrong("class A { @cached(cache, { ttl: 1 }) load = async () => 1; }"), {
    code: "E_CONFIG",
  });
  await assert.rejects(wrong("class A { @cached(cache, { ttl: 1 }) get load() { return 1; } }"), {
    code: "E_CONFIG",
  });
  await assert.rejects(wrong("class A { @cached(cache, {}) async load() { return 1; } }"), {
    option: "ttl",
  });
  await assert.rejects(
    wrong("class A { @cached(cache, { ttl: 1, of: 7 }) async load() { return 1; } }"),
    {
      option: "of",
    },
  );
  // As experimentalDecorators call it.
  const legacy = () => cached(cache, { ttl: 1 })(class {}.prototype, "load", {});
  assert.throws(legacy, { code: "E_CONFIG" });
});
