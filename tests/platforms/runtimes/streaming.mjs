// Bodies on workerd: they belong to the request that led their load, until they are complete.

import assert from "node:assert/strict";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { arrived, ask, get, open, sleep, unlessHeldUp, until } from "./client.mjs";

const FRESH = { "cache-control": "max-age=60" };
const MEGABYTE = 2 ** 20;
const statusOf = ({ headers }) => headers["cache-status"];

/** Has the origin begin an answer that the test goes on with; further ones are `others`. */
function begin(origin, path, others = "") {
  const begun = [];
  origin.answers(path, (nth) => ({
    write(response) {
      response.writeHead(200, FRESH);
      if (nth > 1) return response.end(others);
      response.flushHeaders();
      begun.push(response);
    },
  }));
  return begun;
}

export const together = {
  async "streams: the first byte reaches the client before the last has left"({ origin, url }) {
    const begun = begin(origin, "/s-first");
    const target = `${url}/fetch/anchored/long/s-first`;
    const opening = open(target);
    await until(() => begun.length === 1);
    begun[0].write("first");
    const response = await opening;
    const [chunk] = await once(response, "data");
    assert.equal(`${chunk}`, "first");
    begun[0].end("last");
    await once(response, "end");
    await until(async () => {
      const hit = await get(target);
      assert.equal(hit.text, "firstlast");
      return /; hit;/.test(statusOf(hit));
    });
    assert.equal(origin.calls("/s-first"), 1);
  },

  async "streams: requests that come meanwhile get the whole of one transfer"({ origin, url }) {
    await unlessHeldUp(async (attempt) => {
      const path = `/s-many-${attempt}`;
      const begun = begin(origin, path);
      const target = `${url}/fetch/anchored/long${path}`;
      const leader = get(target);
      await until(() => begun.length === 1);
      begun[0].write("a".repeat(100_000));
      const followers = Array.from({ length: 10 }, () => get(target));
      await arrived(url, path, 11);
      begun[0].end("b");
      for (const { text } of await Promise.all([leader, ...followers])) {
        assert.equal(text.length, 100_001);
      }
      assert.equal(origin.calls(path), 1);
    });
  },

  async "streams: a leader that leaves in the middle of its body, anchored: it is stored"(stage) {
    const { origin, url } = stage;
    await unlessHeldUp(async (attempt) => {
      const path = `/s-leave-${attempt}`;
      const begun = begin(origin, path, "half and half");
      const target = `${url}/fetch/anchored/long${path}`;
      const leader = ask(target);
      await until(() => begun.length === 1);
      // Something comes all the time: a body that stalls for a second holds nobody up.
      begun[0].write("half");
      await sleep(100);
      const follower = get(target);
      begun[0].write(" and");
      await sleep(100);
      leader.leave();
      begun[0].write(" ");
      await sleep(100);
      begun[0].end("half");
      assert.equal((await follower).text, "half and half");
      const hit = await get(target);
      assert.deepEqual([hit.text, origin.calls(path)], ["half and half", 1]);
    });
  },

  async "streams: a leader that leaves in the middle, not anchored: others are answered"(stage) {
    const { origin, url } = stage;
    origin.answers("/s-loose", (nth) => ({
      write(response) {
        response.writeHead(200, FRESH);
        if (nth === 1) response.write("never whole");
        else response.end("whole");
      },
    }));
    const target = `${url}/fetch/loose/plain/s-loose`;
    const leader = ask(target);
    await until(() => origin.calls("/s-loose") === 1);
    await sleep(300);
    leader.leave();
    await sleep(300);
    const followers = await Promise.all(Array.from({ length: 3 }, () => get(target)));
    for (const { text } of followers) assert.equal(text, "whole");
  },

  async "streams: a body cut short is not stored"({ origin, url }) {
    origin.answers("/s-cut", (nth) => ({
      write(response) {
        response.writeHead(200, { ...FRESH, "content-length": "1000" });
        if (nth > 1) return response.end("x".repeat(1000));
        response.write("only this");
        setTimeout(() => response.destroy(), 100);
      },
    }));
    const target = `${url}/fetch/anchored/long/s-cut`;
    await get(target).catch(() => {});
    await sleep(200);
    assert.equal((await get(target)).text.length, 1000);
    assert.equal(origin.calls("/s-cut"), 2);
  },

  async "streams: 50 MB pass through, whole and unstored"({ origin, url }) {
    const chunk = Buffer.alloc(MEGABYTE, "z");
    origin.answers("/s-50", () => ({
      async write(response) {
        response.writeHead(200, FRESH);
        for (let nth = 0; nth < 50; nth += 1) {
          if (!response.write(chunk)) await once(response, "drain");
        }
        response.end();
      },
    }));
    const target = `${url}/fetch/anchored/long/s-50`;
    for (let call = 1; call <= 2; call += 1) {
      let length = 0;
      for await (const part of await open(target)) length += part.length;
      assert.deepEqual([length, origin.calls("/s-50")], [50 * MEGABYTE, call]);
    }
  },

  async "streams: a compressed body comes back as the client can read it"({ origin, url }) {
    const text = "compressed ".repeat(2000);
    const body = gzipSync(text);
    const headers = { ...FRESH, "content-encoding": "gzip", "content-length": `${body.length}` };
    origin.answers("/s-gzip", () => ({
      write: (response) => response.writeHead(200, headers).end(body),
    }));
    for (let call = 0; call < 3; call += 1) {
      // The global fetch of Node decodes what it is told is encoded.
      const response = await fetch(`${url}/fetch/anchored/long/s-gzip`);
      assert.equal(await response.text(), text);
      await sleep(300);
    }
    assert.equal(origin.calls("/s-gzip"), 1);
  },

  async "streams: parts, heads and conditions from what is stored"({ origin, url }) {
    const headers = { ...FRESH, etag: '"1"' };
    origin.answers("/s-part", () => ({ headers, body: "0123456789" }));
    const target = `${url}/fetch/anchored/long/s-part`;
    await get(target);
    await sleep(300);
    const part = await get(target, { headers: { range: "bytes=2-4" } });
    assert.deepEqual(
      [part.status, part.text, part.headers["content-range"]],
      [206, "234", "bytes 2-4/10"],
    );
    const same = await get(target, { headers: { "if-none-match": '"1"' } });
    assert.deepEqual([same.status, same.text], [304, ""]);
    const head = await get(target, { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "10"]);
    assert.equal(origin.calls("/s-part"), 1);
  },

  async "streams: variants, each led by one request, none mixed up"({ origin, url }) {
    origin.answers("/s-vary", () => ({
      write(response, request) {
        const language = request.headers["accept-language"];
        setTimeout(() => {
          response.writeHead(200, { ...FRESH, vary: "accept-language" });
          response.write("for ");
          setTimeout(() => response.end(language), 100);
        }, 100);
      },
    }));
    const languages = ["de", "en", "de", "fr", "en", "de"];
    const ask = (language) =>
      get(`${url}/fetch/anchored/long/s-vary`, { headers: { "accept-language": language } });
    const answers = await Promise.all(languages.map(ask));
    assert.deepEqual(
      answers.map(({ text }) => text),
      languages.map((one) => `for ${one}`),
    );
    await sleep(300);
    const calls = origin.calls("/s-vary");
    assert.equal(calls, 3);
    for (const language of languages) assert.equal((await ask(language)).text, `for ${language}`);
    assert.equal(origin.calls("/s-vary"), calls);
  },

  async "handler: its answers are cached, per request for who is first"({ origin, url }) {
    origin.answers("/s-handler", () => ({ headers: { ...FRESH, etag: '"h"' }, body: "handled" }));
    const target = `${url}/handler/anchored/long/s-handler`;
    const answers = await Promise.all(Array.from({ length: 5 }, () => get(target)));
    assert.ok(answers.every(({ text }) => text === "handled"));
    await sleep(300);
    const part = await get(target, { headers: { range: "bytes=0-2" } });
    assert.deepEqual([part.status, part.text], [206, "han"]);
    assert.equal(origin.calls("/s-handler"), 1);
  },
};
