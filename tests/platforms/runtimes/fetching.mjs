// `cachedFetch` on workerd: responses and their streams belong to one request each.

import assert from "node:assert/strict";
import { arrived, ask, get, sleep, until } from "./client.mjs";
import { gate, LEASE_MS } from "./origin.mjs";

const STORABLE = { "cache-control": "max-age=60" };
const statusOf = ({ headers }) => headers["cache-status"];

export const together = {
  async "fetch: requests at the same time are one load, and each gets a body"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/f-burst", () => ({ held, headers: STORABLE }));
    const asked = Array.from({ length: 50 }, () => get(`${url}/fetch/anchored/long/f-burst`));
    await arrived(url, "/f-burst", 50);
    release();
    const answers = await Promise.all(asked);
    assert.ok(answers.every(({ text }) => text === "/f-burst#1"));
    assert.equal(origin.calls("/f-burst"), 1);
    assert.equal(answers.filter((answer) => /collapsed/.test(statusOf(answer))).length, 49);
    const hit = await get(`${url}/fetch/anchored/long/f-burst`);
    assert.equal(hit.text, "/f-burst#1");
    assert.match(statusOf(hit), /^holdover; hit; ttl=\d+$/);
  },

  async "fetch: a leader that vanishes, anchored"({ origin, url }) {
    const { held, release } = gate();
    origin.answers("/f-vanish-a", () => ({ held, headers: STORABLE }));
    const leader = ask(`${url}/fetch/anchored/long/f-vanish-a`);
    await until(() => origin.calls("/f-vanish-a") === 1);
    const follower = get(`${url}/fetch/anchored/long/f-vanish-a`);
    await arrived(url, "/f-vanish-a", 2);
    leader.leave();
    await sleep(300);
    release();
    assert.equal((await follower).text, "/f-vanish-a#1");
    assert.match(statusOf(await get(`${url}/fetch/anchored/long/f-vanish-a`)), /; hit;/);
    assert.equal(origin.calls("/f-vanish-a"), 1);
  },

  async "fetch: a leader that vanishes, not anchored"({ origin, url }) {
    origin.answers("/f-vanish-b", (nth) => ({ delay: nth === 1 ? 60_000 : 50, headers: STORABLE }));
    const leader = ask(`${url}/fetch/loose/plain/f-vanish-b`);
    await until(() => origin.calls("/f-vanish-b") === 1);
    leader.leave();
    await sleep(50);
    const followers = Array.from({ length: 5 }, () => get(`${url}/fetch/loose/plain/f-vanish-b`));
    for (const { text, took } of await Promise.all(followers)) {
      assert.equal(text, "/f-vanish-b#2");
      assert.ok(took < LEASE_MS + 10_000, `answered after ${took} ms; the lease is ${LEASE_MS}`);
    }
  },

  async "fetch: a hit after the leader's request ended, read again and again"({ origin, url }) {
    origin.answers("/f-hit", () => ({ headers: STORABLE, body: "x".repeat(100_000) }));
    for (let nth = 0; nth < 4; nth += 1) {
      assert.equal((await get(`${url}/fetch/anchored/long/f-hit`)).text.length, 100_000);
      await sleep(20);
    }
    assert.equal(origin.calls("/f-hit"), 1);
  },

  async "fetch: bytes that a request changes are its own"({ origin, url }) {
    origin.answers("/f-bytes", () => ({ headers: STORABLE, body: "z".repeat(5000) }));
    for (let nth = 0; nth < 4; nth += 1) {
      const { text } = await get(`${url}/scribble/anchored/long/f-bytes`);
      assert.equal(text, "z".repeat(5000));
    }
    assert.equal(origin.calls("/f-bytes"), 1);
  },

  async "fetch: a change passes through, streams its body, and drops what was known"(stage) {
    const { origin, url } = stage;
    origin.answers("/f-post", () => ({ headers: STORABLE }));
    const target = `${url}/fetch/anchored/long/f-post`;
    await get(target);
    const changed = await get(target, { method: "POST" });
    assert.deepEqual([changed.text, statusOf(changed)], ["/f-post#2", "holdover; fwd=method"]);
    assert.equal((await get(target)).text, "/f-post#3");
  },

  async "fetch: statuses without a body are stored and rebuilt"({ origin, url }) {
    origin.answers("/f-204", () => ({ status: 204, headers: STORABLE }));
    for (let nth = 0; nth < 3; nth += 1) {
      const { status, text } = await get(`${url}/fetch/anchored/long/f-204`);
      assert.deepEqual([status, text], [204, ""]);
    }
    assert.equal(origin.calls("/f-204"), 1);
  },

  async "fetch: a body that is too long streams through to each caller alone"({ origin, url }) {
    const body = Buffer.alloc(11 * 1024 * 1024, "y");
    origin.answers("/f-long", () => ({ delay: 100, headers: STORABLE, body }));
    const path = `${url}/fetch/anchored/long/f-long`;
    for (const { status, text } of await Promise.all([get(path), get(path), get(path)])) {
      assert.deepEqual([status, text.length], [200, body.length]);
    }
    const before = origin.calls("/f-long");
    await get(path);
    assert.equal(origin.calls("/f-long"), before + 1);
  },

  async "fetch: an answer for one user goes to nobody else"({ origin, url }) {
    origin.answers("/f-private", (nth) => ({
      delay: 200,
      headers: { "cache-control": "private, max-age=60" },
      body: `user ${nth}`,
    }));
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => get(`${url}/fetch/anchored/long/f-private`)),
    );
    assert.equal(new Set(answers.map(({ text }) => text)).size, 5);
  },

  async "fetch: the origin's failures are held over, with a status"({ origin, url }) {
    origin.answers("/f-down", (nth) => (nth === 1 ? {} : { status: 503 }));
    await get(`${url}/fetch/anchored/heldOver/f-down`);
    await sleep(100);
    const held = await get(`${url}/fetch/anchored/heldOver/f-down`);
    assert.deepEqual([held.status, held.text], [200, "/f-down#1"]);
    assert.match(statusOf(held), /detail=error-fallback/);
  },

  async "fetch: a stale answer, refreshed in the background"({ origin, url }) {
    await get(`${url}/fetch/anchored/refreshed/f-stale`);
    await sleep(150);
    const stale = await get(`${url}/fetch/anchored/refreshed/f-stale`);
    assert.equal(stale.text, "/f-stale#1");
    assert.match(statusOf(stale), /detail=stale/);
    await until(() => origin.calls("/f-stale") === 2);
    await until(async () => {
      const { text } = await get(`${url}/fetch/anchored/refreshed/f-stale`);
      return text !== "/f-stale#1";
    });
  },
};
