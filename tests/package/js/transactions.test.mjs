// `transaction`: what its operations see, what the cache has at its end, and when it is given up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { lock } from "holdover/locks";
import { increment, ttl } from "holdover/operations";
import { TransactionError, transaction } from "holdover/transactions";
import { createCache } from "./support/caches.mjs";
import { drain, ManualClock } from "./support/manual-clock.mjs";
import { PLACES, stage } from "./support/places.mjs";
import { settled } from "./support/transaction-model.mjs";
import { WholeStore } from "./support/whole-store.mjs";

const MODES = ["fast", "locked", "serializable"];

/** A promise that is settled by hand. */
function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

for (const place of Object.keys(PLACES)) {
  for (const mode of MODES) {
    const name = `${place}, ${mode}`;

    test(`${name}: changes are seen inside at once, outside at the end`, async () => {
      const { cache } = PLACES[place]();
      await cache.set("a", 1);
      await cache.set("b", 2);
      const result = await transaction(
        cache,
        async (tx) => {
          assert.equal(await tx.set("a", 10, { ttl: "1h" }), true);
          assert.equal(await tx.delete("b"), true);
          assert.equal(await tx.delete("none"), false);
          assert.equal(await tx.increment("n", 2), 2);
          assert.equal(await tx.increment("n"), 3);
          assert.equal(await tx.add("a", 0), false);
          assert.equal(await tx.add("c", 3), true);
          assert.equal(await tx.replace("b", 0), false);
          assert.equal(await tx.replace("c", 4), true);
          assert.deepEqual(await tx.getMany(["a", "b", "c", "n"]), [10, undefined, 4, 3]);
          assert.deepEqual([await tx.has("b"), await tx.has("c")], [false, true]);
          assert.deepEqual([await cache.get("a"), await cache.get("b")], [1, 2]);
          assert.deepEqual([await cache.get("c"), await cache.get("n")], [undefined, undefined]);
          return "done";
        },
        { mode },
      );
      assert.equal(result, "done");
      assert.deepEqual([await cache.get("a"), await cache.get("b")], [10, undefined]);
      assert.deepEqual([await cache.get("c"), await cache.get("n")], [4, 3]);
      assert.equal(await ttl(cache, "a"), 3_600_000);
    });

    test(`${name}: an error drops all of it, and is thrown as it is`, async () => {
      const { cache } = PLACES[place]();
      await cache.set("a", 1);
      const failing = transaction(
        cache,
        async (tx) => {
          await tx.set("a", 2);
          await tx.delete("a");
          await tx.increment("n");
          throw undefined;
        },
        { mode },
      );
      assert.equal(
        await failing.then(
          () => "no",
          (error) => error,
        ),
        undefined,
      );
      assert.deepEqual([await cache.get("a"), await cache.get("n")], [1, undefined]);
      await transaction(cache, (tx) => tx.set("a", 3), { mode, timeout: 1000 });
      assert.equal(await cache.get("a"), 3, "its locks are free");
    });

    test(`${name}: tags are invalidated at the end, and inside at once`, async () => {
      const { cache } = PLACES[place]();
      await cache.set("old", 1, { tags: ["t"] });
      await transaction(
        cache,
        async (tx) => {
          await tx.set("before", 2, { tags: ["t"] });
          await tx.invalidateTags("t");
          await tx.set("after", 3, { tags: ["t"] });
          assert.deepEqual(await tx.getMany(["old", "before", "after"]), [undefined, undefined, 3]);
          assert.equal(await cache.get("old"), 1);
        },
        { mode },
      );
      assert.deepEqual([await cache.get("old"), await cache.get("before")], [undefined, undefined]);
      assert.equal(await cache.get("after"), 3);
    });

    test(`${name}: one within another is part of it, or dropped alone`, async () => {
      const { cache } = PLACES[place]();
      await cache.set("t", 1, { tags: ["t"] });
      await transaction(
        cache,
        async (tx) => {
          await tx.set("a", 1);
          await tx.increment("n");
          await tx.transaction(async (inner) => {
            assert.equal(await inner.get("a"), 1);
            assert.equal(await inner.increment("a"), 2);
            assert.equal(await inner.increment("n", 5), 6);
            await inner.invalidateTags(["t"]);
          });
          assert.deepEqual(await tx.getMany(["a", "n", "t"]), [2, 6, undefined]);
          const fails = tx.transaction(async (inner) => {
            await inner.delete("a");
            await inner.set("n", 0);
            assert.deepEqual(await inner.getMany(["a", "n"]), [undefined, 0]);
            throw new Error("inner");
          });
          await assert.rejects(fails, /inner/);
          assert.deepEqual(await tx.getMany(["a", "n"]), [2, 6]);
        },
        { mode },
      );
      assert.deepEqual([await cache.get("a"), await cache.get("n")], [2, 6]);
      assert.equal(await cache.get("t"), undefined);
    });
  }

  test(`${place}: steps of others between the read and the end are not lost`, async () => {
    const { cache } = PLACES[place]();
    await increment(cache, "n", 10);
    await transaction(cache, async (tx) => {
      assert.equal(await tx.increment("n"), 11);
      await increment(cache, "n", 100);
    });
    assert.equal(await cache.get("n"), 111);
  });

  test(`${place}: rollback drops what was done so far, and it goes on`, async () => {
    const { cache } = PLACES[place]();
    await transaction(cache, async (tx) => {
      await tx.set("a", 1);
      tx.rollback();
      await tx.set("b", 2);
    });
    assert.deepEqual([await cache.get("a"), await cache.get("b")], [undefined, 2]);
  });

  test(`${place}: an operation that nobody awaited is part of it`, async () => {
    const { cache } = PLACES[place]();
    const work = (tx) => void tx.set("a", Promise.resolve(1));
    await transaction(cache, work, { mode: "locked" });
    assert.equal(await cache.get("a"), 1);
  });

  test(`${place}: after its end its operations are refused`, async () => {
    const { cache } = PLACES[place]();
    const tx = await transaction(cache, (own) => own);
    await assert.rejects(tx.set("a", 1), { code: "E_CLOSED", message: /over/ });
    await assert.rejects(
      tx.transaction(() => 1),
      { code: "E_CLOSED" },
    );
    assert.equal(await cache.get("a"), undefined);
  });

  test(`${place}: one that takes too long is given up, and stores nothing`, async () => {
    for (const mode of MODES) {
      const { cache, clock } = PLACES[place]();
      const hangs = transaction(
        cache,
        async (tx) => {
          await tx.set("a", 1);
          await new Promise((resolve) => tx.signal.addEventListener("abort", resolve));
          await assert.rejects(tx.set("a", 2), { code: "E_CLOSED" });
        },
        { mode, timeout: "5s" },
      );
      const failed = assert.rejects(hangs, { code: "E_TIMEOUT", message: /5000 ms/ });
      await clock.runTo(5000);
      await failed;
      const next = transaction(cache, (tx) => tx.set("b", 1), { mode, timeout: 100 });
      await clock.runTo(5100);
      await next;
      assert.deepEqual([await cache.get("a"), await cache.get("b")], [undefined, 1]);
    }
  });
}

test("locked: a key is one transaction's at a time, others are free", async () => {
  const { cache, other, clock } = stage();
  const gate = deferred();
  const first = transaction(
    cache,
    async (tx) => {
      const value = (await tx.get("a")) ?? 0;
      await gate.promise;
      await tx.set("a", value + 1);
    },
    { mode: "locked" },
  );
  await drain();
  let entered = false;
  const plus = async (tx) => {
    await tx.set("a", ((await tx.get("a")) ?? 0) + 1);
    entered = true;
  };
  const second = transaction(other, plus, { mode: "locked" });
  await transaction(other, (tx) => tx.set("b", 1), { mode: "locked" });
  await clock.runTo(2000);
  assert.equal(entered, false);
  gate.resolve();
  await clock.runTo(9000);
  await Promise.all([first, second]);
  assert.equal(await other.get("a"), 2);
});

test("serializable: one at a time, whatever its keys", async () => {
  const { cache, other, clock } = stage();
  let running = 0;
  let most = 0;
  const work = (nth) => async (tx) => {
    running += 1;
    most = Math.max(most, running);
    await tx.set(`k${nth}`, nth);
    await undefined;
    running -= 1;
  };
  const all = Array.from({ length: 8 }, (_, nth) =>
    transaction(nth % 2 ? cache : other, work(nth), { mode: "serializable", timeout: "1m" }),
  );
  await settled(clock, Promise.all(all));
  assert.equal(most, 1);
});

test("two that want each other's keys are given up in time, and store nothing", async () => {
  const { cache, other, clock } = stage();
  const gate = deferred();
  const crossing = (own, first, second) =>
    transaction(
      own,
      async (tx) => {
        await tx.set(first, 1);
        await gate.promise;
        await tx.set(second, 1);
      },
      { mode: "locked", timeout: "3s" },
    );
  const both = [crossing(cache, "a", "b"), crossing(other, "b", "a")];
  await drain();
  gate.resolve();
  const ended = Promise.allSettled(both);
  await clock.runTo(4000);
  for (const { reason } of await ended)
    assert.ok(["E_LOCK_TIMEOUT", "E_TIMEOUT"].includes(reason?.code), `${reason}`);
  for (const key of ["a", "b"]) assert.equal(await cache.get(key), undefined);
  const next = transaction(cache, (tx) => tx.getMany(["a", "b"]), { mode: "locked", timeout: 100 });
  await clock.runTo(4200);
  await next;
});

test("two that name their keys never wait for each other in a circle", async () => {
  const { cache, other, clock } = stage();
  const crossing = (own, keys) =>
    transaction(
      own,
      async (tx) => {
        for (const key of keys) await tx.set(key, 1);
      },
      { mode: "locked", keys, timeout: "20s" },
    );
  await settled(clock, Promise.all([crossing(cache, ["a", "b"]), crossing(other, ["b", "a"])]));
  assert.equal(await cache.get("a"), 1);
  await assert.rejects(
    transaction(cache, () => 1, { keys: "a" }),
    { code: "E_CONFIG" },
  );
  await assert.rejects(
    transaction(cache, () => 1, { keys: [1] }),
    { code: "E_CONFIG" },
  );
});

test("locked: what it reads is the store's, however old the memory is", async () => {
  const { cache, other } = stage();
  await cache.set("a", 1);
  assert.equal(await other.get("a"), 1);
  await cache.set("a", 2);
  assert.equal(await other.get("a"), 1, "no messages here");
  await transaction(other, async (tx) => assert.equal(await tx.get("a"), 2), { mode: "locked" });
});

test("a lock that was lost meanwhile: nothing is applied", async () => {
  const { cache, clock } = stage();
  const gate = deferred();
  const work = async (tx) => {
    await tx.set("a", 1);
    await gate.promise;
  };
  const held = transaction(cache, work, { mode: "locked", timeout: "5s" });
  await drain();
  clock.elapsed += 60_000; // the process stands still, and its timers with it
  gate.resolve();
  await assert.rejects(held, { code: "E_TIMEOUT" });
  assert.equal(await cache.get("a"), undefined);
});

test("an application's own lock of a key is none of a transaction", async () => {
  const { cache } = stage();
  const held = await lock(cache, "a", { ttl: "1h" });
  await transaction(cache, (tx) => tx.set("a", 1), { mode: "locked" });
  assert.equal(await cache.get("a"), 1);
  await held.release();
});

test("memory alone: nobody sees some of the changes without the others", async () => {
  const cache = createCache();
  let ended = false;
  const work = async (tx) => {
    await tx.set("a", 1, { tags: ["t"] });
    await tx.set("b", 1);
    await tx.increment("c");
  };
  const done = transaction(cache, work).then(() => {
    ended = true;
  });
  while (!ended) {
    const seen = ["a", "b", "c"].map((key) => cache.entries.held(key, true)?.value);
    assert.ok(new Set(seen).size === 1, `${seen}`);
    await undefined;
  }
  await done;
});

test("a store that fails half-way: what is applied and what is not is told", async () => {
  const clock = new ManualClock();
  const whole = new WholeStore();
  const set = whole.set.bind(whole);
  let isDown = true;
  whole.set = (key, ...rest) =>
    isDown && key.endsWith("b") ? Promise.reject(new Error("full")) : set(key, ...rest);
  const cache = createCache({ clock, stores: [memory(), whole] });
  isDown = false;
  await cache.set("b", "old");
  isDown = true;
  const failing = transaction(cache, async (tx) => {
    await tx.set("a", 1);
    await tx.set("b", 2);
    await tx.delete("c");
  });
  await assert.rejects(failing, (error) => {
    assert.ok(error instanceof TransactionError);
    assert.deepEqual([error.code, error.name], ["E_STORE", "TransactionError"]);
    assert.deepEqual([error.applied, error.failed], [["a", "c"], ["b"]]);
    assert.match(error.message, /1 of 3/);
    return true;
  });
  assert.equal(await cache.get("a"), 1);
  assert.equal(await cache.get("b"), undefined, "the old value is not used any more");
  await clock.runTo(60_000);
  assert.equal(whole.records.has("b"), false, "and is dropped");
});

test("a value that no store can keep fails the transaction, by its key", async () => {
  const { cache } = stage();
  const failing = transaction(cache, async (tx) => {
    await tx.set("a", 1);
    await tx.set("b", 1n);
  });
  await assert.rejects(failing, { name: "TransactionError", failed: ["b"], applied: ["a"] });
});

test("a store that is down: under locks nothing is done, without them only what is written", async () => {
  const { cache, shared, clock } = stage();
  shared.down.add("*");
  const ran = [];
  for (const mode of ["locked", "serializable"]) {
    const failing = transaction(cache, (tx) => tx.set("a", ran.push(mode)), { mode });
    await assert.rejects(failing, { code: "E_STORE" });
  }
  await assert.rejects(
    transaction(cache, (tx) => tx.set("a", 1)),
    { failed: ["a"] },
  );
  await clock.runTo(1);
});

test("an invalidation by somebody else ends what was set before it", async () => {
  const { cache } = stage();
  const { invalidateTags } = await import("holdover/tags");
  await transaction(cache, async (tx) => {
    await tx.set("a", 1, { tags: ["t"] });
    await invalidateTags(cache, "t");
  });
  assert.equal(await cache.get("a"), undefined);
});

test("while writes are switched off nothing is stored, and it says so", async () => {
  const { cache } = stage();
  await cache.set("a", 1);
  const off = cache.disable();
  await transaction(cache, async (tx) => {
    assert.equal(await tx.get("a"), undefined);
    assert.equal(await tx.set("a", 2), false);
    assert.equal(await tx.increment("n"), 1);
  });
  off.enable();
  assert.deepEqual([await cache.get("a"), await cache.get("n")], [1, undefined]);
});

test("wrong arguments are told by name", async () => {
  const cache = createCache();
  await assert.rejects(
    transaction({}, () => 1),
    { code: "E_CONFIG" },
  );
  await assert.rejects(transaction(cache, 1), { message: /work.*a function/ });
  for (const mode of ["slow", null, Number.NaN]) {
    const wanted = { code: "E_CONFIG", message: /"mode".*fast, locked, serializable/ };
    await assert.rejects(
      transaction(cache, () => 1, { mode }),
      wanted,
    );
  }
  for (const timeout of [0, -1, Number.NaN, "soon", null])
    await assert.rejects(
      transaction(cache, () => 1, { timeout }),
      /"timeout"/,
    );
  await assert.rejects(
    transaction(cache, () => 1, { mod: "fast" }),
    /did you mean "mode"/,
  );
  await transaction(cache, async (tx) => {
    await assert.rejects(tx.get(1), { code: "E_CONFIG" });
    await assert.rejects(tx.set("a", 1, { tll: 1 }), { code: "E_CONFIG" });
    await tx.set("a", "text");
    await assert.rejects(tx.increment("a"), { code: "E_CONFIG", message: /a number/ });
    await assert.rejects(tx.invalidateTags(""), { code: "E_CONFIG" });
  });
  await cache.close();
  await assert.rejects(
    transaction(cache, () => 1),
    { code: "E_CLOSED" },
  );
});
