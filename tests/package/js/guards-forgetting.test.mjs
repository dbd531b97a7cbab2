// Guards by key or host are bounded; what refuses nothing is forgotten first, a ban or an open
// breaker in force never.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createCache } from "holdover";
import * as guard from "holdover/guards";
import { ManualClock } from "./support/manual-clock.mjs";

/** More keys than a guard knows. */
const OTHERS = 12_000;

function stage(policy) {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const origin = { down: false, loads: 0 };
  const load = cache.wrap(
    async (key) => {
      origin.loads += 1;
      if (origin.down) throw new Error("down");
      return key;
    },
    { ttl: 0, key: "{0}", ...policy },
  );
  const ask = (key) =>
    load(key).then(
      () => "ok",
      (error) => error.code ?? error.message,
    );
  const askOthers = async (most = OTHERS) => {
    for (let other = 0; other < most; other += 1) await ask(`other ${other}`);
  };
  return { clock, origin, ask, askOthers };
}

for (const [kind, policy, until] of [
  [
    "a ban",
    { guards: [guard.rateLimit({ limit: 5, period: "1m", ban: "1h", scope: "key" })] },
    "1h",
  ],
  [
    "a used-up window",
    { guards: [guard.rateLimit({ limit: 5, period: "1h", scope: "key" })] },
    "1h",
  ],
  [
    "a sliding window",
    { guards: [guard.rateLimit({ limit: 5, period: "1h", algorithm: "sliding", scope: "key" })] },
  ],
  [
    "a limit on calls",
    { guards: [guard.rateLimit({ limit: 5, period: "1h", count: "calls", scope: "key" })] },
  ],
]) {
  test(`${kind} is kept while 12,000 other keys come: ${until ?? "for the period"}`, async () => {
    const { ask, askOthers } = stage(policy);
    const codes = [];
    for (let call = 0; call < 6; call += 1) codes.push(await ask("mallory"));
    assert.deepEqual(codes, [..."ok ok ok ok ok E_RATE_LIMITED".split(" ")]);
    await askOthers();
    assert.equal(await ask("mallory"), "E_RATE_LIMITED");
  });
}

test("an open breaker is kept while 12,000 other keys come, and closes afterwards", async () => {
  const circuitBreaker = { errorRate: 1, window: "1m", minCalls: 1, openFor: "1h", scope: "key" };
  const { clock, origin, ask, askOthers } = stage({
    guards: [guard.circuitBreaker(circuitBreaker)],
  });
  origin.down = true;
  assert.equal(await ask("bad"), "down");
  origin.down = false;
  await askOthers();
  assert.equal(await ask("bad"), "E_CIRCUIT_OPEN");
  await clock.runFor(3_600_000);
  assert.equal(await ask("bad"), "ok");
});

test("slow calls in force are kept while 12,000 other keys come", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const slowCalls = { samples: 1, openFor: "1h", scope: "key" };
  let takes = 1;
  const load = cache.wrap(
    async () => {
      if (takes > 0) await clock.runFor(takes);
    },
    { ttl: 0, key: "{0}", guards: [guard.slowCalls(slowCalls)] },
  );
  await load("slow");
  takes = 100;
  await load("slow");
  takes = 0;
  await assert.rejects(load("slow"), { code: "E_SLOW_CALLS" });
  for (let other = 0; other < OTHERS; other += 1) await load(`other ${other}`);
  await assert.rejects(load("slow"), { code: "E_SLOW_CALLS" });
});

test("of those that refuse nothing the least recently used go first", async () => {
  const { ask } = stage({ guards: [guard.rateLimit({ limit: 3, period: "1h", scope: "key" })] });
  assert.equal(await ask("busy"), "ok");
  for (let other = 0; other < 9000; other += 1) await ask(`other ${other}`);
  assert.equal(await ask("busy"), "ok");
  for (let other = 9000; other < 14_000; other += 1) await ask(`other ${other}`);
  assert.deepEqual([await ask("busy"), await ask("busy")], ["ok", "E_RATE_LIMITED"]);
});

test("the result of a load whose guards were forgotten is not another key's", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  const circuitBreaker = { errorRate: 1, window: "1h", minCalls: 1, openFor: "1h", scope: "key" };
  const ends = [];
  const load = cache.wrap(
    (key) =>
      key.startsWith("hang") ? new Promise((_, reject) => ends.push(reject)) : Promise.resolve(key),
    { ttl: 0, key: "{0}", guards: [guard.circuitBreaker(circuitBreaker)] },
  );
  const hanging = Array.from({ length: 4 }, (_, nth) => load(`hang ${nth}`).catch(() => {}));
  for (let other = 0; other < OTHERS; other += 1) await load(`other ${other}`);
  for (const reject of ends) reject(new Error("down"));
  await Promise.all(hanging);
  for (let other = OTHERS - 5000; other < OTHERS; other += 1) {
    assert.equal(await load(`other ${other}`), `other ${other}`);
  }
});
