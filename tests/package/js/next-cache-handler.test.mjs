// The cache handler of Next.js by itself; in Next.js it is tested in `tests/platforms/consumers`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache, memory } from "holdover";
import { nextCacheHandler } from "holdover/integrations/next";
import { customStore } from "holdover/stores/custom";

/** A store that two caches may share. */
function recordsStore() {
  const records = new Map();
  return customStore({
    get: (key) => records.get(key),
    set: (key, record) => void records.set(key, record),
    delete: (key) => records.delete(key),
  });
}

const streamOf = (...parts) =>
  new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });

const now = () => performance.timeOrigin + performance.now();

const entryOf = (text, more) => ({
  value: streamOf(text),
  tags: [],
  stale: 30,
  timestamp: now(),
  expire: 3600,
  revalidate: 60,
  ...more,
});

const textOf = async (entry) => entry && new Response(entry.value).text();
const set = (handler, key, text, more) => handler.set(key, Promise.resolve(entryOf(text, more)));

const CACHES = {
  "in memory": () => createCache(),
  "in memory and a store": () => createCache({ stores: [memory(), recordsStore()] }),
  "in a store": () => createCache({ stores: [recordsStore()] }),
};

for (const [where, make] of Object.entries(CACHES)) {
  const named = (what) => `${where}: ${what}`;

  test(named("an entry comes back whole, as often as it is asked for"), async () => {
    const handler = nextCacheHandler(make());
    assert.equal(await handler.get("k", []), undefined);
    const entry = entryOf("", { value: streamOf("a\n", "b", "\u{1F600}"), tags: ["t"] });
    const { value: _value, ...head } = entry;
    await handler.set("k", Promise.resolve(entry));
    for (let nth = 0; nth < 2; nth += 1) {
      const { value, ...found } = await handler.get("k", []);
      assert.deepEqual(found, head);
      assert.equal(await new Response(value).text(), "a\nb\u{1F600}");
    }
    assert.equal(await handler.get("other", []), undefined);
  });

  test(named("a tag that is revalidated ends its entries, and no others"), async () => {
    const handler = nextCacheHandler(make());
    await set(handler, "a", "a", { tags: ["x", "y"] });
    await set(handler, "b", "b", { tags: ["y"] });
    await handler.updateTags(["x"]);
    assert.equal(await handler.get("a", []), undefined);
    assert.equal(await textOf(await handler.get("b", [])), "b");
  });

  test(named("with a time to expire it makes them stale, which Next.js is told"), async () => {
    const handler = nextCacheHandler(make());
    await set(handler, "a", "a", { tags: ["x"] });
    await handler.updateTags(["x"], { expire: 300 });
    const found = await handler.get("a", []);
    assert.deepEqual([found.revalidate, await textOf(found)], [-1, "a"]);
    await set(handler, "a", "new", { tags: ["x"] });
    assert.equal((await handler.get("a", [])).revalidate, 60);
  });

  test(named("a tag revalidated while an entry is made ends that entry"), async () => {
    const handler = nextCacheHandler(make());
    let begin;
    const setting = handler.set("a", new Promise((resolve) => (begin = resolve)));
    await handler.updateTags(["x"]);
    begin(entryOf("old", { tags: ["x"] }));
    await setting;
    assert.equal(await handler.get("a", []), undefined);
  });

  test(named("a path that is revalidated ends what was made before, for its readers"), async () => {
    const handler = nextCacheHandler(make());
    const paths = ["_N_T_/page", "_N_T_/layout"];
    assert.equal(await handler.getExpiration(paths), Number.POSITIVE_INFINITY);
    await set(handler, "k", "old");
    assert.equal(await textOf(await handler.get("k", paths)), "old");
    assert.equal(await textOf(await handler.get("k", ["_N_T_/never-seen"])), "old");
    await handler.updateTags([paths[0]]);
    assert.equal(await handler.get("k", paths), undefined);
    assert.equal(await textOf(await handler.get("k", ["_N_T_/other"])), "old");
    await set(handler, "k", "new");
    assert.equal(await textOf(await handler.get("k", paths)), "new");
    await handler.updateTags([paths[0]], { expire: 300 });
    assert.equal(await textOf(await handler.get("k", paths)), "new");
    await handler.updateTags([paths[0]], { expire: 0 });
    assert.equal(await handler.get("k", paths), undefined);
  });
}

test("a path's revalidation outlives the memory it is kept in", async () => {
  const handler = nextCacheHandler(createCache({ stores: [memory({ maxEntries: 2 })] }));
  await set(handler, "k", "old");
  await handler.updateTags(["path"]);
  for (let nth = 0; nth < 10; nth += 1) await handler.updateTags([`other ${nth}`]);
  await set(handler, "k", "of before", { timestamp: now() - 60_000 });
  assert.equal(await handler.get("k", ["path"]), undefined);
});

test("more paths than are remembered end too much, never too little", async () => {
  const handler = nextCacheHandler(createCache());
  await handler.updateTags(["first"]);
  await set(handler, "k", "old", { timestamp: now() - 60_000 });
  assert.equal(await textOf(await handler.get("k", ["never"])), "old");
  await handler.updateTags(Array.from({ length: 10_000 }, (_, nth) => `tag ${nth}`));
  assert.equal(await handler.get("k", ["first"]), undefined);
  assert.equal(await handler.get("k", ["never"]), undefined);
});

test("a reader waits for the entry that is being made", async () => {
  const handler = nextCacheHandler(createCache());
  let begin;
  const setting = handler.set("k", new Promise((resolve) => (begin = resolve)));
  const reading = handler.get("k", []);
  begin(entryOf("made"));
  assert.equal(await textOf(await reading), "made");
  await setting;
});

test("a reader waits half a minute for one that is never made, and no longer", async () => {
  const timers = [];
  const clock = {
    now: () => 1_700_000_000_000,
    setTimeout: (task, delay) => timers.push({ task, delay }),
    clearTimeout: () => {},
  };
  const handler = nextCacheHandler(createCache({ clock }));
  void handler.set("k", new Promise(() => {}));
  const reading = handler.get("k", []);
  const timer = timers.find(({ delay }) => delay === 30_000);
  timer.task();
  assert.equal(await reading, undefined);
});

test("of two entries that are made at once the one begun later stays, whichever ends last", async () => {
  const orders = [
    ["old", "new"],
    ["new", "old"],
  ];
  for (const order of orders) {
    const handler = nextCacheHandler(createCache());
    const ends = {};
    const setting = ["old", "new"].map((name) =>
      handler.set("k", new Promise((resolve) => (ends[name] = resolve))),
    );
    for (const name of order) {
      ends[name](entryOf(name));
      await setting[["old", "new"].indexOf(name)];
    }
    assert.equal(await textOf(await handler.get("k", [])), "new", `${order}`);
    await set(handler, "k", "newest");
    assert.equal(await textOf(await handler.get("k", [])), "newest");
  }
});

test("an entry whose successor fails is kept", async () => {
  const handler = nextCacheHandler(createCache());
  let end;
  const older = handler.set("k", new Promise((resolve) => (end = resolve)));
  await handler.set("k", Promise.reject(new Error("rendering failed")));
  end(entryOf("old"));
  await older;
  assert.equal(await textOf(await handler.get("k", [])), "old");
});

test("what fails or breaks off is not kept, and what was there stays", async () => {
  const handler = nextCacheHandler(createCache());
  await set(handler, "k", "whole");
  await handler.set("k", Promise.reject(new Error("no")));
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new Error("cut"));
    },
  });
  await handler.set("k", Promise.resolve(entryOf("", { value: broken })));
  assert.equal(await textOf(await handler.get("k", [])), "whole");
});

test("an entry is stale from its revalidate on, and gone from its expire on", async () => {
  let time = now();
  const clock = { now: () => time };
  const handler = nextCacheHandler(createCache({ clock }));
  await set(handler, "k", "a", { timestamp: time, revalidate: 10, expire: 20 });
  time += 9_000;
  assert.equal((await handler.get("k", [])).revalidate, 10);
  time += 2_000;
  assert.equal((await handler.get("k", [])).revalidate, -1);
  time += 9_000;
  assert.equal(await handler.get("k", []), undefined);
  await set(handler, "late", "a", { timestamp: time - 30_000, revalidate: 10, expire: 20 });
  assert.equal(await handler.get("late", []), undefined);
});

test("another instance over the store has what one has made, and hears of revalidated tags", async () => {
  const store = recordsStore();
  let later = 0;
  const clock = { now: () => Date.now() + later };
  const [a, b] = [1, 2].map(() => nextCacheHandler(createCache({ stores: [store], clock })));
  await a.get("k", ["path"]);
  await set(a, "k", "of a", { tags: ["x"] });
  assert.equal(await textOf(await b.get("k", ["path"])), "of a");
  assert.equal(await textOf(await a.get("k", ["path"])), "of a");
  await b.updateTags(["path"]);
  assert.equal(await b.get("k", ["path"]), undefined);
  later += 1001;
  assert.equal(await a.get("k", ["path"]), undefined);
  assert.equal(await textOf(await a.get("k", [])), "of a");
  await b.updateTags(["x"]);
  assert.equal(await a.get("k", []), undefined);
});

test("a tag that another instance revalidates while an entry is made ends it", async () => {
  const store = recordsStore();
  const [a, b] = [1, 2].map(() => nextCacheHandler(createCache({ stores: [store] })));
  let begin;
  const setting = a.set("k", new Promise((resolve) => (begin = resolve)));
  await new Promise((resolve) => setImmediate(resolve));
  await b.updateTags(["x"]);
  begin(entryOf("old", { tags: ["x"] }));
  await setting;
  assert.equal(await a.get("k", []), undefined);
  assert.equal(await b.get("k", []), undefined);
});

test("planted records are misses", async () => {
  const cache = createCache();
  const handler = nextCacheHandler(cache);
  for (const planted of ["text", new Uint8Array(), new TextEncoder().encode('{"tags":1}\nx')]) {
    await cache.set("entry:k", planted);
    assert.equal(await handler.get("k", []), undefined);
  }
});

test("what is no cache is refused", () => {
  assert.throws(() => nextCacheHandler({}), { code: "E_CONFIG", message: /nextCacheHandler/ });
});
