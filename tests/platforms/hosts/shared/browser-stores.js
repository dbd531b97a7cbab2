// The stores of browsers, and what only they can get wrong.

import { cacheStorage } from "holdover/stores/cache-storage";
import { indexedDb } from "holdover/stores/indexed-db";
import { same } from "./check.js";
import { storeTests } from "./conformance.js";

const LONG = { expiresIn: 3_600_000 };

export async function browserStoreTests(host) {
  const database = `indexed-${host}`;
  return [
    ...(await storeTests("indexedDb", () => indexedDb({ name: database }), {
      capabilities: [
        "add",
        "compareAndDelete",
        "compareAndSet",
        "increment",
        "window",
        "keys",
        "clear",
        "getMany",
      ],
    })),
    ...(await storeTests("cacheStorage", () => cacheStorage({ name: `caches-${host}` }), {
      capabilities: ["keys", "clear", "subscribe", "publish"],
    })),
    ...databaseTests(`own-${host}`),
  ];
}

function deleteDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the store does not let go of its database"));
  });
}

function databaseTests(name) {
  const test = (what, run) => ({ name: `indexedDb: ${what}`, run });
  return [
    test("lets others delete the database, and goes on with a new one", async () => {
      const store = indexedDb({ name });
      await store.set("a", Uint8Array.of(1), LONG);
      await deleteDatabase(name);
      same(await store.get("a"), undefined, "the record");
      await store.set("a", Uint8Array.of(2), LONG);
      same((await store.get("a"))[0], 2, "a record set again");
      await store.close();
    }),
    test("records stay when the store is closed and opened", async () => {
      const store = indexedDb({ name });
      await store.set("b", Uint8Array.of(3), LONG);
      await store.close();
      same((await store.get("b"))[0], 3, "the same store");
      same((await indexedDb({ name }).get("b"))[0], 3, "another store");
    }),
    test("drops what is over, a few at a time", async () => {
      const store = indexedDb({ name: `${name}-sweep` });
      for (let at = 0; at < 20; at += 1) {
        await store.set(`over${at}`, Uint8Array.of(1), { expiresIn: 1 });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (let at = 0; at < 60; at += 1) await store.set("kept", Uint8Array.of(1), LONG);
      await store.set("last", Uint8Array.of(1), LONG);
      await store.close();
      same(await rowsOf(`${name}-sweep`), 2, "rows in the database");
    }),
    test("tells of a version it cannot read instead of hanging", async () => {
      const newer = await new Promise((resolve, reject) => {
        const request = indexedDB.open(`${name}-newer`, 99);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      newer.close();
      const error = await indexedDb({ name: `${name}-newer` })
        .get("a")
        .catch((thrown) => thrown);
      same(error?.name, "VersionError", "what it is rejected with");
    }),
  ];
}

function rowsOf(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const count = request.result.transaction("records").objectStore("records").count();
      count.onsuccess = () => {
        request.result.close();
        resolve(count.result);
      };
    };
  });
}
