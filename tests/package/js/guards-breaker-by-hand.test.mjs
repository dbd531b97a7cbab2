// Circuit breakers by hand: their state, their events, opened, closed, restored. `breakerOf`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { breakerOf, circuitBreaker, rateLimit } from "holdover/guards";
import { RULES, storeOn } from "./support/guard-stage.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";

const KINDS = { own: false, shared: true };

/** Functions that load from an origin, one an instance, and what their breakers told. */
function stage({ isShared = false, rules = {}, instances = 1 }) {
  const clock = new ManualClock();
  const shared = isShared ? storeOn(clock) : undefined;
  const origin = { down: false };
  const made = Array.from({ length: instances }, () => {
    const told = [];
    const onEvent = ({ type, state, key, name }) => {
      if (type === "breaker") told.push([state, key, name].filter((one) => one !== "").join(" "));
    };
    const cache = createCache({ clock, onEvent });
    const guards = [circuitBreaker({ ...RULES, ...rules, ...(isShared && { shared }) })];
    const load = cache.wrap(
      async () => {
        if (origin.down) throw new Error("down");
        return "ok";
      },
      { ttl: 0, name: "user", key: "{0}", guards },
    );
    const code = async (key = "k") => {
      const settled = load(key).catch((error) => error.code ?? error.message);
      await drain();
      const result = await settled;
      await drain();
      return result;
    };
    return { cache, load, code, told };
  });
  return { clock, origin, shared, instances: made, ...made[0] };
}

const fail = async ({ origin, code }, key) => {
  origin.down = true;
  for (let nth = 0; nth < 4; nth += 1) assert.equal(await code(key), "down");
};

for (const [kind, isShared] of Object.entries(KINDS)) {
  test(`${kind}: its states are told, and told of when asked`, async () => {
    const it = stage({ isShared });
    const breaker = breakerOf(it.load);
    assert.deepEqual(await breaker.state(), { state: "closed" });
    await fail(it);
    assert.deepEqual(it.told, ["open user"]);
    const until = it.clock.now() + 30_000;
    assert.deepEqual(await breaker.state(), { state: "open", until });
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
    await it.clock.runTo(30_000);
    assert.deepEqual(await breaker.state(), { state: "half-open" });
    assert.equal(await it.code(), "down");
    assert.deepEqual(it.told, ["open user", "half-open user", "open user"]);
    await it.clock.runTo(60_000);
    it.origin.down = false;
    assert.equal(await it.code(), "ok");
    assert.deepEqual(it.told.slice(3), ["half-open user", "closed user"]);
    assert.deepEqual(await breaker.state(), { state: "closed" });
  });

  test(`${kind}: opened by hand it refuses, for openFor; closed by hand it admits`, async () => {
    const it = stage({ isShared });
    const breaker = breakerOf(it.load);
    await breaker.open();
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
    await it.clock.runTo(29_999);
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
    await it.clock.runTo(30_000);
    assert.equal(await it.code(), "ok");
    assert.deepEqual(await breaker.state(), { state: "closed" });
    await fail(it);
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
    await breaker.close();
    assert.deepEqual(await breaker.state(), { state: "closed" });
    assert.equal(await it.code(), "down", "it counts anew");
    assert.equal(await it.code(), "down");
  });

  test(`${kind}: closed by hand while it is closed it begins to count anew`, async () => {
    const it = stage({ isShared });
    it.origin.down = true;
    for (const _ of [1, 2, 3]) assert.equal(await it.code(), "down");
    await breakerOf(it.load).close();
    for (const _ of [1, 2, 3]) assert.equal(await it.code(), "down");
    assert.deepEqual(await breakerOf(it.load).state(), { state: "closed" });
    assert.equal(await it.code(), "down");
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
  });

  test(`${kind}: its state goes to another one`, async () => {
    const it = stage({ isShared });
    await fail(it);
    const kept = JSON.parse(JSON.stringify(await breakerOf(it.load).state()));
    await it.clock.runTo(10_000);
    const other = stage({ isShared });
    await other.clock.runTo(10_000);
    const breaker = breakerOf(other.load);
    await breaker.restore(kept);
    const open = { state: "open", until: other.clock.now() + 20_000 };
    assert.deepEqual(await breaker.state(), open);
    assert.equal(await other.code(), "E_CIRCUIT_OPEN");
    await other.clock.runTo(40_000);
    assert.equal(await other.code(), "ok");
    await breaker.restore({ state: "half-open" });
    assert.deepEqual(await breaker.state(), { state: "half-open" });
    await breaker.restore({ state: "open", until: other.clock.now() - 1 });
    assert.deepEqual(await breaker.state(), { state: "half-open" }, "its time is over");
    other.origin.down = true;
    assert.equal(await other.code(), "down");
    assert.equal(await other.code(), "E_CIRCUIT_OPEN");
    await breaker.restore({ state: "closed" });
    assert.equal(await other.code(), "down");
  });

  test(`${kind}: a health check that fails opens it, one that succeeds changes nothing`, async () => {
    const it = stage({ isShared });
    const breaker = breakerOf(it.load);
    assert.equal(await breaker.check(async () => {}), true);
    assert.equal(await it.code(), "ok");
    assert.equal(await breaker.check(() => Promise.reject(new Error("ill"))), false);
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
    assert.equal(await breaker.check(() => {}), true);
    assert.equal(await it.code(), "E_CIRCUIT_OPEN");
  });

  test(`${kind}: a breaker by key is one of a key`, async () => {
    const it = stage({ isShared, rules: { scope: "key" } });
    await fail(it, "a");
    assert.deepEqual(it.told, ["open a user"]);
    assert.equal((await breakerOf(it.load, "a").state()).state, "open");
    assert.equal((await breakerOf(it.load, "b").state()).state, "closed");
    await breakerOf(it.load, "b").open();
    assert.equal(await it.code("b"), "E_CIRCUIT_OPEN");
    assert.throws(() => breakerOf(it.load), /a key, as the breaker counts loads by it/);
    assert.throws(() => breakerOf(stage({ isShared }).load, "a"), /counts all loads together/);
  });
}

test("own: opened without an end it refuses until it is closed, and says so", async () => {
  const it = stage({});
  const breaker = breakerOf(it.load);
  await breaker.open({ for: Number.POSITIVE_INFINITY });
  assert.deepEqual(it.told, ["open user"]);
  await it.clock.runTo(365 * 86_400_000);
  assert.equal(await it.code(), "E_CIRCUIT_OPEN");
  const kept = JSON.parse(JSON.stringify(await breaker.state()));
  assert.equal(kept.until, 8.64e15);
  const other = stage({});
  await breakerOf(other.load).restore(kept);
  await other.clock.runTo(365 * 86_400_000);
  assert.equal(await other.code(), "E_CIRCUIT_OPEN");
  await breaker.open({ for: "5s" });
  await it.clock.runTo(it.clock.elapsed + 5000);
  assert.equal(await it.code(), "ok");
});

test("shared: opened in one instance it refuses in another", async () => {
  const it = stage({ isShared: true, instances: 2 });
  const [first, second] = it.instances;
  await breakerOf(first.load).open();
  assert.equal(await second.code(), "E_CIRCUIT_OPEN");
  assert.deepEqual(second.told, ["open user"]);
  await breakerOf(second.load).close();
  assert.equal(await first.code(), "ok");
  it.shared.state.down = true;
  await assert.rejects(breakerOf(first.load).state(), { code: "E_STORE" });
  await assert.rejects(breakerOf(first.load).open(), { code: "E_STORE" });
});

test("a load from before it was closed by hand does not open it", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const guards = [circuitBreaker({ ...RULES, minCalls: 1 })];
  const load = cache.wrap(
    async () => {
      await new Promise((resolve) => clock.setTimeout(resolve, 10));
      throw new Error("down");
    },
    { ttl: 0, guards },
  );
  const failing = assert.rejects(load(), /down/);
  await breakerOf(load).close();
  await clock.runTo(10);
  await failing;
  assert.deepEqual(await breakerOf(load).state(), { state: "closed" });
});

test("fetch, handlers and getOrLoad have breakers, too", async () => {
  const cache = createCache();
  const guards = [circuitBreaker(RULES)];
  const options = { ttl: 1000, guards };
  await breakerOf(cache, options).open();
  await assert.rejects(
    cache.getOrLoad("k", () => 1, options),
    { code: "E_CIRCUIT_OPEN" },
  );
  const get = cachedFetch(cache, { ttl: "1m", guards }, { fetch: async () => new Response("ok") });
  await breakerOf(get, "example.com").open();
  await assert.rejects(get("https://example.com/"), { code: "E_CIRCUIT_OPEN" });
  assert.equal(await (await get("https://example.org/")).text(), "ok");
  const handler = cachedHandler(cache, async () => new Response("ok"), { ttl: "1m", guards });
  const { state } = await breakerOf(handler, "example.com").state();
  assert.equal(state, "closed");
});

test("wrong arguments are named", async () => {
  const { load, cache } = stage({});
  const breaker = breakerOf(load);
  await assert.rejects(breaker.open({ for: "soon" }), {
    code: "E_CONFIG",
    message: /"for".*"soon"/,
  });
  await assert.rejects(breaker.open({ time: 1 }), { code: "E_CONFIG", message: /"time"/ });
  for (const state of [
    undefined,
    { state: "ajar" },
    { state: "open" },
    { state: "open", until: NaN },
  ])
    await assert.rejects(breaker.restore(state), { code: "E_CONFIG", message: /half-open/ });
  await assert.rejects(breaker.check("ping"), { code: "E_CONFIG", message: /"ping"/ });
  await assert.rejects(breakerOf(stage({ isShared: true }).load).open({ for: 1 }), /is shared/);
  const plain = cache.wrap(() => 1, { ttl: 1, guards: [rateLimit({ limit: 1, period: 1 })] });
  assert.throws(() => breakerOf(plain), /guards have a circuitBreaker/);
  assert.throws(() => breakerOf(() => {}), /a cache, as createCache\(\) makes it/);
});
