// What can be read only once is neither stored nor shared: each caller has a load of its own.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { memory } from "holdover";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const text = async (stream) => {
  let all = "";
  for await (const chunk of stream)
    all += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
  return all;
};

/** What a function gives, and how it is read. */
const KINDS = {
  "a Response": [() => new Response("body"), (response) => response.text()],
  "a ReadableStream": [() => new Blob(["body"]).stream(), text],
  "a stream of Node's": [() => Readable.from(["body"]), text],
  "an async generator": [
    async function* () {
      yield "body";
    },
    text,
  ],
  "a generator": [
    function* () {
      yield "body";
    },
    (values) => [...values].join(""),
  ],
  "a list of responses": [() => [new Response("body")], ([response]) => response.text()],
  "an object with a stream in it": [
    () => ({ status: 200, body: new Blob(["body"]).stream() }),
    ({ body }) => text(body),
  ],
};

/** Runs with the console's warnings in a list. */
async function warnings(act) {
  const { warn } = console;
  const texts = [];
  console.warn = (message) => texts.push(message);
  try {
    await act();
  } finally {
    console.warn = warn;
  }
  return texts;
}

for (const [kind, [make, read]] of Object.entries(KINDS)) {
  for (const how of ["returned", "thrown"]) {
    test(`${kind}, ${how}: every caller can read one`, async () => {
      const clock = new ManualClock();
      const store = new MapStore();
      const events = [];
      const cache = createCache({
        clock,
        stores: [memory(), store],
        onEvent: (event) => events.push(event),
      });
      let loads = 0;
      const get = cache.wrap(
        async function load() {
          loads += 1;
          await drain();
          if (how === "thrown") throw await make();
          return make();
        },
        { ttl: "1h", errorTtl: "1h", name: "load" },
      );
      const answer = () => get().catch((thrown) => thrown);
      const texts = await warnings(async () => {
        for (let round = 0; round < 2; round += 1) {
          const answers = await Promise.all([answer(), answer(), answer()]);
          for (const one of answers) assert.equal(await read(one), "body");
          assert.equal(await read(await answer()), "body");
        }
      });
      assert.equal(loads, 8);
      assert.equal(store.records.size, 0);
      assert.equal(await get.peek(), undefined);
      assert.equal(cache.stats().memory.flights, 0);
      assert.equal(texts.length, 1, "said once");
      assert.match(texts[0], /cachedFetch/);
      assert.ok(events.some(({ type }) => type === "read-once"));
    });
  }
}

test("callers of one burst who share a promise elsewhere", async () => {
  const cache = createCache();
  const get = cache.wrap(async () => new Response("body"), { ttl: "1h" });
  await warnings(async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    for (const response of answers) assert.equal(await response.text(), "body");
  });
});

test("what can be read again is cached", async () => {
  class Collection {
    async *[Symbol.asyncIterator]() {
      yield "body";
    }
  }
  const values = [
    new Collection(),
    new Map([[1, 2]]),
    new Blob(["x"]),
    [1, 2],
    { next: 1 },
    "text",
  ];
  for (const value of values) {
    const cache = createCache();
    let loads = 0;
    const get = cache.wrap(
      async () => {
        loads += 1;
        return value;
      },
      { ttl: "1h" },
    );
    assert.equal(await get(), value);
    assert.equal(await get(), value);
    assert.equal(loads, 1);
  }
});

test("an older entry stands in for a thrown response", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let down = false;
  const get = cache.wrap(
    async () => {
      await drain();
      if (down) throw new Response("down", { status: 503 });
      return "good";
    },
    { ttl: 10, staleIfError: "1h" },
  );
  assert.equal(await get(), "good");
  down = true;
  await clock.runTo(100);
  await warnings(async () => {
    assert.deepEqual(await Promise.all([get(), get()]), ["good", "good"]);
  });
});
