// Messages to other instances are bounded, however many keys or tags a change has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { deleteMany, peek } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { createCache } from "./support/caches.mjs";
import { drain } from "./support/manual-clock.mjs";
import { MapStore } from "./support/map-store.mjs";

const MOST = 1000;
const LONGEST = 262_144;
const MILLION = 10 ** 6;
/** As many as machines that are busy delete in a moment; messages know no other number. */
const MANY = 20_000;

/** A store that takes everything, keeps nothing, and passes messages on. */
class Radio extends MapStore {
  listeners = new Set();
  messages = 0;
  longest = 0;
  most = 0;
  told = 0;

  get() {}

  set() {}

  deleteMany() {}

  add() {
    return true;
  }

  setMany() {}

  getMany(keys) {
    return keys.map(() => undefined);
  }

  subscribe(_channel, listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(_channel, message) {
    const { keys, tags } = JSON.parse(message);
    const count = (keys ?? tags ?? []).length;
    this.messages += 1;
    this.told += count;
    this.most = Math.max(this.most, count);
    this.longest = Math.max(this.longest, message.length);
    for (const listener of this.listeners) listener(message);
  }
}

function stage() {
  const radio = new Radio();
  const events = [];
  const make = () => {
    const onEvent = (event) => events.push(event);
    return createCache({ stores: [memory(), radio], onEvent });
  };
  const told = () => events.filter(({ type }) => type === "corrupt" || type === "store-error");
  return { radio, one: make(), two: make(), told };
}

for (const [what, count, keyOf] of [
  ["20,000 keys", MANY, (nth) => `key ${nth}`],
  ["1000 keys of 10,240 characters", 1000, (nth) => `${nth} ${"k".repeat(10_240)}`],
  ["10,000 keys of what JSON escapes", 10_000, (nth) => `${nth} ${"\u0001".repeat(50)}`],
]) {
  test(`${what} are told in messages of a bounded length, and all are heard`, async () => {
    const { radio, one, two, told } = stage();
    const keys = Array.from({ length: count }, (_, nth) => keyOf(nth));
    const seen = [keys[0], keys[count >> 1], keys.at(-1)];
    for (const key of [...seen, "other"]) await two.set(key, 1, { ttl: "1h" });
    radio.told = 0;
    await deleteMany(one, keys);
    await drain();
    assert.equal(radio.told, count);
    assert.ok(radio.most <= MOST, `${radio.most} in one message`);
    assert.ok(radio.longest <= LONGEST, `${radio.longest} characters`);
    for (const key of seen) assert.equal(await peek(two, key), undefined);
    assert.equal(await peek(two, "other"), 1);
    assert.deepEqual(told(), []);
  });
}

test("20,000 tags are told in messages of a bounded length, and all are heard", async () => {
  const { radio, one, two } = stage();
  const tags = Array.from({ length: MANY }, (_, nth) => `tag ${nth}`);
  await two.set("first", 1, { ttl: "1h", tags: [tags[0]] });
  await two.set("last", 1, { ttl: "1h", tags: [tags.at(-1)] });
  await two.set("other", 1, { ttl: "1h", tags: ["other"] });
  radio.told = 0;
  await invalidateTags(one, tags);
  await drain();
  assert.equal(radio.told, MANY);
  assert.ok(radio.most <= MOST, `${radio.most} in one message`);
  assert.ok(radio.longest <= LONGEST, `${radio.longest} characters`);
  assert.deepEqual(await Promise.all(["first", "last"].map((key) => peek(two, key))), [
    undefined,
    undefined,
  ]);
});

test("a message that is longer is not read: memory is emptied, and it is told once", async () => {
  const { radio, two, told } = stage();
  await two.set("a", 1, { ttl: "1h" });
  const { parse } = JSON;
  let longest = 0;
  JSON.parse = (text, ...rest) => {
    longest = Math.max(longest, text.length);
    return parse(text, ...rest);
  };
  try {
    const keys = Array.from({ length: MILLION }, (_, nth) => `key ${nth}`);
    const message = JSON.stringify({ from: "somebody", keys });
    for (const listener of radio.listeners) listener(message);
  } finally {
    JSON.parse = parse;
  }
  assert.equal(longest, 0);
  assert.equal(two.stats().memory.entries, 0);
  assert.deepEqual(
    told().map(({ type, operation, error }) => [type, operation, error.code]),
    [["corrupt", "subscribe", "E_CODEC"]],
  );
});
