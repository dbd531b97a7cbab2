// The memcached store against a real server.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createCache, memory } from "holdover";
import { memcached } from "holdover/stores/memcached";
import { storeConformance } from "holdover/testing";
import memjs from "memjs";
import { startMemcached } from "./support/servers.mjs";
import "./support/ends.mjs";

const { port, stop } = await startMemcached();
const client = memjs.Client.create(`127.0.0.1:${port}`, { logger: { log() {} } });
after(async () => {
  client.close();
  await stop();
});

// The server's own limit is 1 MiB with the key and a header.
const options = { lag: 2100, maxBytes: 2 ** 20 - 1024, capabilities: ["add"] };
for (const { name, run } of await storeConformance(() => memcached(client), options)) {
  test(`memcached: ${name}`, run);
}

test("a record above the server's limit fails, and the call goes on without it", async () => {
  const store = memcached(client);
  await assert.rejects(store.set("big", new Uint8Array(2 ** 20), { expiresIn: 1000 }));
  const events = [];
  const cache = createCache({ stores: [memory(), store], onEvent: (event) => events.push(event) });
  const big = "x".repeat(2 ** 20);
  const value = await cache.getOrLoad("big", () => big, { ttl: "1m" });
  assert.equal(value, big);
  await cache.set("big", big);
  assert.ok(events.some(({ type, operation }) => type === "store-error" && operation === "set"));
});

test("keys that a server shows are readable and within its limits", async () => {
  const shown = [];
  const spy = Object.assign(Object.create(client), { set: async (key) => shown.push(key) });
  const store = memcached(spy);
  for (const key of ["user:42", "a b", "a\nb", "", "ä".repeat(200), "k".repeat(251)]) {
    await store.set(key, new Uint8Array(), { expiresIn: 1000 });
  }
  assert.deepEqual(shown.slice(0, 4), [".user:42", ".a%20b", ".a%0ab", "."]);
  for (const key of shown) {
    assert.ok(Buffer.byteLength(key) <= 250 && Buffer.byteLength(key) > 0, key);
    assert.doesNotMatch(key, /[\s\p{Cc}]/u);
  }
});
