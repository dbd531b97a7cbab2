// What of a request, of a fetch and of a handler counts: nobody has an answer that was made for
// another kind of request, by another client, or for one user alone.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { memory } from "holdover";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { deleteMany, getMany, peek } from "holdover/operations";
import { createCache } from "../js/support/caches.mjs";
import { httpOrigin } from "../js/support/http-origin.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { fresh, settled, stage } from "./support/stage.mjs";

const URL_ = "http://origin.test/a";
const read = async (answer) => {
  const response = await answer;
  const text = await response.text();
  await settled();
  return text;
};
const counting = (headers = {}) => {
  let nth = 0;
  return async () => {
    nth += 1;
    return new Response(`#${nth}`, fresh(headers));
  };
};
const caches = {
  memory: () => createCache(),
  "a store below": () => createCache({ stores: [memory(), new MapStore()] }),
};

for (const [where, make] of Object.entries(caches)) {
  test(`a handler around a fetch of the same cache is a reverse proxy (${where})`, async () => {
    const cache = make();
    let asked = 0;
    const fetch = async (request) => {
      asked += 1;
      return new Response(`for ${request.url}`, fresh());
    };
    const inner = cachedFetch(cache, { timeout: "5s" }, { fetch });
    const outer = cachedHandler(cache, (request) => inner(request), { timeout: "5s" });
    const both = [outer(new Request(URL_)), outer(new Request(URL_))];
    for (const answer of both) assert.equal(await read(answer), `for ${URL_}`);
    assert.equal(await read(inner(URL_)), `for ${URL_}`);
    assert.equal(asked, 1);
  });

  test(`private and shared never share (${where})`, async () => {
    const cache = make();
    const fetch = async ({ headers }) => {
      const user = headers.get("authorization") ?? headers.get("cookie") ?? "nobody";
      return new Response(user, { headers: { "cache-control": "private, max-age=60" } });
    };
    const mine = cachedFetch(cache, {}, { fetch, shared: false });
    const all = cachedFetch(cache, {}, { fetch });
    const cookie = (name) => ({ headers: { cookie: name } });
    assert.equal(await read(mine(URL_, cookie("ann"))), "ann");
    assert.equal(await read(all(URL_, cookie("bob"))), "bob");
    assert.equal(await read(mine(URL_)), "ann", "hers is stored, in her cache");
    const concurrent = [mine("http://origin.test/b", cookie("ann")), all("http://origin.test/b")];
    assert.deepEqual(await Promise.all(concurrent.map(read)), ["ann", "nobody"]);
  });

  test(`a change through one ends what all kinds of this cache have of the URL (${where})`, async () => {
    const cache = make();
    let version = 1;
    const answer = async ({ method }) =>
      method === "GET" ? new Response(`v${version}`, fresh()) : new Response("changed");
    const ways = {
      plain: cachedFetch(cache, {}, { fetch: answer }),
      private: cachedFetch(cache, {}, { fetch: answer, shared: false }),
      named: cachedFetch(cache, {}, { fetch: answer, name: "other" }),
      sorted: cachedFetch(cache, {}, { fetch: answer, sortQuery: true }),
      overriding: cachedFetch(cache, {}, { fetch: answer, override: true }),
      cookies: cachedFetch(cache, {}, { fetch: answer, storeSetCookie: true }),
      handler: cachedHandler(cache, answer),
    };
    for (const changing of Object.values(ways)) {
      for (const way of Object.values(ways)) await read(way(new Request(URL_)));
      version += 1;
      await read(changing(new Request(URL_, { method: "PUT", body: "x" })));
      for (const [name, way] of Object.entries(ways)) {
        assert.equal(await read(way(new Request(URL_))), `v${version}`, name);
      }
    }
    for (const end of [
      () => cache.invalidate(`GET ${URL_}`),
      () => cache.delete(`GET ${URL_}`),
      () => deleteMany(cache, [`GET ${URL_}`]),
      () => ways.handler.invalidate(new Request(URL_)),
    ]) {
      version += 1;
      await end();
      for (const [name, way] of Object.entries(ways)) {
        assert.equal(await read(way(new Request(URL_))), `v${version}`, name);
      }
    }
  });

  test(`private and shared with a key of their own never share, and one name ends both (${where})`, async () => {
    const cache = make();
    const fetch = counting();
    const key = () => "page";
    const mine = cachedFetch(cache, { key }, { fetch, shared: false });
    const all = cachedFetch(cache, { key }, { fetch });
    assert.deepEqual([await read(mine(URL_)), await read(all(URL_))], ["#1", "#2"]);
    assert.deepEqual([await read(mine(URL_)), await read(all(URL_))], ["#1", "#2"]);
    await cache.invalidate("page");
    assert.deepEqual([await read(mine(URL_)), await read(all(URL_))], ["#3", "#4"]);
  });
}

test("private and shared do not share through one store of two caches", async () => {
  const store = new MapStore();
  const make = (shared, user) => {
    const cache = createCache({ stores: [memory(), store] });
    const fetch = async () => new Response(user, fresh());
    return cachedFetch(cache, {}, { fetch, shared });
  };
  assert.equal(await read(make(false, "ann")(URL_)), "ann");
  assert.equal(await read(make(true, "all")(URL_)), "all");
  assert.equal(await read(make(true, "others")(URL_)), "all", "shared ones do");
});

test("two clients that ask in different ways do not share; one asked by two policies does", async () => {
  const cache = createCache();
  const client = (token) => async () => new Response(token, fresh());
  const [ann, bob] = [client("ann"), client("bob")];
  const anns = cachedFetch(cache, {}, { fetch: ann });
  const bobs = cachedFetch(cache, {}, { fetch: bob });
  assert.deepEqual([await read(anns(URL_)), await read(bobs(URL_))], ["ann", "bob"]);
  assert.deepEqual(await Promise.all([anns(URL_), bobs(URL_)].map(read)), ["ann", "bob"]);
  assert.equal(await read(cachedFetch(cache, { ttl: "1h" }, { fetch: bob })(URL_)), "bob");
  const one = cachedHandler(cache, ann);
  const two = cachedHandler(cache, bob);
  const ask = (handler) => read(handler(new Request(URL_)));
  assert.deepEqual([await ask(one), await ask(two), await ask(one)], ["ann", "bob", "ann"]);
});

test("in stores that others may use, a second way to ask needs a name", async () => {
  const cache = createCache({ stores: [memory(), new MapStore()] });
  const make = (kind, name) => {
    const ask = async () => new Response(`${name}`, fresh());
    return kind === "fetch"
      ? cachedFetch(cache, {}, { fetch: ask, name })
      : cachedHandler(cache, ask, {}, { name });
  };
  for (const kind of ["fetch", "handler"]) {
    make(kind);
    assert.throws(() => make(kind), { code: "E_CONFIG", message: /name/ });
    const [one, two, same] = [make(kind, "one"), make(kind, "two"), make(kind, "one")];
    assert.equal(await read(one(new Request(URL_))), "one");
    assert.equal(await read(two(new Request(URL_))), "two");
    assert.equal(await read(same(new Request(URL_))), "one");
  }
  for (const name of ["", 1, null]) {
    assert.throws(() => cachedFetch(cache, {}, { name }), { code: "E_CONFIG", message: /name/ });
  }
});

test("names are bounded", () => {
  const cache = createCache();
  const name = (nth) => cachedFetch(cache, {}, { name: `user ${nth}` });
  assert.throws(
    () => {
      for (let nth = 0; nth < 5000; nth += 1) name(nth);
    },
    { code: "E_CONFIG", message: /not for a user/ },
  );
});

test("names that could forge another's key do not", async () => {
  const cache = createCache();
  const make = (name) =>
    cachedFetch(cache, {}, { fetch: async () => new Response(name, fresh()), name });
  const names = ["a", "a private", "a\nb", "a%0Ab", "#2", "é", "handler"];
  const fetches = names.map(make);
  for (let round = 0; round < 2; round += 1) {
    for (const [at, cached] of fetches.entries()) assert.equal(await read(cached(URL_)), names[at]);
  }
});

test("the order of query parameters counts, unless sortQuery says that it does not", async () => {
  const answer = ({ url }) => [new URL(url).search, fresh()];
  const plain = stage(answer);
  assert.equal((await plain.get("/img?resize=100&crop=50")).text, "?resize=100&crop=50");
  assert.equal((await plain.get("/img?crop=50&resize=100")).text, "?crop=50&resize=100");
  assert.equal((await plain.get("/img?resize=100&crop=50#x")).source, "hit");
  const sorted = stage(answer, { options: { sortQuery: true } });
  assert.equal((await sorted.get("/img?resize=100&crop=50")).text, "?resize=100&crop=50");
  assert.equal((await sorted.get("/img?crop=50&resize=100")).text, "?resize=100&crop=50");
  assert.equal((await sorted.get("/img?a=1&a=2")).text, "?a=1&a=2");
  assert.equal((await sorted.get("/img?a=2&a=1")).text, "?a=2&a=1", "equal names keep theirs");
  assert.throws(() => cachedFetch(createCache(), {}, { sortQuery: "yes" }), { code: "E_CONFIG" });
});

/** An origin with a page that has moved. */
async function moved(context) {
  const origin = await httpOrigin(context, ({ url: { pathname } }) =>
    pathname === "/old"
      ? { status: 301, headers: { location: "/new", "cache-control": "max-age=60" }, body: "" }
      : { headers: { "cache-control": "max-age=60" }, body: "new page" },
  );
  const fetchCached = cachedFetch(createCache());
  const ask = async (redirect) => {
    const init = redirect && { redirect };
    const url = new URL("/old", origin.url).href;
    try {
      const response = await fetchCached(url, init);
      const text = await response.text();
      await settled();
      return `${response.status} ${text}`.trim();
    } catch (error) {
      return error.name;
    }
  };
  return { ...origin, ask };
}

const MOVED = {
  manual: "301",
  follow: "200 new page",
  error: "TypeError",
  undefined: "200 new page",
};
for (const first of ["manual", "follow", "error", undefined]) {
  test(`redirect: "${first}" first; the others get what fetch gives`, async (context) => {
    const { ask } = await moved(context);
    for (const redirect of [first, "manual", undefined, "error", "follow", "manual", undefined]) {
      assert.equal(await ask(redirect), MOVED[redirect], `${redirect}`);
    }
  });

  test(`redirect: "${first}" and the others at once`, async (context) => {
    const { ask } = await moved(context);
    const modes = [first, "manual", undefined, "error", "follow", "error", "manual"];
    const answers = await Promise.all(modes.map(ask));
    assert.deepEqual(
      answers,
      modes.map((mode) => MOVED[mode]),
    );
  });
}

test("redirect: what is no redirection answers all modes, as a page loaded before a navigation does", async (context) => {
  let asked = 0;
  const { url } = await httpOrigin(context, () => {
    asked += 1;
    return { headers: { "cache-control": "max-age=60" }, body: "page" };
  });
  const fetchCached = cachedFetch(createCache());
  for (const redirect of ["follow", "manual", "error"]) {
    assert.equal(await read(fetchCached(url, { redirect })), "page");
  }
  assert.equal(asked, 1);
});

const sri = (text, algorithm = "sha256") =>
  `${algorithm}-${createHash(algorithm).update(text).digest("base64")}`;

test("integrity: checked of hits, too, and one caller's mismatch is nobody else's", async (context) => {
  const { url } = await httpOrigin(context, () => ({
    headers: { "cache-control": "max-age=60" },
    body: "good",
  }));
  for (const first of [undefined, sri("good"), sri("evil")]) {
    const fetchCached = cachedFetch(createCache());
    const ask = (integrity) =>
      read(fetchCached(url, integrity && { integrity })).catch((error) => error.name);
    const expected = (integrity) => (integrity === sri("evil") ? "TypeError" : "good");
    assert.equal(await ask(first), expected(first));
    const all = [undefined, sri("evil"), sri("good"), undefined, `${sri("evil")} ${sri("good")}`];
    const at = (list) => Promise.all(list.map(ask));
    assert.deepEqual(await at(all), ["good", "TypeError", "good", "good", "good"]);
    assert.deepEqual(await at(all), ["good", "TypeError", "good", "good", "good"]);
    assert.equal(
      await ask(`${sri("good")} ${sri("evil", "sha512")}`),
      "TypeError",
      "the strongest",
    );
    assert.equal(await ask("md5-abc nonsense"), "good", "nothing that counts");
  }
});

test("integrity: at once with a first caller who asks for something else", async (context) => {
  const { url } = await httpOrigin(context, () => ({
    headers: { "cache-control": "max-age=60" },
    body: "good",
  }));
  const fetchCached = cachedFetch(createCache());
  const asked = [sri("evil"), undefined, sri("good")];
  const answers = asked.map((integrity) =>
    read(fetchCached(url, integrity && { integrity })).catch((error) => error.name),
  );
  assert.deepEqual(await Promise.all(answers), ["TypeError", "good", "good"]);
});

for (const [where, make] of Object.entries(caches)) {
  test(`a wrapped function whose key is that of a response has no part of it, nor has get (${where})`, async () => {
    const cache = make();
    const cached = cachedFetch(cache, { ttl: "1m" }, { fetch: counting() });
    let calls = 0;
    const load = () => {
      calls += 1;
      return `value ${calls}`;
    };
    const get = cache.wrap(load, { key: () => `GET ${URL_}`, ttl: "1m" });
    assert.equal(await read(cached(URL_)), "#1");
    for (let nth = 1; nth <= 3; nth += 1) assert.match(await get(), /^value \d$/);
    assert.match((await get.explain()).value, /^value \d$/);
    assert.match(await cache.getOrLoad(`GET ${URL_}`, load, { ttl: "1m" }), /^value \d$/);
    await read(cached(URL_));
    for (const value of [
      await cache.get(`GET ${URL_}`),
      await peek(cache, `GET ${URL_}`),
      (await getMany(cache, [`GET ${URL_}`]))[0],
    ]) {
      assert.ok(value === undefined || typeof value === "string", String(value));
    }
    assert.match(await read(cached(URL_)), /^#\d$/, "nor has the fetch of its values");
  });
}

test("records of responses and of values are not taken for one another", async () => {
  const store = new MapStore();
  const make = () => createCache({ stores: [memory(), store] });
  const key = `GET ${URL_}`;
  await read(cachedFetch(make(), {}, { fetch: counting() })(URL_));
  const get = (cache) => cache.wrap(() => "value", { key: () => key, ttl: "1m" });
  assert.equal(await get(make())(), "value");
  await settled();
  assert.equal(await read(cachedFetch(make(), {}, { fetch: counting() })(URL_)), "#1");
});
