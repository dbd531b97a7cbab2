// What has to work in every test runner, with its fake timers on. They never run by themselves: what
// the cache does by itself must not wait for them, and what is timed must wait for nothing else.

import { many } from "holdover/batches";

/**
 * @param holdover the package's exports
 * @param runner `test`, `expect`, and its timers: `use()`, `real()`, `advance(ms)`, `setTime(date)`
 */
export function timerCases({ createCache, memory }, { test, expect, timers }) {
  const faked = (name, body) =>
    test(name, async () => {
      timers.use();
      try {
        await body();
      } finally {
        timers.real();
      }
    });

  faked("a batch settles", async () => {
    const one = createCache().wrap(async (id) => id * 2, { key: "{0}", ttl: "1m" });
    expect(await many(one, [[1], [2]])).toEqual([2, 4]);
    const loads = [];
    const loadMany = async (lists) => {
      loads.push(lists.length);
      return lists.map(([id]) => id * 3);
    };
    const together = createCache().wrap(async (id) => id, { key: "{0}", ttl: "1m", loadMany });
    expect(await many(together, [[1], [2], [3]])).toEqual([3, 6, 9]);
    expect(loads).toEqual([3]);
  });

  faked("evictions are told", async () => {
    const evicted = [];
    const onEvent = ({ type, key }) => type === "evict" && evicted.push(key);
    const cache = createCache({ stores: [memory({ maxEntries: 2 })], onEvent });
    for (const key of ["a", "b", "c"]) await cache.set(key, 1);
    await Promise.resolve();
    expect(evicted).toEqual(["a"]);
  });

  faked("callers of one turn share an answer, callers of later turns get their own", async () => {
    let end;
    const cache = createCache();
    const load = (id) =>
      id === 0 ? Promise.resolve(0) : new Promise((resolve) => (end = resolve));
    const wrapped = cache.wrap(load, { key: "{0}", ttl: "1m" });
    // Answers are shared once the function is known to give what can be.
    await wrapped(0);
    const get = () => wrapped(1);
    const first = get();
    await Promise.resolve();
    const together = [get(), get()];
    expect(together[0]).toBe(together[1]);
    await Promise.resolve();
    await Promise.resolve();
    const later = get();
    expect(later).not.toBe(together[0]);
    end(1);
    expect(await Promise.all([first, ...together, later])).toEqual([1, 1, 1, 1]);
  });

  faked("a ttl ends when the clock is moved, however many hits came before", async () => {
    let loads = 0;
    const get = createCache().wrap(async () => ++loads, { key: "k", ttl: "1h" });
    for (let nth = 0; nth < 200; nth += 1) await get();
    timers.setTime(Date.now() + 2 * 3_600_000);
    expect(await get()).toBe(2);
    await timers.advance(2 * 3_600_000);
    expect(await get()).toBe(3);
  });

  faked("a timeout comes when the time is advanced, and not before", async () => {
    const get = createCache().wrap(() => new Promise(() => {}), {
      key: "k",
      ttl: 1,
      timeout: "5s",
    });
    let code;
    get().catch((error) => {
      code = error.code;
    });
    await timers.advance(4_900);
    expect(code).toBe(undefined);
    await timers.advance(200);
    expect(code).toBe("E_TIMEOUT");
  });

  faked("a stale entry is served while a refresh runs, which needs no timer", async () => {
    let loads = 0;
    const policy = { key: "k", ttl: "1m", staleWhileRevalidate: "1h" };
    const get = createCache().wrap(async () => ++loads, policy);
    await get();
    await timers.advance(120_000);
    expect(await get()).toBe(1);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    expect(await get()).toBe(2);
  });

  test("a clock that was replaced is seen at once, and so is its return", async () => {
    let loads = 0;
    const get = createCache().wrap(async () => ++loads, { key: "k", ttl: "1h" });
    for (let nth = 0; nth < 200; nth += 1) await get();
    const real = Date.now;
    Date.now = () => real() + 2 * 3_600_000;
    expect(await get()).toBe(2);
    Date.now = real;
    expect(await get()).toBe(2);
  });
}
