// Refreshes that hang delay nobody, and loads that nobody waits for keep nothing alive.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { memory } from "holdover";
import * as guard from "holdover/guards";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const PATIENCE = 1000;

/** A function whose nth load does what the list says: a number resolves after so long. */
function stage(plan, policy, options = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, ...options });
  const loads = [];
  const get = cache.wrap(
    () => {
      const after = plan[loads.length] ?? 0;
      loads.push(clock.elapsed);
      const value = `v${loads.length}`;
      if (after === "hangs") return new Promise(() => {});
      if (after === 0) return value;
      return new Promise((resolve) => clock.setTimeout(() => resolve(value), after));
    },
    { key: "k", ...policy },
  );
  /** A call, and when it was answered. */
  const call = async () => {
    const value = await get();
    return `${value} at ${clock.elapsed}`;
  };
  return { cache, clock, get, call, loads };
}

for (const timeout of [undefined, "10s"]) {
  const policy = { ttl: 1000, staleWhileRevalidate: 4000, timeout };
  const note = timeout === undefined ? "without timeout" : "with timeout";

  test(`${note}: a call that no entry can answer does not join a hung refresh`, async () => {
    const { clock, call, loads } = stage([0, "hangs"], policy);
    assert.equal(await call(), "v1 at 0");
    await clock.runTo(2000);
    assert.equal(await call(), "v1 at 2000");
    await clock.runTo(6000);
    assert.equal(await call(), "v3 at 6000");
    assert.deepEqual(loads, [0, 2000, 6000]);
  });

  test(`${note}: one that is young is joined, for a second at most`, async () => {
    const { clock, call, loads, cache } = stage([0, "hangs"], policy);
    await call();
    await clock.runTo(4900);
    await call();
    await clock.runTo(5100);
    const calls = Promise.all([call(), call()]);
    await clock.runTo(8000);
    const expected = `v3 at ${4900 + PATIENCE}`;
    assert.deepEqual(await calls, [expected, expected]);
    assert.deepEqual(loads, [0, 4900, 4900 + PATIENCE]);
    assert.equal(cache.stats().takeovers, 1);
  });

  test(`${note}: a young one that ends in time answers`, async () => {
    const { clock, call, loads } = stage([0, 500], policy);
    await call();
    await clock.runTo(4900);
    await call();
    await clock.runTo(5100);
    const late = call();
    await clock.runTo(8000);
    assert.equal(await late, "v2 at 5400");
    assert.deepEqual(loads, [0, 4900]);
  });

  test(`${note}: what a hung refresh brings at last does not overwrite what is newer`, async () => {
    const { clock, call, get } = stage([0, 5000], { ...policy, ttl: "1m" });
    await call();
    await clock.runTo(61_000);
    await call(); // begins a refresh that ends at 66 s
    await clock.runTo(65_000);
    assert.equal(await call(), "v3 at 65000");
    await clock.runTo(66_000);
    assert.equal(await get(), "v3");
  });
}

test("used-up hits: a hung refresh is waited for a second at most", async () => {
  const { clock, call } = stage([0, "hangs"], { ttl: "1h", hits: { max: 2, refreshAt: 1 } });
  await call();
  assert.equal(await call(), "v1 at 0");
  assert.equal(await call(), "v1 at 0");
  const late = call();
  await clock.runTo(5000);
  assert.equal(await late, `v3 at ${PATIENCE}`);
});

test("a stale record from below is renewed in the background: a hang there delays nobody", async () => {
  const store = new MapStore();
  const policy = { ttl: 1000, staleWhileRevalidate: 4000 };
  const clock = new ManualClock();
  const other = createCache({ clock, stores: [memory(), store] });
  await other.wrap(() => "v0", { ...policy, key: "k" })();
  await drain();
  const cache = createCache({ clock, stores: [memory(), store] });
  let loads = 0;
  const get = cache.wrap(() => (++loads === 1 ? new Promise(() => {}) : `v${loads}`), {
    ...policy,
    key: "k",
  });
  await clock.runTo(2000);
  assert.equal(await get(), "v0");
  await clock.runTo(6000);
  assert.equal(await get(), "v2");
});

test("calls that were given up leave no timer", async () => {
  for (const options of [{}, { stores: [memory(), new MapStore()] }]) {
    const clock = new ManualClock();
    const cache = createCache({ clock, ...options });
    const policy = {
      ttl: "1m",
      timeout: "3s",
      failoverAfter: "1s",
      staleIfError: "1h",
      name: "get",
    };
    const get = cache.wrap(() => new Promise(() => {}), policy);
    for (let nth = 0; nth < 1000; nth += 1) {
      const controller = new AbortController();
      const call = get.with({ signal: controller.signal })(nth);
      await Promise.resolve();
      if (nth % 2 === 0) await drain();
      controller.abort();
      await assert.rejects(call, { name: "AbortError" });
    }
    await drain();
    assert.equal(clock.armed, 0);
    assert.equal(cache.stats().memory.flights, 0);
  }
});

/** Half of how long the timers of what is left would run. */
const LATE_MS = 15_000;

/** Runs a script; how long its process lived after it printed "done". */
async function exitTime(body) {
  const script = `
    import { createCache, memory } from "holdover";
    const hang = () => new Promise(() => {});
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    ${body}
    const done = Date.now();
    process.on("exit", () => console.log(Date.now() - done));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script],
    { cwd: new URL("../..", import.meta.url), timeout: 60_000 },
  );
  return Number(stdout.trim().split("\n").at(-1));
}

const LEFT = {
  "a hung refresh": `
    let loads = 0;
    const get = createCache().wrap(() => (loads++ ? hang() : 1), { ttl: 1, staleWhileRevalidate: "1h", timeout: "30s" });
    await get(); await sleep(5); await get();`,
  "a load that was failed over": `
    let loads = 0;
    const get = createCache().wrap(() => (loads++ ? hang() : 1), { ttl: 1, staleIfError: "1h", failoverAfter: 5, timeout: "30s" });
    await get(); await sleep(5); await get();`,
  "a call that was given up": `
    const get = createCache().wrap(hang, { ttl: 1000, timeout: "30s" });
    await get.with({ signal: AbortSignal.timeout(5) })().catch(() => {});
    await sleep(10);`,
  "an anchored load whose caller gave up": `
    const get = createCache({ waitUntil() {} }).wrap(hang, { ttl: 1000, timeout: "30s" });
    const controller = new AbortController();
    const call = get.with({ signal: controller.signal })().catch(() => {});
    await sleep(5); controller.abort(); await call;`,
};

for (const [what, body] of Object.entries(LEFT)) {
  test(`${what} does not keep the process alive`, async () => {
    const time = await exitTime(body);
    assert.ok(time < LATE_MS, `it lived on for ${time} ms`);
  });
}

test("a caller that waits for a hung refresh keeps the process alive until it loads itself", async () => {
  const script = `
    import { createCache } from "holdover";
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    let loads = 0;
    const load = () => (++loads === 2 ? new Promise(() => {}) : "load " + loads);
    const get = createCache().wrap(load, { ttl: 1, staleWhileRevalidate: 700 });
    await get(); await sleep(5); await get(); await sleep(750);
    console.log(await get());
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "-e", script],
    { cwd: new URL("../..", import.meta.url), timeout: 60_000 },
  );
  assert.equal(stdout.trim(), "load 3");
});

test("a load that fails after its timeout has failed once", async () => {
  const clock = new ManualClock();
  const told = [];
  const onEvent = ({ type }) => told.push(type);
  const cache = createCache({ clock, stores: [memory()], onEvent });
  const load = () =>
    new Promise((_resolve, reject) => {
      clock.setTimeout(() => reject(new Error("late")), 200);
    });
  const circuitBreaker = { errorRate: 1, window: "1m", minCalls: 2, openFor: "1m" };
  const get = cache.wrap(load, {
    ttl: 1000,
    timeout: 100,
    key: "{0}",
    guards: [guard.circuitBreaker(circuitBreaker)],
  });
  for (const [key, code] of [
    ["a", "E_TIMEOUT"],
    ["b", "E_TIMEOUT"],
    ["c", "E_CIRCUIT_OPEN"],
  ]) {
    const failed = assert.rejects(get(key), { code });
    await clock.runFor(300);
    await failed;
  }
  assert.equal(told.filter((type) => type === "load-error").length, 2);
  assert.equal(cache.stats().failures, 2);
});
