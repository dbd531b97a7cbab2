// Whose answers are whose on workerd, and streams that nobody else may have.

import assert from "node:assert/strict";
import { once } from "node:events";
import { ageOfOvertaken, pauseAfterFailure } from "../../../examples/worker/checks.mjs";
import { get, open, sleep, until } from "./client.mjs";
import { gate } from "./origin.mjs";

const WAYS = ["fetch", "handler"];
const cookie = (name) => ({ headers: { cookie: `user=${name}` } });

export const together = {
  async "sealed: a slow write of a request that is over jams its key for nobody"({ origin, url }) {
    let puts = 0;
    const never = new Promise(() => {});
    origin.answers("/sealed-put", () => (++puts === 1 ? { held: never } : {}));
    const { held, release } = gate();
    origin.answers("/sealed-begun", () => ({ held }));
    const begun = get(`${url}/begin/sealed/k/old`);
    await until(() => puts === 1);
    release();
    assert.equal((await begun).text, "begun");
    await sleep(500);
    const written = await get(`${url}/write/sealed/k/new`);
    assert.deepEqual(JSON.parse(written.text), { isStored: true, records: 1 });
    const gone = await get(`${url}/invalidate/sealed/k/k`);
    assert.deepEqual(JSON.parse(gone.text), { value: null, records: 0 });
  },

  async "sharing: two users at once each have their own session"({ origin, url }) {
    for (const [way, status, headers] of [
      ["fetch", 302, { location: "/" }],
      ["fetch", 403, {}],
      ["fetch", 200, { "cache-control": "max-age=0", etag: '"1"' }],
      ["handler", 403, {}],
      ["handler", 200, { "cache-control": "max-age=0", etag: '"1"' }],
    ]) {
      const path = `/session-${way}-${status}`;
      origin.answers(path, (nth) => ({
        delay: 100,
        status,
        headers: { ...headers, "set-cookie": `sid=${nth}` },
      }));
      const target = `${url}/${way}/anchored/long${path}`;
      const users = ["alice", "bob", "carol"].map((name) => get(target, cookie(name)));
      const cookies = (await Promise.all(users)).map(({ headers }) => `${headers["set-cookie"]}`);
      assert.equal(new Set(cookies).size, 3, `${path}: ${cookies}`);
    }
  },

  async "sharing: private pages are asked for at once, not one after another"({ origin, url }) {
    const running = [];
    origin.answers("/private-slow", () => ({
      write(response) {
        response.writeHead(200, { "cache-control": "private, max-age=60" });
        running.push(response);
      },
    }));
    const target = `${url}/fetch/anchored/long/private-slow`;
    const first = get(target);
    await until(() => running.length === 1);
    running.pop().end("page");
    await first;
    const answers = Array.from({ length: 5 }, () => get(target));
    await until(() => running.length === 5);
    for (const response of running) response.end("page");
    for (const { text } of await Promise.all(answers)) assert.equal(text, "page");
  },

  async "sharing: a stored answer has no cookie of the request that brought it"({ origin, url }) {
    origin.answers("/cookie-stored", (nth) => ({
      headers: { "cache-control": "max-age=60", "set-cookie": `sid=${nth}` },
    }));
    for (const way of WAYS) {
      const target = `${url}/${way}/anchored/long/cookie-stored`;
      assert.match(`${(await get(target)).headers["set-cookie"]}`, /^sid=/);
      let hit;
      await until(async () => {
        hit = await get(target);
        return /; hit;/.test(hit.headers["cache-status"]);
      });
      assert.equal(hit.headers["set-cookie"], undefined);
    }
  },

  async "sharing: an origin that fails is asked once each retryAfter, also after slow answers"({
    origin,
    url,
  }) {
    const visit = async (way, delay) => {
      const path = `/left-alone-${way}-${delay}`;
      const tries = [];
      origin.answers(path, (nth) => {
        if (nth === 1) return { delay, body: "good" };
        return {
          write(response, { headers }) {
            const [began, failed] = [headers["demo-began"], headers["demo-failed"]].map(Number);
            tries.push({ key: path, at: performance.now(), began, failed });
            response.writeHead(503).end();
          },
        };
      });
      const target = `${url}/${way}/anchored/leftAlone${path}`;
      assert.equal((await get(target)).text, "good");
      await sleep(1000);
      // The first failure is known before many come at once.
      assert.equal((await get(target)).text, "good");
      const answers = [];
      for (let at = 0; at < 2500; at += 100) {
        answers.push(get(target), get(target), get(target));
        await sleep(100);
      }
      for (const { status, text } of await Promise.all(answers)) {
        assert.deepEqual([status, text], [200, "good"], path);
      }
      assert.ok(tries.length >= 2, path);
      for (const one of tries) {
        const [pause, age] = [pauseAfterFailure(one, tries), ageOfOvertaken(one, tries)];
        // The two processes round the same clock differently.
        assert.ok(pause >= 995, `${path}: a pause of ${pause} ms`);
        // On a busy machine the worker learns late of a failure: then patience ends after a second.
        assert.ok(age >= 995, `${path}: a try that was ${age} ms old was not waited for`);
      }
    };
    // Answers that are fresh, within their window, and past it when they come.
    await Promise.all([
      visit("fetch", 0),
      visit("fetch", 400),
      visit("fetch", 1200),
      visit("handler", 400),
      visit("handler", 1200),
    ]);
  },

  async "sharing: a handler around a fetch of the same cache answers"({ origin, url }) {
    origin.answers("/nested", (nth) => ({
      headers: { "cache-control": "max-age=60" },
      body: `#${nth}`,
    }));
    const target = `${url}/nested/anchored/long/nested`;
    const answers = await Promise.all([get(target), get(target), get(target)]);
    for (const { text } of answers) assert.equal(text, "#1");
    assert.equal(origin.calls("/nested"), 1);
  },

  async "sharing: each reader of an event stream has their own, and leaving ends it"({
    origin,
    url,
  }) {
    for (const way of WAYS) {
      const path = `/events-${way}`;
      const running = new Set();
      origin.answers(path, () => ({
        write(response) {
          response.writeHead(200, {
            "content-type": "text/event-stream",
            "cache-control": "no-cache",
          });
          response.write("data: 1\n\n");
          running.add(response);
          // workerd finds out that its client has left when it has something to send.
          const timer = setInterval(() => response.write("data: 2\n\n"), 50);
          response.on("close", () => {
            clearInterval(timer);
            running.delete(response);
          });
        },
      }));
      const target = `${url}/${way}/anchored/long${path}`;
      const readers = await Promise.all([open(target), open(target), open(target)]);
      for (const reader of readers) {
        const [chunk] = await once(reader, "data");
        assert.match(`${chunk}`, /^data: /);
      }
      assert.equal(running.size, 3, "a stream each");
      for (const reader of readers) {
        reader.on("error", () => {});
        reader.destroy();
      }
      await until(() => running.size === 0);
    }
  },

  async "sharing: an answer that stalls while it is recorded holds nobody up"({ origin, url }) {
    const begun = [];
    origin.answers("/stalls", () => ({
      write(response) {
        response.writeHead(200, { "cache-control": "max-age=60" });
        response.write("half");
        begun.push(response);
      },
    }));
    const target = `${url}/fetch/anchored/long/stalls`;
    const readers = [open(target)];
    await sleep(200);
    readers.push(open(target), open(target));
    for (const reader of await Promise.all(readers)) reader.resume();
    assert.equal(begun.length, 3);
    for (const response of begun) response.end();
  },
};
