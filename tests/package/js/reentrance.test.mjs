// Loaders that ask for their own key are answered by a load of their own, at once.

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { memory } from "holdover";
import { many } from "holdover/batches";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import * as guard from "holdover/guards";
import { loadLock } from "holdover/locks";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";
import { SharedStore } from "./support/shared-store.mjs";

/** Settles what can settle without any time passing; fails for what then still waits. */
async function atOnce(promise) {
  const pending = Symbol("pending");
  const patience = async () => {
    for (let round = 0; round < 20; round += 1) await drain();
    return pending;
  };
  const result = await Promise.race([promise, patience()]);
  assert.notEqual(result, pending, "it waits for itself");
  return result;
}

const WAYS = {
  "before its first await": async () => {},
  "after many awaits": drain,
};

for (const [when, pause] of Object.entries(WAYS)) {
  for (const stores of ["memory", "a lower store"]) {
    const options = () => ({
      clock: new ManualClock(),
      ...(stores === "memory" ? {} : { stores: [memory(), new MapStore()] }),
    });

    test(`directly, ${when}, over ${stores}: the outer value is what is stored and shared`, async () => {
      const cache = createCache(options());
      let loads = 0;
      const get = cache.wrap(
        async () => {
          loads += 1;
          if (loads === 2) return "inner";
          await pause();
          return `outer of ${await get()}`;
        },
        { ttl: "1m", key: "k" },
      );
      const calls = [get(), get(), get()];
      assert.deepEqual(await atOnce(Promise.all(calls)), Array(3).fill("outer of inner"));
      assert.equal(await get(), "outer of inner");
      assert.equal(loads, 2);
      assert.equal(cache.stats().memory.flights, 0);
    });

    test(`from a to b to a, ${when}, over ${stores}`, async () => {
      const cache = createCache(options());
      const seen = [];
      const a = cache.wrap(
        async () => {
          seen.push("a");
          await pause();
          return seen.length > 2 ? "a within" : `a of ${await b()}`;
        },
        { ttl: "1m", key: "a" },
      );
      const b = cache.wrap(
        async () => {
          seen.push("b");
          await pause();
          return `b of ${await a()}`;
        },
        { ttl: "1m", key: "b" },
      );
      assert.equal(await atOnce(a()), "a of b of a within");
      assert.deepEqual(seen, ["a", "b", "a"]);
      assert.equal(await a.peek(), "a of b of a within");
      assert.equal(await b.peek(), "b of a within");
    });
  }
}

test("two loads that ask for each other's key, begun by different callers", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const loads = { a: 0, b: 0 };
  const load = (own, other) => async () => {
    loads[own] += 1;
    if (loads[own] > 1) return `${own} alone`;
    await drain();
    return `${own} of ${await (other === "a" ? a() : b())}`;
  };
  const a = cache.wrap(load("a", "b"), { ttl: "1m", key: "a" });
  const b = cache.wrap(load("b", "a"), { ttl: "1m", key: "b" });
  // Neither is within the other; each waits for the other one's load.
  const [first, second] = await atOnce(Promise.all([a(), b()]));
  assert.match(first, /^a of b/);
  assert.match(second, /^b of a/);
  assert.ok(loads.a + loads.b <= 4);
});

test("a call of a loader joins a load that does not wait for it", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let loads = 0;
  const slow = cache.wrap(
    () => {
      loads += 1;
      return new Promise((resolve) => clock.setTimeout(() => resolve("slow"), 100));
    },
    { ttl: "1m", key: "slow" },
  );
  const outer = cache.wrap(async (id) => `${id} ${await slow()}`, { ttl: "1m", key: "outer:{0}" });
  const calls = [slow(), outer(1), outer(2)];
  await clock.runTo(100);
  assert.deepEqual(await Promise.all(calls), ["slow", "1 slow", "2 slow"]);
  assert.equal(loads, 1);
});

test("through a second function with the same key", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const inner = cache.wrap(async () => "inner", { ttl: "1m", key: "k" });
  const outer = cache.wrap(
    async () => {
      await drain();
      return `outer of ${await inner()}`;
    },
    { ttl: "1m", key: "k" },
  );
  assert.equal(await atOnce(outer()), "outer of inner");
  assert.equal(await inner(), "outer of inner");
});

test("through getOrLoad, explain, with and origin-first", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const options = { ttl: "1m", mode: "origin-first" };
  const outer = await atOnce(
    cache.getOrLoad(
      "k",
      async () => {
        await drain();
        const inner = await cache.explain("k", () => "inner", options);
        return `outer of ${inner.value}, ${inner.source}`;
      },
      options,
    ),
  );
  assert.equal(outer, "outer of inner, load");
  let depth = 0;
  const get = cache.wrap(
    async () => {
      depth += 1;
      return depth > 1 ? "inner" : get.with({ signal: new AbortController().signal })();
    },
    { ttl: "1m" },
  );
  assert.equal(await atOnce(get()), "inner");
});

test("through many and loadMany: the other keys of the batch are loaded with it", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const batches = [];
  const get = cache.wrap(async (id) => `one ${id}`, {
    ttl: "1m",
    key: "{0}",
    loadMany: async (lists) => {
      const ids = lists.map(([id]) => id);
      batches.push(ids);
      await drain();
      if (batches.length > 1) return ids.map((id) => `inner ${id}`);
      const [own, other] = await many(get, [[ids[0]], ["new"]]);
      return ids.map((id) => (id === ids[0] ? `outer of ${own} and ${other}` : `plain ${id}`));
    },
  });
  const values = await atOnce(many(get, [["a"], ["b"]]));
  assert.deepEqual(values, ["outer of inner a and inner new", "plain b"]);
  assert.deepEqual(batches, [
    ["a", "b"],
    ["a", "new"],
  ]);
  // What was loaded within is stored where it is no part of another load of its key.
  assert.equal(await get.peek("new"), "inner new");
  assert.equal(await get.peek("a"), "outer of inner a and inner new");
});

test("refresh within its own load", async () => {
  const cache = createCache({ clock: new ManualClock() });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      const nth = loads;
      await drain();
      return nth === 1 ? `first of ${await get.refresh()}` : `load ${nth}`;
    },
    { ttl: "1m", key: "k" },
  );
  assert.equal(await atOnce(get()), "first of load 2");
  // The refresh began later: what it brought is the newer one.
  assert.equal(await get(), "load 2");
});

test("a refresh that asks for its own key", async () => {
  const cache = createCache({ clock: new ManualClock() });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      if (loads > 1) return "inner";
      await drain();
      return `outer of ${await get()}`;
    },
    { ttl: "1m", key: "k" },
  );
  assert.equal(await atOnce(get.refresh()), "outer of inner");
  assert.equal(await get(), "outer of inner");
});

test("two caches over one store with a lock: the load within needs no lock of its own", async () => {
  const clock = new ManualClock();
  const store = new SharedStore(clock);
  const policy = { ttl: "1m", key: "k", lock: loadLock({ ttl: 10_000 }) };
  const [one, other] = [0, 1].map(() => createCache({ clock, stores: [memory(), store] }));
  const inner = other.wrap(async () => "inner", policy);
  const outer = one.wrap(async () => {
    await drain();
    return `outer of ${await inner()}`;
  }, policy);
  assert.equal(await atOnce(outer()), "outer of inner");
  await drain();
  assert.equal(clock.armed, 0);
});

test("a handler around a fetch with the same keys", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const key = () => "same";
  const fetch = async () => new Response("origin", { headers: { "cache-control": "max-age=60" } });
  const cached = cachedFetch(cache, { key }, { fetch });
  const handle = cachedHandler(
    cache,
    async (request) => {
      await drain();
      const inner = await cached(request.url);
      return new Response(`handled ${await inner.text()}`, inner);
    },
    { key },
  );
  const response = await atOnce(handle(new Request("https://example.org/")));
  assert.equal(await response.text(), "handled origin");
});

test("guards are asked once for a load and those within it; a failure within is the loader's", async () => {
  const cache = createCache({ clock: new ManualClock() });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      if (loads === 2) throw new Error("inner failed");
      await drain();
      return get().catch(({ message }) => `outer, for ${message}`);
    },
    { ttl: "1m", guards: [guard.rateLimit({ limit: 1, period: "1m" })] },
  );
  assert.equal(await atOnce(get()), "outer, for inner failed");
  assert.equal(await get(), "outer, for inner failed");
});

test("a load within another one obeys timeout, and the caller's signal", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      if (loads > 1) return new Promise(() => {});
      const controller = new AbortController();
      const aborted = get
        .with({ signal: controller.signal })()
        .catch((error) => error.message);
      controller.abort(new Error("given up"));
      return `${await aborted}, ${await get().catch((error) => error.code)}`;
    },
    { ttl: "1m", timeout: 100 },
  );
  const call = get().catch((error) => error.code);
  await clock.runTo(200);
  // The inner one began in the same millisecond as the outer one, whose timer is older.
  assert.equal(await call, "E_TIMEOUT");
  assert.equal(clock.armed, 0);
});

test("a loader that asks for its key without an end fails soon, and with a clear error", async () => {
  const cache = createCache({ clock: new ManualClock() });
  for (const pause of Object.values(WAYS)) {
    let loads = 0;
    const get = cache.wrap(
      async () => {
        loads += 1;
        if (pause === drain) await undefined;
        return get();
      },
      { ttl: "1m", timeout: 1000 },
    );
    await assert.rejects(get(), (error) => {
      assert.equal(error.code, "E_REENTRANCE");
      assert.match(error.message, /ask for .* themselves/);
      return true;
    });
    assert.ok(loads > 10 && loads < 200, `${loads} loads`);
    assert.equal(cache.stats().memory.flights, 0);
  }
  assert.equal(cache.stats().traps, 0);
});

test("callers of one burst do not get what a call within the load gets", async () => {
  const cache = createCache({ clock: new ManualClock() });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      if (loads !== 2) return loads === 1 ? "first" : "inner";
      const inner = get();
      await drain();
      return `outer of ${await inner}`;
    },
    { ttl: 0, key: "k" },
  );
  // Once, so that callers of one burst may share a promise from now on.
  assert.equal(await get(), "first");
  const answers = await atOnce(Promise.all([get(), get(), get()]));
  assert.deepEqual(answers, Array(3).fill("outer of inner"));
});

test("without AsyncLocalStorage what is asked before the first await is known all the same", async () => {
  // A host without one: the module looks for it once, so this runs in a process of its own.
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const script = `
    delete process.getBuiltinModule;
    Object.defineProperty(process, "getBuiltinModule", { value: undefined });
    const { createCache } = await import("holdover");
    const cache = createCache();
    let loads = 0;
    const a = cache.wrap(async () => (loads++ > 0 ? "inner" : "outer of " + (await b())), { ttl: 1000, key: "a" });
    const b = cache.wrap(async () => "b of " + (await a()), { ttl: 1000, key: "b" });
    console.log(await a());
  `;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    cwd: new URL("../..", import.meta.url),
    timeout: 20_000,
  });
  assert.equal(stdout.trim(), "outer of b of inner");
});

test("with the class given to createCache, too", async () => {
  const cache = createCache({ clock: new ManualClock(), asyncLocalStorage: AsyncLocalStorage });
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      await drain();
      return loads > 1 ? "inner" : `outer of ${await get()}`;
    },
    { ttl: "1m" },
  );
  assert.equal(await atOnce(get()), "outer of inner");
});

test("a function that asks after a hundred quiet loads is followed from then on", async () => {
  const cache = createCache({ clock: new ManualClock() });
  const inner = cache.wrap(async (id) => id, { key: "inner:{0}", ttl: "1m" });
  let asks = false;
  let nested = false;
  const outer = cache.wrap(
    async (id) => {
      if (asks) await inner(id); // before its first await, where every load is known
      await drain();
      if (id !== "own" || nested) return id;
      nested = true;
      return `${await outer(id)}, twice`;
    },
    { key: "outer:{0}", ttl: "1m" },
  );
  for (let id = 0; id < 150; id += 1) await outer(id);
  asks = true;
  await outer("first");
  assert.equal(await atOnce(outer("own")), "own, twice");
});

test("an argument that asks for the key while it is looked at makes no second load", async () => {
  const cache = createCache();
  let loads = 0;
  const get = cache.wrap(
    async () => {
      loads += 1;
      return loads;
    },
    { key: (asked) => (asked === "first" ? "first" : "same"), ttl: "1m" },
  );
  // The first call of all goes another way.
  await get("first");
  let looks = 0;
  const asked = [];
  const argument = {
    get member() {
      looks += 1;
      // The first look finds no signal, the second one is when the slot was looked up already.
      if (looks === 2) asked.push(get("other"));
      return undefined;
    },
  };
  assert.equal(await get(argument), 2);
  assert.deepEqual([await Promise.all(asked), loads], [[2], 2]);
  assert.equal(cache.stats().memory.entries, 2);
});
