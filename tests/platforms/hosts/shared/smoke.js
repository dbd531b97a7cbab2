// What an application does first, in every host: real timers, a real origin, the packed package.

import { cachedFetch } from "holdover/fetch";
import { customStore } from "holdover/stores/custom";
import { rejection, same } from "./check.js";

let run = 0;

async function asked(origin, path) {
  return Number(await (await fetch(`${origin}/asked${path}`)).text());
}

/** Callers have a body before it is stored, by a moment. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

/**
 * @param holdover the package's exports
 * @param origin the address of the tests' origin
 * @param host tells hosts apart that share an origin
 */
export function smokeTests({ createCache, memory, isHoldoverError }, origin, host) {
  run += 1;
  const pathOf = (kind, name) => `/${kind}/${host}-${run}/${name}`;
  const test = (name, body) => ({ name, run: body });
  return [
    test("a wrapped function is called once, and told apart by its arguments", async () => {
      let calls = 0;
      const load = createCache().wrap(async (id) => `${id}:${++calls}`, { ttl: "1m" });
      same(await load(1), "1:1", "the first call");
      same(await load(1), "1:1", "the second call");
      same(await load(2), "2:2", "another argument");
      same((await load.explain(1)).source, "hit", "its source");
    }),
    test("100 calls at once share one load", async () => {
      let calls = 0;
      const slow = () => new Promise((resolve) => setTimeout(() => resolve(++calls), 20));
      const load = createCache().wrap(slow, { ttl: "1m" });
      const values = await Promise.all(Array.from({ length: 100 }, () => load()));
      same(new Set(values).size, 1, "different values");
      same(calls, 1, "loads");
    }),
    test("the last good value is held over while loads fail", async () => {
      let now = 1e12;
      let fails = false;
      const cache = createCache({ clock: { now: () => now } });
      const load = cache.wrap(
        async () => {
          if (fails) throw new Error("down");
          return "good";
        },
        { ttl: "1s", staleIfError: "1h" },
      );
      same(await load(), "good", "the first call");
      fails = true;
      now += 60_000;
      const { value, source } = await load.explain();
      same(value, "good", "the value held over");
      same(source, "error-fallback", "its source");
      now += 2 * 3_600_000;
      same((await rejection(load(), "after the window")).message, "down", "the loader's own error");
    }),
    test("a timeout of the policy ends a load that hangs", async () => {
      const load = createCache().wrap(() => new Promise(() => {}), { ttl: "1m", timeout: 30 });
      same((await rejection(load(), "the call")).code, "E_TIMEOUT", "its code");
    }),
    test("who aborts leaves alone", async () => {
      const slow = (_signal) => new Promise((resolve) => setTimeout(resolve, 50, "done"));
      const load = createCache().wrap(slow, { ttl: "1m", key: "slow" });
      const leaving = new AbortController();
      const left = load(leaving.signal);
      const staying = load();
      leaving.abort();
      same((await rejection(left, "who left")).name, "AbortError", "its error");
      same(await staying, "done", "who stayed");
    }),
    test("a cached fetch asks the origin once", async () => {
      const path = pathOf("counted", "a");
      const cached = cachedFetch(createCache());
      const texts = [];
      for (let nth = 0; nth < 3; nth += 1) {
        const response = await cached(`${origin}${path}`);
        texts.push(await response.text());
        await settled();
        if (nth > 0) same(/hit/.test(response.headers.get("cache-status")), true, "Cache-Status");
      }
      same(texts.join(), Array(3).fill(`${path} 1`).join(), "the answers");
      same(await asked(origin, path), 1, "requests at the origin");
    }),
    test("a cached fetch answers while the origin fails", async () => {
      let now = 1e12;
      const path = pathOf("flaky", "a");
      const cache = createCache({ clock: { now: () => now } });
      const cached = cachedFetch(cache, { ttl: "1m", staleIfError: "1d" });
      await (await cached(`${origin}${path}`)).text();
      await settled();
      now += 3_600_000;
      const response = await cached(`${origin}${path}`);
      same(response.status, 200, "the status");
      same(await response.text(), `${path} 1`, "the answer held over");
      same(await asked(origin, path), 2, "requests at the origin");
    }),
    test("entries go to a lower store, and come back from it in another cache", async () => {
      const records = new Map();
      const store = customStore({
        get: (key) => records.get(key),
        set: (key, record) => records.set(key, record),
        delete: (key) => records.delete(key),
      });
      const wrapped = (value) =>
        createCache({ stores: [memory(), store] }).wrap(async () => value, { ttl: "1m", key: "k" });
      same((await wrapped({ n: 1 })()).n, 1, "the first cache");
      await settled();
      same((await wrapped({ n: 2 })()).n, 1, "the second cache");
    }),
    test("a wrong option is refused by name", async () => {
      let error;
      try {
        createCache().wrap(async () => 1, { ttl: "soon" });
      } catch (thrown) {
        error = thrown;
      }
      same(error?.code, "E_CONFIG", "the code");
      same(isHoldoverError(error), true, "isHoldoverError");
      same(error.message.includes("ttl"), true, "the option is named");
    }),
  ];
}
