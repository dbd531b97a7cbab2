// Bodies that are just being received: all together they are bounded, and nothing is lost for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch } from "holdover/fetch";
import { Receiving, receivingOf } from "../../internal.mjs";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { settled } from "./support/stage.mjs";

const MEGABYTE = 2 ** 20;
const ROOM = 32 * MEGABYTE;

/** An origin whose bodies the test writes, a megabyte at a time. */
function stage(stores) {
  const clock = new ManualClock();
  const cache = createCache({ clock, stores });
  const begun = new Map();
  const origin = async ({ url }) => {
    const sent = { pulled: 0, calls: (begun.get(url)?.calls ?? 0) + 1 };
    const body = new ReadableStream({
      start(controller) {
        sent.write = () => controller.enqueue(new Uint8Array(MEGABYTE));
        sent.end = () => controller.close();
      },
    });
    begun.set(url, sent);
    return new Response(body, { headers: { "cache-control": "max-age=60" } });
  };
  const fetchCached = cachedFetch(cache, {}, { fetch: origin });
  const receiving = receivingOf(cache.driver.host.memory);
  const free = () => {
    const share = { bytes: 0, at: clock.now() };
    let megabytes = 0;
    while (receiving.take(share, MEGABYTE, clock.now())) megabytes += 1;
    receiving.end(share);
    return megabytes;
  };
  return { clock, cache, begun, fetchCached, free };
}

const url = (nth) => `http://origin.test/${nth}`;

test("what is received at once is bounded; what finds no room is handed out, and not kept", async () => {
  const { fetchCached, begun, free } = stage([memory({ maxBytes: ROOM })]);
  const all = Array.from({ length: 10 }, (_, nth) => nth);
  const texts = [];
  for (const nth of all) {
    texts.push((await fetchCached(url(nth))).arrayBuffer());
    for (let part = 0; part < 4; part += 1) {
      begun.get(url(nth)).write();
      await settled();
    }
  }
  assert.equal(free(), 0);
  for (const nth of all) begun.get(url(nth)).end();
  for (const body of await Promise.all(texts)) assert.equal(body.byteLength, 4 * MEGABYTE);
  await settled();
  assert.equal(free(), 32, "all is given back");
  let hits = 0;
  for (const nth of all) {
    const { response } = await fetchCached.explain(url(nth));
    if (begun.get(url(nth)).calls === 1) hits += 1;
    else await response.body.cancel();
  }
  // The memory is for 32 MB, of which the last bytes are heads and keys.
  assert.ok(hits >= 6 && hits <= 8, `${hits} are kept`);
});

test("of what is too long to keep, a slow caller's part has its room until it is taken", async () => {
  const { fetchCached, begun, free } = stage([memory({ maxBytes: ROOM })]);
  const begin = async (nth) => {
    const reader = (await fetchCached(url(nth))).body.getReader();
    const write = async (megabytes) => {
      for (let part = 0; part < megabytes; part += 1) {
        begun.get(url(nth)).write();
        await settled();
      }
    };
    return { reader, write };
  };
  const { reader, write } = await begin(0);
  await write(4);
  for (let part = 0; part < 3; part += 1) await reader.read();
  assert.equal(free(), 28, "it may be kept");
  await write(7);
  assert.equal(free(), 25, "it is too long, and seven of its parts have not been taken");
  for (let part = 0; part < 8; part += 1) await reader.read();
  assert.equal(free(), 32);
  const other = await begin(1);
  await other.write(12);
  assert.equal(free(), 22);
  await other.reader.cancel();
  assert.equal(free(), 32, "nor has one that is left");
});

test("bodies that fail or are left give their room back", async () => {
  const { clock, fetchCached, begun, free } = stage([new MapStore()]);
  assert.equal(free(), 32, "also without memory()");
  const response = await fetchCached(url("left"));
  begun.get(url("left")).write();
  await settled();
  assert.equal(free(), 31);
  await response.body.cancel();
  await clock.runTo(11_000);
  await settled();
  assert.equal(free(), 32);
});

test("a larger memory has more room, and what vanished is forgotten where room is wanted", async () => {
  const { clock, fetchCached, begun, free } = stage([memory({ maxBytes: 2 * ROOM })]);
  assert.equal(free(), 64);
  await fetchCached(url("vanished"));
  begun.get(url("vanished")).write();
  await settled();
  assert.equal(free(), 63);
  clock.elapsed += 61_000; // its timers ended with its request
  assert.equal(free(), 64);
});

test("a body that was taken for vanished, and goes on, gives back no more room than it has", () => {
  const most = 32 * 2 ** 20;
  const receiving = new Receiving(0);
  const slow = { bytes: 0, at: 0 };
  const other = { bytes: 0, at: 0 };
  assert.equal(receiving.take(slow, most, 0), true);
  assert.equal(
    receiving.take(other, most - 1, 60_001),
    true,
    "its room is another's after a minute",
  );
  assert.equal(receiving.take(slow, 1, 60_002), true);
  assert.equal(receiving.take(slow, 1, 60_003), false);
  receiving.end(slow);
  assert.equal(receiving.take(slow, 1, 60_004), true);
  assert.equal(receiving.take(slow, 1, 60_005), false, "and there is no more of it than before");
});
