// storeConformance accepts a store that does everything right, and finds what others do wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { storeConformance } from "holdover/testing";
import { WholeStore } from "./support/whole-store.mjs";

/** The cases of a kind of store, on a clock of its own. */
function casesOf(Kind, options) {
  let store;
  const make = () => {
    store = new Kind();
    return store;
  };
  return storeConformance(make, { advance: (millis) => store.advance(millis), ...options });
}

async function failures(Kind, options) {
  const failed = [];
  for (const { name, run } of await casesOf(Kind, options)) {
    await run().catch((error) => failed.push(`${name}: ${error.message}`));
  }
  return failed;
}

for (const { name, run } of await casesOf(WholeStore)) test(`a store that is right: ${name}`, run);

/** Broken stores, and the case that finds each out. */
const BROKEN = {
  "keeps the caller's bytes": {
    finds: /bytes changed after set/,
    Kind: class extends WholeStore {
      async set(key, record, { expiresIn }) {
        this.records.set(key, { record, ends: this.now + expiresIn });
      }
    },
  },
  "gives its own bytes away": {
    finds: /bytes changed after get/,
    Kind: class extends WholeStore {
      async get(key) {
        const kept = this.records.get(key);
        return kept !== undefined && this.now < kept.ends ? kept.record : undefined;
      }
    },
  },
  "keeps records as text": {
    finds: /bytes that are no UTF-8/,
    Kind: class extends WholeStore {
      set(key, record, options) {
        return super.set(key, Buffer.from(Buffer.from(record).toString()), options);
      }
    },
  },
  "takes an empty record for a miss": {
    finds: /a record of no bytes/,
    Kind: class extends WholeStore {
      async get(key) {
        const record = await super.get(key);
        return record?.length ? record : undefined;
      }
    },
  },
  "ignores expiresIn": {
    finds: /a record ends when it should/,
    Kind: class extends WholeStore {
      set(key, record) {
        return super.set(key, record, { expiresIn: Number.POSITIVE_INFINITY });
      }
    },
  },
  "loses what lives longer than a timer": {
    finds: /a record for 2\^31 ms/,
    Kind: class extends WholeStore {
      set(key, record, { expiresIn }) {
        const wrapped = expiresIn === Number.POSITIVE_INFINITY ? expiresIn : expiresIn | 0;
        return super.set(key, record, { expiresIn: wrapped });
      }
    },
  },
  "keeps keys in an object": {
    finds: /"__proto__"/,
    Kind: class extends WholeStore {
      own = {};
      async get(key) {
        const kept = this.own[key];
        return kept?.record && this.now < kept.ends ? kept.record.slice() : undefined;
      }
      async set(key, record, { expiresIn }) {
        this.own[key] = { record: record.slice(), ends: this.now + expiresIn };
      }
      async delete(key) {
        delete this.own[key];
      }
    },
  },
  "cuts long keys": {
    finds: /keys that look alike/,
    Kind: class extends WholeStore {
      get(key) {
        return super.get(key.slice(0, 512));
      }
      set(key, record, options) {
        return super.set(key.slice(0, 512), record, options);
      }
      delete(key) {
        return super.delete(key.slice(0, 512));
      }
    },
  },
  "makes UTF-8 of its keys": {
    finds: /keys that look alike/,
    Kind: class extends WholeStore {
      get(key) {
        return super.get(key.toWellFormed());
      }
      set(key, record, options) {
        return super.set(key.toWellFormed(), record, options);
      }
      delete(key) {
        return super.delete(key.toWellFormed());
      }
    },
  },
  "drops what was not found from getMany": {
    finds: /getMany: records in the order/,
    Kind: class extends WholeStore {
      async getMany(keys) {
        return (await super.getMany(keys)).filter((record) => record !== undefined);
      }
    },
  },
  "lets add look first and store later": {
    finds: /add: one of 20 at once/,
    Kind: class extends WholeStore {
      async add(key, record, options) {
        const there = await this.get(key);
        if (there !== undefined) return false;
        await this.set(key, record, options);
        return true;
      }
    },
  },
  "deletes without comparing": {
    finds: /compareAndDelete: drops the same record/,
    Kind: class extends WholeStore {
      async compareAndDelete(key) {
        return this.records.delete(key);
      }
    },
  },
  "stores without comparing": {
    finds: /compareAndSet: stores in place of the same record/,
    Kind: class extends WholeStore {
      async compareAndSet(key, _expected, record, options) {
        if ((await this.get(key)) === undefined) return false;
        await this.set(key, record, options);
        return true;
      }
    },
  },
  "lets compareAndSet read first and store later": {
    finds: /compareAndSet: one of 20 at once|compareAndSet: of 40 increments/,
    Kind: class extends WholeStore {
      async compareAndSet(key, expected, record, options) {
        const kept = await this.get(key);
        if (kept === undefined || Buffer.compare(kept, expected) !== 0) return false;
        await this.set(key, record, options);
        return true;
      }
    },
  },
  "keeps the old time in compareAndSet": {
    finds: /compareAndSet: the new record lives/,
    Kind: class extends WholeStore {
      async compareAndSet(key, expected, record, options) {
        const ends = this.records.get(key)?.ends;
        const done = await super.compareAndSet(key, expected, record, options);
        if (done) this.records.get(key).ends = ends;
        return done;
      }
    },
  },
  "lets increment read first and write later": {
    finds: /increment: 50 at once/,
    Kind: class extends WholeStore {
      async increment(key, by, options) {
        const before = this.counters.get(key);
        await undefined;
        this.counters.set(key, before);
        if (before === undefined) this.counters.delete(key);
        return super.increment(key, by, options);
      }
    },
  },
  "prolongs counters": {
    finds: /is not prolonged by counting/,
    Kind: class extends WholeStore {
      async increment(key, by, options) {
        const sum = await super.increment(key, by, options);
        this.counters.set(key, { sum, ends: this.now + options.expiresIn });
        return sum;
      }
    },
  },
  "takes the prefix of keys for a pattern": {
    finds: /keys: what patterns are made of/,
    Kind: class extends WholeStore {
      async keys(prefix) {
        const pattern = prefix.replace(/[.^${}()|\\]/g, "\\$&").replaceAll("*", ".*");
        const like = new RegExp(`^${pattern.replaceAll("?", ".").replaceAll("[a-z]", "[a]")}`);
        return [...this.records.keys()].filter((key) => like.test(key));
      }
    },
  },
  "clears everything": {
    finds: /clear: drops all that begin so/,
    Kind: class extends WholeStore {
      async clear() {
        this.records.clear();
      }
    },
  },
  "counts refusals in a sliding window": {
    finds: /window, sliding: after the period|window, sliding: each call/,
    Kind: class extends WholeStore {
      async window(key, options) {
        const state = await super.window(key, options);
        if (!state.admitted) this.windows.get(key).calls.push(this.now);
        return state;
      }
    },
  },
  "goes on hearing after it stopped": {
    finds: /several listeners/,
    Kind: class extends WholeStore {
      async subscribe(channel, listener) {
        await super.subscribe(channel, listener);
        return () => {};
      }
    },
  },
};

for (const [how, { Kind, finds }] of Object.entries(BROKEN)) {
  test(`a store that ${how} is found out`, async () => {
    const failed = await failures(Kind);
    assert.ok(
      failed.some((message) => finds.test(message)),
      failed.join("\n") || "nothing was found",
    );
  });
}

test("a capability that is expected and not there is found out", async () => {
  class Bare extends WholeStore {
    add = undefined;
  }
  assert.deepEqual(await failures(Bare, { capabilities: ["getMany", "add"] }), [
    "it has the capabilities it should have: no add",
  ]);
});
