// What shared isolates do to caches: requests that lead a load and vanish, requests that meet.
// `together` may run at the same time; `apart` one by one, after those.

import assert from "node:assert/strict";
import { arrived, ask, get, sleep, until } from "./client.mjs";
import { gate, LEASE_MS } from "./origin.mjs";

/** Long enough for a request to have reached the origin. */
const reached = (origin, path, times = 1) => until(() => origin.calls(path) >= times);

const json = (url) => {
  const answer = get(url).then(({ status, text, took }) => {
    assert.equal(status, 200, text);
    return { ...JSON.parse(text), took };
  });
  // A test that ends before it looks at an answer must not end the others.
  answer.catch(() => {});
  return answer;
};

export const together = {
  async "a leader that vanishes: its load is anchored and answers those who wait"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/vanish-a", () => ({ held }));
    const leader = ask(`${url}/fn/anchored/long/vanish-a`);
    await reached(origin, "/vanish-a");
    const follower = json(`${url}/fn/anchored/long/vanish-a`);
    await arrived(url, "/vanish-a", 2);
    leader.leave();
    await sleep(300);
    release();
    assert.equal((await follower).value, "/vanish-a#1");
    assert.equal((await json(`${url}/fn/anchored/long/vanish-a`)).source, "hit");
    assert.equal(origin.calls("/vanish-a"), 1);
  },

  async "a leader that vanishes before anybody else comes: its load is still stored"(stage) {
    const { origin, url } = stage;
    const { held, release } = gate();
    origin.answers("/vanish-b", () => ({ held }));
    const leader = ask(`${url}/fn/anchored/long/vanish-b`);
    await reached(origin, "/vanish-b");
    leader.leave();
    await sleep(300);
    release();
    await until(async () => (await json(`${url}/peek/anchored/long/vanish-b`)).value !== null);
    const { value, source } = await json(`${url}/fn/anchored/long/vanish-b`);
    assert.deepEqual([value, source], ["/vanish-b#1", "hit"]);
    assert.equal(origin.calls("/vanish-b"), 1);
  },

  async "a leader that vanishes and nothing is anchored: the lease ends, another takes over"(
    stage,
  ) {
    const { origin, url } = stage;
    origin.answers("/loose-a", (nth) => ({ delay: nth === 1 ? 60_000 : 100 }));
    const leader = ask(`${url}/fn/loose/plain/loose-a`);
    await reached(origin, "/loose-a");
    leader.leave();
    await sleep(50);
    const waiting = Array.from({ length: 10 }, () => json(`${url}/fn/loose/plain/loose-a`));
    for (const { value, took } of await Promise.all(waiting)) {
      assert.equal(value, "/loose-a#2");
      assert.ok(took < LEASE_MS + 10_000, `answered after ${took} ms; the lease is ${LEASE_MS}`);
    }
    assert.equal(origin.calls("/loose-a"), 2);
    assert.equal((await json(`${url}/fn/loose/plain/loose-a`)).source, "hit");
  },

  async "leaders that vanish one after the other: the last caller is still answered"(stage) {
    const { origin, url } = stage;
    origin.answers("/loose-b", (nth) => ({ delay: nth <= 2 ? 60_000 : 50 }));
    const first = ask(`${url}/call/loose/plain/loose-b`);
    await reached(origin, "/loose-b");
    first.leave();
    const second = ask(`${url}/call/loose/plain/loose-b`);
    await reached(origin, "/loose-b", 2);
    second.leave();
    const { value, took } = await json(`${url}/call/loose/plain/loose-b`);
    assert.equal(value, "/loose-b#3");
    assert.ok(took < LEASE_MS + 10_000, `answered after ${took} ms; the lease is ${LEASE_MS}`);
  },

  async "followers that vanish: the leader and the others do not notice"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/followers", () => ({ held }));
    const leader = json(`${url}/fn/loose/long/followers`);
    await reached(origin, "/followers");
    const leaving = Array.from({ length: 5 }, () => ask(`${url}/fn/loose/long/followers`));
    const staying = Array.from({ length: 5 }, () => json(`${url}/fn/loose/long/followers`));
    await arrived(url, "/followers", 11);
    for (const follower of leaving) follower.leave();
    await sleep(300);
    release();
    assert.equal((await leader).source, "load");
    for (const { value, source } of await Promise.all(staying)) {
      assert.deepEqual([value, source], ["/followers#1", "coalesced"]);
    }
    assert.equal(origin.calls("/followers"), 1);
  },

  async "a load that is anchored by hand outlives its request"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/by-hand", () => ({ held }));
    const leader = ask(`${url}/anchoredByHand/loose/long/by-hand`);
    await reached(origin, "/by-hand");
    leader.leave();
    await sleep(300);
    const follower = json(`${url}/fn/loose/long/by-hand`);
    await arrived(url, "/by-hand", 2);
    release();
    const { value } = await follower;
    assert.equal(value, "/by-hand#1");
    assert.equal(origin.calls("/by-hand"), 1);
  },

  async "requests at the same time are one load"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/burst", () => ({ held }));
    const asked = Array.from({ length: 50 }, () => json(`${url}/fn/anchored/long/burst`));
    await arrived(url, "/burst", 50);
    release();
    const answers = await Promise.all(asked);
    assert.ok(answers.every(({ value }) => value === "/burst#1"));
    assert.equal(origin.calls("/burst"), 1);
    assert.equal(answers.filter(({ source }) => source === "load").length, 1);
  },

  async "a load that fails fails all who wait, once"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/fails", () => ({ held, status: 503 }));
    const asked = Array.from({ length: 20 }, () => get(`${url}/fn/anchored/long/fails`));
    await arrived(url, "/fails", 20);
    release();
    const answers = await Promise.all(asked);
    for (const { status, text } of answers) {
      assert.deepEqual([status, text], [500, "Error: the origin says 503"]);
    }
    assert.equal(origin.calls("/fails"), 1);
  },

  async "a hit long after the leader's request ended"({ origin, url }) {
    for (const way of ["fn", "call"]) {
      const path = `/hit-${way}`;
      const values = [];
      for (let nth = 0; nth < 4; nth += 1) {
        values.push((await json(`${url}/${way}/anchored/long${path}`)).value);
        await sleep(20);
      }
      assert.deepEqual(values, Array(4).fill(`${path}#1`));
      assert.equal(origin.calls(path), 1);
    }
  },

  async "a background refresh really refreshes"({ origin, url }) {
    const path = "/refreshed";
    origin.answers(path, (nth) => ({ delay: nth === 1 ? 0 : 150 }));
    await json(`${url}/fn/anchored/refreshed${path}`);
    await sleep(150);
    const stale = await json(`${url}/fn/anchored/refreshed${path}`);
    assert.deepEqual([stale.value, stale.source], [`${path}#1`, "stale"]);
    await reached(origin, path, 2);
    await until(async () => {
      const { value } = await json(`${url}/call/anchored/refreshed${path}`);
      return value !== `${path}#1`;
    });
  },

  async "failover while the origin is slow; its late answer refreshes"({ origin, url }) {
    const path = "/slow";
    const { held, release } = gate();
    origin.answers(path, (nth) => (nth === 1 ? {} : { held }));
    await json(`${url}/fn/anchored/originFirst${path}`);
    const late = await json(`${url}/fn/anchored/originFirst${path}`);
    assert.deepEqual([late.value, late.source], [`${path}#1`, "failover"]);
    release();
    await until(async () => {
      const { value } = await json(`${url}/fn/anchored/originFirst${path}`);
      return value !== `${path}#1`;
    });
  },

  async "held over while the origin fails"({ origin, url }) {
    const path = "/down";
    origin.answers(path, (nth) => (nth === 1 ? {} : { status: 500 }));
    await json(`${url}/fn/anchored/heldOver${path}`);
    await sleep(100);
    const held = await json(`${url}/fn/anchored/heldOver${path}`);
    assert.deepEqual([held.value, held.source], [`${path}#1`, "error-fallback"]);
    assert.match(held.error, /the origin says 500/);
  },

  async "many keys, many requests, many that vanish: everybody who stays is answered"(stage) {
    const { origin, url } = stage;
    const keys = Array.from({ length: 10 }, (_, nth) => `/storm-${nth}`);
    for (const key of keys) origin.answers(key, () => ({ delay: 300 }));
    const staying = [];
    const leaving = [];
    for (let round = 0; round < 6; round += 1) {
      for (const key of keys) {
        const target = `${url}/fn/${round % 2 === 0 ? "loose" : "anchored"}/crowded${key}`;
        if (round % 3 === 0) leaving.push(ask(target));
        else staying.push(json(target));
      }
      await sleep(20);
    }
    await sleep(100);
    for (const { leave } of leaving) leave();
    for (const { value } of await Promise.all(staying)) assert.match(value, /^\/storm-\d#\d+$/);
  },
};

export const apart = {
  async "createCache at module scope, where time stands still; nothing is compiled"({ url }) {
    const facts = await json(`${url}/facts/anchored`);
    assert.equal(facts.startedAt, 0);
    assert.equal(facts.compiled, 0);
    assert.ok(!facts.events.includes("unavailable"));
    assert.equal(facts.stats.traps, 0);
    assert.equal(facts.stats.memory.flights, 0, "flights that nobody ended");
  },

  async "a core that traps is replaced from the module, and caching goes on"({ origin, url }) {
    await json(`${url}/fn/anchored/long/trapped`);
    await json(`${url}/breakIt/anchored`);
    const values = [];
    for (let nth = 0; nth < 4; nth += 1) {
      values.push((await json(`${url}/call/anchored/long/trapped`)).value);
    }
    // Once for the call that finds the core dead, once more to be stored anew.
    assert.deepEqual(values, ["/trapped#2", "/trapped#3", "/trapped#3", "/trapped#3"]);
    assert.equal(origin.calls("/trapped"), 3);
    const { compiled, stats } = await json(`${url}/facts/anchored`);
    assert.deepEqual([compiled, stats.traps], [0, 1]);
    assert.ok((await json(`${url}/trap/anchored`)).isTrap);
  },
};
