// Who may have an answer that is on its way: RFC 9111 §4. What is not stored for others, or not
// fresh, is each caller's own, at the same time and one after another, through `fetch` and handlers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { createCache } from "../js/support/caches.mjs";
import { ManualClock } from "../js/support/manual-clock.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { settled } from "./support/stage.mjs";

const URL_ = "http://origin.test/page";
const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The two ways in: each gives `(init) => Promise<Response>` before `answer(request, nth)`. */
const WAYS = {
  fetch: (answer, policy, options, cache = createCache()) => {
    const cached = cachedFetch(cache, policy, { fetch: answer, ...options });
    return (init) => cached(new Request(URL_, init));
  },
  handler: (answer, policy, options, cache = createCache()) => {
    const cached = cachedHandler(cache, answer, policy, options);
    return (init) => cached(new Request(URL_, init));
  },
};

const alice = { headers: { cookie: "user=alice" } };
const bob = { headers: { cookie: "user=bob" } };
const token = (name) => ({ headers: { authorization: `Bearer ${name}` } });

/** An origin that mints a session for each request, after a moment. */
function minting(status, headers) {
  let nth = 0;
  return async (request) => {
    nth += 1;
    const sid = nth;
    const own = [
      ...Object.entries(headers),
      ["set-cookie", `sid=${sid}`],
      ["x-user", request.headers.get("cookie") ?? "nobody"],
    ];
    await after(5);
    return new Response(status === 302 ? null : `#${sid}`, { status, headers: own });
  };
}

for (const [way, make] of Object.entries(WAYS)) {
  for (const [status, headers] of [
    [302, { location: "/" }],
    [401, {}],
    [403, {}],
    [500, {}],
    [200, {}],
    [200, { "cache-control": "max-age=0" }],
    [200, { "cache-control": "public, max-age=0", etag: '"1"' }],
    [200, { "cache-control": "no-cache", etag: '"1"' }],
    [200, { "cache-control": "max-age=60", age: "60" }],
    [200, { expires: "-1" }],
    [200, { expires: "0", pragma: "no-cache" }],
  ]) {
    const what = `${status} ${JSON.stringify(headers)}`;
    test(`${way}: two users at once each have their own session: ${what}`, async () => {
      const ask = make(minting(status, headers));
      const users = [alice, bob, undefined, alice];
      const answers = await Promise.all(users.map((init) => ask(init)));
      const cookies = answers.map((answer) => answer.headers.getSetCookie().join());
      assert.equal(new Set(cookies).size, users.length, cookies.join(" "));
      for (const [at, { headers }] of answers.entries()) {
        assert.equal(headers.get("x-user"), users[at]?.headers.cookie ?? "nobody");
      }
    });
  }

  for (const status of [200, 404]) {
    test(`${way}: ${status} with a lifetime and a session: those who wait get no cookie of another`, async () => {
      const ask = make(minting(status, { "cache-control": "max-age=60" }));
      const answers = await Promise.all([alice, bob, undefined].map((init) => ask(init)));
      const cookies = answers.flatMap((answer) => answer.headers.getSetCookie());
      assert.ok(cookies.length > 0 && new Set(cookies).size === cookies.length, cookies.join());
    });
  }

  test(`${way}: anonymous and logged in at once: a silent redirect is not shared`, async () => {
    const ask = make(async ({ headers }) => {
      await after(5);
      const location = headers.has("cookie") ? "/account" : "/login";
      return new Response(null, { status: 302, headers: { location } });
    });
    const [anonymous, known] = await Promise.all([ask(), ask(alice)]);
    assert.equal(anonymous.headers.get("location"), "/login");
    assert.equal(known.headers.get("location"), "/account");
  });

  for (const [who, inits] of [
    ["Authorization", [token("alice"), token("bob")]],
    ["Cookie", [alice, bob]],
    ["who shows nothing, then who does", [undefined, bob]],
    ["who shows something, then who does not", [alice, undefined]],
  ]) {
    test(`${way}: an error that is thrown is its caller's own: ${who}`, async () => {
      const nameOf = ({ headers }) =>
        headers.get("authorization") ?? headers.get("cookie") ?? "nobody";
      const ask = make(async (request) => {
        const name = nameOf(request);
        await after(40);
        throw new Error(`no access for ${name}`);
      });
      const calls = [];
      for (const init of inits) {
        calls.push(ask(init).catch((error) => error.message));
        await after(5); // The first one leads.
      }
      const messages = await Promise.all(calls);
      const own = inits.map((init) => `no access for ${nameOf(new Request(URL_, init))}`);
      assert.deepEqual(messages, own);
    });
  }

  test(`${way}: who shows nothing shares an error as before`, async () => {
    let calls = 0;
    const ask = make(async () => {
      calls += 1;
      await after(5);
      throw new Error("down");
    });
    const messages = await Promise.all([ask(), ask(), ask()].map((p) => p.catch((e) => e.message)));
    assert.deepEqual([messages, calls], [["down", "down", "down"], 1]);
  });

  test(`${way}: a remembered error is given to nobody who shows credentials, nor is theirs kept`, async () => {
    let calls = 0;
    const ask = make(
      async () => {
        calls += 1;
        throw new Error(`call ${calls}`);
      },
      { errorTtl: "1m" },
    );
    const message = (init) => ask(init).catch((error) => error.message);
    assert.equal(await message(alice), "call 1");
    assert.equal(await message(), "call 2", "alice's is not kept");
    assert.equal(await message(), "call 2", "nobody's is");
    assert.equal(await message(bob), "call 3", "but not for bob");
  });

  test(`${way}: a response that is thrown can be read by each who waited`, async () => {
    let calls = 0;
    const ask = make(async () => {
      calls += 1;
      await after(5);
      throw new Response(`call ${calls}`, { status: 403 });
    });
    const thrown = await Promise.all([ask(), ask(), ask()].map((p) => p.catch((error) => error)));
    const texts = await Promise.all(thrown.map((response) => response.text()));
    assert.equal(texts.length, 3);
    assert.equal(new Set(thrown).size, 3);
  });

  test(`${way}: a session begun for one is not another's, one after another (public, max-age=0, 304)`, async () => {
    let nth = 0;
    const ask = make(async ({ headers }) => {
      nth += 1;
      const own = { "cache-control": "public, max-age=0", etag: '"page"' };
      if (!headers.has("cookie")) own["set-cookie"] = `sid=${nth}`;
      return headers.get("if-none-match") === '"page"'
        ? new Response(null, { status: 304, headers: own })
        : new Response("page", { headers: own });
    });
    const cookiesOf = async (init) => {
      const response = await ask(init);
      assert.equal(await response.text(), "page");
      await settled();
      return response.headers.getSetCookie();
    };
    assert.deepEqual(await cookiesOf(), ["sid=1"]);
    assert.deepEqual(await cookiesOf(bob), []);
    assert.deepEqual(await cookiesOf(), ["sid=3"], "who has none gets one of their own");
  });

  test(`${way}: a cookie that a 304 sets is its caller's, and not stored`, async () => {
    const clock = new ManualClock();
    let nth = 0;
    const ask = make(
      async ({ headers }) => {
        nth += 1;
        const own = { "cache-control": "max-age=10", etag: '"page"', "set-cookie": `sid=${nth}` };
        return headers.has("if-none-match")
          ? new Response(null, { status: 304, headers: own })
          : new Response("page", { headers: own });
      },
      {},
      {},
      createCache({ clock }),
    );
    const told = async (init) => {
      const response = await ask(init);
      await response.text();
      await settled();
      return response.headers.getSetCookie().join();
    };
    assert.equal(await told(), "sid=1");
    assert.equal(await told(), "", "a hit has none");
    clock.elapsed = 20_000;
    assert.equal(await told(), "sid=2", "who had it validated gets theirs");
    assert.equal(await told(), "");
    assert.equal(await told({ headers: { range: "bytes=0-1" } }), "");
    assert.equal(await told({ headers: { "if-none-match": '"page"' } }), "");
    assert.equal(await told({ method: "HEAD" }), "");
  });

  test(`${way}: what stands in for a failure, or is stale, sets no cookie`, async () => {
    const clock = new ManualClock();
    let isDown = false;
    const ask = make(
      async () => {
        if (isDown) throw new Error("down");
        const headers = { "cache-control": "max-age=10", "set-cookie": "sid=1" };
        return new Response("page", { headers });
      },
      { staleIfError: "1h", staleWhileRevalidate: "20s" },
      {},
      createCache({ clock }),
    );
    await (await ask(alice)).text();
    await settled();
    isDown = true;
    for (const elapsed of [5000, 20_000, 100_000]) {
      clock.elapsed = elapsed;
      const response = await ask(bob);
      assert.deepEqual([await response.text(), response.headers.getSetCookie()], ["page", []]);
      await settled();
    }
  });

  test(`${way}: a cookie is in no store`, async () => {
    const lower = new MapStore();
    const cache = createCache({ stores: [memory(), lower] });
    const ask = make(
      async () =>
        new Response("x", {
          headers: { "cache-control": "max-age=60", "set-cookie": "sid=secret" },
        }),
      {},
      {},
      cache,
    );
    await (await ask()).text();
    await settled();
    assert.equal(lower.records.size, 1);
    for (const record of lower.records.values()) {
      assert.equal(Buffer.from(record).includes("secret"), false);
    }
  });

  test(`${way}: max-age=0, must-revalidate is validated for each of 50, one after another and at once`, async () => {
    let nth = 0;
    const ask = make(async () => {
      nth += 1;
      const own = nth;
      await after(1);
      const headers = { "cache-control": "max-age=0, must-revalidate", etag: `"${own}"` };
      return new Response(`${own}`, { headers });
    });
    const seen = new Set();
    for (let at = 0; at < 25; at += 1) seen.add(await (await ask()).text());
    for (let at = 0; at < 25; at += 1) {
      const response = await ask();
      const reader = response.body.getReader();
      seen.add(Buffer.from((await reader.read()).value).toString());
      while (!(await reader.read()).done);
    }
    const texts = Array.from({ length: 20 }, async () => (await ask()).text());
    for (const text of await Promise.all(texts)) seen.add(text);
    assert.equal(seen.size, 70);
  });

  for (const control of ["private, max-age=60", "no-store", "max-age=0", "no-cache"]) {
    test(`${way}: ${control}: nobody waits in line for a slow page`, async () => {
      let running = 0;
      let most = 0;
      const ask = make(async () => {
        running += 1;
        most = Math.max(most, running);
        await after(50);
        running -= 1;
        return new Response("slow", { headers: { "cache-control": control, etag: '"1"' } });
      });
      await (await ask()).text();
      await Promise.all(Array.from({ length: 8 }, async () => (await ask()).text()));
      assert.equal(most, 8, "all at the origin at once");
    });
  }

  test(`${way}: an answer for all ends the memory of one that was not`, async () => {
    let calls = 0;
    let control = "private";
    const ask = make(async () => {
      calls += 1;
      await after(5);
      return new Response("x", { headers: { "cache-control": control } });
    });
    const burst = async () => {
      calls = 0;
      await Promise.all(Array.from({ length: 4 }, async () => (await ask()).text()));
      await settled();
      return calls;
    };
    assert.equal(await burst(), 4);
    control = "max-age=1";
    assert.equal(await burst(), 4, "not known yet");
    await after(1100);
    assert.equal(await burst(), 1, "one load for all again");
  });
}

test("the memory of what is not shared ends after a minute, and is bounded", async () => {
  const clock = new ManualClock();
  const cache = createCache({ clock });
  let calls = 0;
  const answer = async () => {
    calls += 1;
    await after(2);
    return new Response("x", { headers: { "cache-control": control } });
  };
  let control = "private";
  const cached = cachedFetch(cache, {}, { fetch: answer });
  const burst = async (path) => {
    calls = 0;
    const urls = Array.from({ length: 3 }, () => `http://origin.test${path}`);
    await Promise.all(urls.map(async (url) => (await cached(url)).text()));
    return calls;
  };
  assert.equal(await burst("/a"), 3);
  control = "max-age=0, stale-if-error=0";
  clock.elapsed = 60_000;
  control = "max-age=60";
  assert.equal(await burst("/a"), 1);
  control = "private";
  await burst("/b");
  for (let at = 0; at < 1000; at += 1) await (await cached(`http://origin.test/x${at}`)).text();
  control = "max-age=60";
  assert.equal(await burst("/b"), 1, "a thousand others came since");
});

test("those who wait for a validation have what is fresh of it, and else validate themselves", async () => {
  for (const [control, expected] of [
    ["max-age=0, must-revalidate", 6],
    ["max-age=10", 2],
  ]) {
    const clock = new ManualClock();
    let calls = 0;
    const fetch = async ({ headers }) => {
      calls += 1;
      await after(5);
      const own = { "cache-control": control, etag: '"1"' };
      return headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: own })
        : new Response("page", { headers: own });
    };
    const cached = cachedFetch(createCache({ clock }), {}, { fetch });
    await (await cached(URL_)).text();
    await settled();
    clock.elapsed = 70_000; // Nothing is remembered of the first answer.
    const answers = Array.from({ length: 5 }, async () => (await cached(URL_)).text());
    assert.deepEqual(await Promise.all(answers), Array(5).fill("page"));
    assert.equal(calls, expected, control);
  }
});

test("one user's own cache shares within it, as its stored answers would be", async () => {
  let calls = 0;
  const ask = WAYS.fetch(
    async () => {
      calls += 1;
      await after(5);
      const headers = { "cache-control": "private, max-age=60", "set-cookie": `sid=${calls}` };
      return new Response("mine", { headers });
    },
    {},
    { shared: false },
  );
  await Promise.all([ask(alice), ask(alice)].map(async (answer) => (await answer).text()));
  assert.equal(calls, 1);
  assert.deepEqual((await ask(alice)).headers.getSetCookie(), ["sid=1"]);
});

test("storeSetCookie is a flag", () => {
  const cache = createCache();
  assert.throws(() => cachedFetch(cache, {}, { storeSetCookie: "yes" }), {
    code: "E_CONFIG",
    message: /storeSetCookie/,
  });
  assert.throws(() => cachedHandler(cache, () => new Response(), {}, { storeSetCookie: 1 }), {
    code: "E_CONFIG",
  });
});
