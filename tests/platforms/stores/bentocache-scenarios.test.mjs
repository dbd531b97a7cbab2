// The scenarios that Bentocache has for its drivers, run against caches over our stores.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { registerCacheDriverTestSuite } from "bentocache/test_suite";
import { createCache, memory } from "holdover";
import { clear, deleteMany, deleteMatch } from "holdover/operations";
import { redis } from "holdover/stores/redis";
import { Redis as IoRedis } from "ioredis";
import { startRedis } from "./support/servers.mjs";
import "./support/ends.mjs";

/** How many scenarios there are: one that is lost is noticed. */
const SCENARIOS = 21;

const server = await startRedis();
// A database each, as all of them drop everything.
const clients = [0, 1].map((db) => new IoRedis(server.port, "127.0.0.1", { db }));
after(async () => {
  for (const client of clients) client.disconnect();
  await server.stop();
});

/** A cache as a driver: namespaces are beginnings of keys, as Bentocache has them. */
class Driver {
  #cache;
  #prefix;

  constructor(cache, prefix = "") {
    this.#cache = cache;
    this.#prefix = prefix;
  }

  namespace(name) {
    return new Driver(this.#cache, `${this.#prefix}${name}:`);
  }

  get(key) {
    return this.#cache.get(this.#prefix + key);
  }

  set(key, value, ttl = Number.POSITIVE_INFINITY) {
    return this.#cache.set(this.#prefix + key, value, { ttl });
  }

  delete(key) {
    return this.#cache.delete(this.#prefix + key);
  }

  async deleteMany(keys) {
    const deleted = await deleteMany(
      this.#cache,
      keys.map((key) => this.#prefix + key),
    );
    return deleted.every(Boolean);
  }

  async pull(key) {
    const value = await this.get(key);
    await this.delete(key);
    return value;
  }

  async clear() {
    if (this.#prefix === "") await clear(this.#cache);
    else await deleteMatch(this.#cache, `${this.#prefix}*`);
  }

  disconnect() {
    return this.#cache.close();
  }
}

/** What the scenarios use of japa's assertions. */
const asserted = {
  deepEqual: assert.deepStrictEqual,
  notEqual: assert.notStrictEqual,
  isTrue: (value) => assert.equal(value, true),
  isFalse: (value) => assert.equal(value, false),
  isUndefined: (value) => assert.equal(value, undefined),
};

/** What they use of its groups, as Node's runner has it. */
const group = {
  setup(begin) {
    let end;
    before(async () => {
      end = await begin();
    });
    after(() => end());
  },
  each: { teardown: (act) => afterEach(act) },
  // Only to lift japa's own limit of time.
  tap() {},
};

function runScenarios(name, stores) {
  let registered = 0;
  const scenario = (title, run) => {
    registered += 1;
    test(`${name}: ${title}`, async (context) => {
      await run({ assert: asserted, cleanup: (act) => context.after(act) });
    });
  };
  const createDriver = ({ prefix = "bentocache" } = {}) =>
    new Driver(createCache({ namespace: prefix, stores: stores() }));
  registerCacheDriverTestSuite({ test: scenario, group, createDriver });
  test(`${name}: all scenarios were run`, () => assert.equal(registered, SCENARIOS));
}

describe("Bentocache's scenarios", { concurrency: true }, () => {
  const stages = {
    memory: () => [memory()],
    Redis: () => [redis(clients[0])],
    "memory and Redis": () => [memory(), redis(clients[1])],
  };
  for (const [name, stores] of Object.entries(stages)) {
    describe(name, { concurrency: 1 }, () => runScenarios(name, stores));
  }
});
