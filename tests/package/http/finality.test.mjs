// What was invalidated stays so: responses that were on their way then, and stores that are slow.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "holdover";
import { clear, deleteMany, expire, replace, setMany } from "holdover/operations";
import { invalidateTags } from "holdover/tags";
import { drain } from "../js/support/manual-clock.mjs";
import { MapStore } from "../js/support/map-store.mjs";
import { fresh, settled, stage } from "./support/stage.mjs";

const URL_A = "http://origin.test/a";
const KEY_A = `GET ${URL_A}`;
const DE = { headers: { "accept-language": "de" } };

/** Changes after which nothing older of the URL may be served. */
const CHANGES = {
  "fetchCached.invalidate": ({ fetchCached }) => fetchCached.invalidate(URL_A),
  "cache.invalidate": ({ cache }) => cache.invalidate(KEY_A),
  "cache.delete": ({ cache }) => cache.delete(KEY_A),
  "cache.deleteMany": ({ cache }) => deleteMany(cache, [KEY_A]),
  "an unsafe method": async ({ fetchCached }) => {
    await (await fetchCached(URL_A, { method: "DELETE" })).text();
  },
  clear: ({ cache }) => clear(cache),
};

/** The answers of the origin depend on `Accept-Language`, and count. */
const inLanguages = (request, nth) => [
  `#${nth} ${request.headers.get("accept-language")}`,
  fresh({ vary: "accept-language" }),
];

/** A store that can be cleared. */
class Store extends MapStore {
  async clear() {
    this.records.clear();
  }
}

/** Holds up the first such operation on a key that matches, after the store has done it. */
function holdUp(store, operation, matches) {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const reached = new Promise((resolve) => {
    store.misbehave = async (done, key, act) => {
      const result = await act();
      if (done === operation && matches(key)) {
        store.misbehave = undefined;
        resolve();
        await held;
      }
      return result;
    };
  });
  return { reached, release };
}

const isVariant = (key) => key.includes("accept-language");

/** Another instance is asked for what the store has, and changes it while the store holds a read up. */
async function changedDuringRead(isHeldUp, change) {
  const store = new Store();
  await stage(inLanguages, { stores: [memory(), store] }).get("/a", DE);
  await drain();
  const stores = [memory(), store];
  const other = stage((request, nth) => inLanguages(request, nth + 10), { stores });
  const { reached, release } = holdUp(store, "get", isHeldUp);
  const asking = other.get("/a", DE);
  await reached;
  await change(other);
  release();
  return { other, asking };
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`${what}: a variant whose record was read before is not served after`, async () => {
    const { other, asking } = await changedDuringRead(isVariant, change);
    const { text, source } = await asking;
    assert.match(text, /^#1[1-9] de$/);
    assert.equal(source, "load");
    assert.match((await other.get("/a", DE)).text, /^#1[1-9] de$/);
  });

  test(`${what}: a record that a slow store gave before leads nowhere after`, async () => {
    const { asking } = await changedDuringRead((key) => key === KEY_A, change);
    assert.match((await asking).text, /^#1[1-9] de$/);
  });
}

test("a request that joined the load of a variant gets nothing older than an invalidation", async () => {
  let respond;
  const { fetchCached, get } = stage((request, nth) => {
    if (nth !== 2) return inLanguages(request, nth);
    return new Promise((resolve) => {
      respond = () => resolve(inLanguages(request, nth));
    });
  });
  await get("/a");
  const first = get("/a", DE);
  await settled();
  const second = get("/a", DE);
  await settled();
  await fetchCached.invalidate(URL_A);
  respond();
  assert.equal((await first).text, "#2 de");
  assert.equal((await second).text, "#3 de");
  assert.equal((await get("/a", DE)).text, "#3 de");
});

const TAGS = ["t"];
const LATE = {
  ...CHANGES,
  invalidateTags: ({ cache }) => invalidateTags(cache, TAGS),
};

for (const [what, change] of Object.entries(LATE)) {
  test(`${what} while a slow store writes: another instance loads`, async () => {
    const store = new Store();
    const settings = { policy: { tags: TAGS }, stores: [memory(), store] };
    const one = stage((_request, nth) => [`#${nth}`, fresh()], settings);
    store.misbehave = async (operation, _key, act) => {
      const millis = { set: 40, delete: 5 }[operation];
      if (millis !== undefined)
        await new Promise((resolve) => one.clock.setTimeout(resolve, millis));
      return act();
    };
    const loading = one.get("/a");
    // It has been asked for, and its write is under way.
    while (one.requests.length === 0) await one.clock.runFor(5);
    const { text } = await loading;
    assert.equal(text, "#1");
    const changed = change(one);
    await one.clock.runFor(200);
    await changed;
    store.misbehave = undefined;
    const two = stage((_request, nth) => [`other #${nth}`, fresh()], {
      ...settings,
      stores: [memory(), store],
    });
    const told = await two.get("/a");
    assert.deepEqual([told.text, told.source], ["other #1", "load"]);
    assert.notEqual((await one.get("/a")).text, "#1");
  });
}

const GROUP = { "cache-groups": '"g"' };

/** The changes that end a tag, or a group of the origin, for those who carry it. */
const ENDINGS = {
  tag: [{ tags: TAGS }, ({ cache }) => invalidateTags(cache, TAGS)],
  "tags of the value": [{ tags: () => TAGS }, ({ cache }) => invalidateTags(cache, TAGS)],
  "cache group": [
    {},
    async ({ fetchCached }) => {
      await (await fetchCached("http://origin.test/b", { method: "DELETE" })).text();
    },
  ],
};

/** The first answer comes when it is told to; its body when it is told to once more. */
function slowAnswer(headers) {
  let head;
  let end;
  const began = new Promise((resolve) => {
    head = resolve;
  });
  const body = new ReadableStream({
    start: (controller) => {
      end = () => {
        controller.enqueue(new TextEncoder().encode("old"));
        controller.close();
      };
    },
  });
  const answer = async (request, nth) => {
    if (request.method === "DELETE")
      return ["", { headers: { "cache-group-invalidation": '"g"' } }];
    if (nth > 1) return [`#${nth}`, { headers }];
    await began;
    return new Response(body, { headers });
  };
  return { answer, head, end };
}

const FRESH = { "cache-control": "max-age=60", ...GROUP };
const turns = async () => {
  for (let turn = 0; turn < 6; turn += 1) await settled();
};

for (const [what, [policy, ending]] of Object.entries(ENDINGS)) {
  for (const stores of ["memory", "memory and a store"]) {
    for (const when of ["before the head", "between head and end"]) {
      test(`${what}, ${stores}: invalidated ${when}, a variant is not served afterwards`, async () => {
        const headers = { ...FRESH, vary: "accept-language" };
        const { answer, head, end } = slowAnswer(headers);
        const own = stores === "memory" ? [memory()] : [memory(), new Store()];
        const set = stage(answer, { policy, stores: own });
        const first = set.get("/a", DE);
        await turns();
        if (when === "before the head") await ending(set);
        head();
        await turns();
        if (when !== "before the head") await ending(set);
        end();
        assert.equal((await first).text, "old");
        await turns();
        assert.match((await set.get("/a", DE)).text, /^#\d$/);
      });

      test(`${what}, ${stores}: invalidated ${when}, a POST's answer is not served afterwards`, async () => {
        const headers = { ...FRESH, "content-location": "/a" };
        const { answer, head, end } = slowAnswer(headers);
        const own = stores === "memory" ? [memory()] : [memory(), new Store()];
        const set = stage(answer, { policy, stores: own });
        const first = set.get("/a", { method: "POST", body: "x" });
        await turns();
        if (when === "before the head") await ending(set);
        head();
        await turns();
        if (when !== "before the head") await ending(set);
        end();
        assert.equal((await first).text, "old");
        await turns();
        assert.match((await set.get("/a")).text, /^#\d$/);
      });
    }
  }
}

/** Without the field a fresh response would answer. */
const HEAD = { method: "HEAD", headers: { "cache-control": "no-cache" } };

/** An origin without validators whose first answer to HEAD waits until it is told to go on. */
function slowHead() {
  let respond;
  let begin;
  const began = new Promise((resolve) => {
    begin = resolve;
  });
  const told = new Promise((resolve) => {
    respond = resolve;
  });
  const answer = async ({ method }, nth) => {
    const headers = { "x-n": `${nth}`, ...FRESH };
    if (method === "DELETE") return ["", { headers: { "cache-group-invalidation": '"g"' } }];
    if (method !== "HEAD") return [`#${nth}`, { headers }];
    begin();
    await told;
    return [null, { headers }];
  };
  return { answer, reached: began, respond };
}

const ENDED = { ...LATE, "a cache group": ENDINGS["cache group"][1] };

for (const [what, ending] of Object.entries(ENDED)) {
  for (const stores of ["memory", "memory and a store"]) {
    const own = () => (stores === "memory" ? [memory()] : [memory(), new Store()]);

    test(`${what}, ${stores}: a HEAD that is under way does not renew what is ended`, async () => {
      const { answer, reached, respond } = slowHead();
      const set = stage(answer, { policy: { tags: TAGS }, stores: own() });
      await set.get("/a");
      const heading = set.get("/a", HEAD);
      await reached;
      await ending(set);
      respond();
      await heading;
      await turns();
      const { text, source } = await set.get("/a");
      assert.equal(source, "load");
      assert.notEqual(text, "#1");
    });

    test(`${what}, ${stores}: a HEAD from before does not renew what was loaded since`, async () => {
      const { answer, reached, respond } = slowHead();
      const set = stage(answer, { policy: { tags: TAGS }, stores: own() });
      await set.get("/a");
      const heading = set.get("/a", HEAD);
      await reached;
      await ending(set);
      const loaded = await set.get("/a");
      assert.equal(loaded.source, "load");
      respond();
      await heading;
      await turns();
      const { text, headers } = await set.get("/a");
      assert.equal(text, loaded.text);
      assert.equal(headers.get("x-n"), loaded.headers.get("x-n"));
    });
  }

  test(`${what} while a HEAD looks for what is stored: it does not bring that back`, async () => {
    const store = new Store();
    const answer = (_request, nth) => [`#${nth}`, { headers: FRESH }];
    await stage(answer, { policy: { tags: TAGS }, stores: [memory(), store] }).get("/a");
    await drain();
    const { reached, release } = holdUp(store, "get", (key) => key === KEY_A);
    const { answer: later, respond } = slowHead();
    respond();
    const set = stage((request, nth) => later(request, nth + 10), {
      policy: { tags: TAGS },
      stores: [memory(), store],
    });
    const heading = set.get("/a", HEAD);
    await reached;
    await ending(set);
    release();
    await heading;
    await turns();
    assert.match((await set.get("/a")).text, /^#1\d$/);
  });

  test(`${what} by another instance: a HEAD of this one does not bring back what its memory has`, async () => {
    const store = new Store();
    const answer = ({ method }, nth) =>
      method === "DELETE"
        ? ["", { headers: { "cache-group-invalidation": '"g"' } }]
        : [method === "HEAD" ? null : `#${nth}`, { headers: FRESH }];
    const settings = () => ({ policy: { tags: TAGS }, stores: [memory(), store] });
    const one = stage(answer, settings());
    const two = stage((request, nth) => answer(request, nth + 10), settings());
    await one.get("/a");
    await two.get("/a");
    await turns();
    await ending(one);
    await two.get("/a", HEAD);
    await turns();
    const three = stage((request, nth) => answer(request, nth + 20), settings());
    assert.match((await three.get("/a")).text, /^#2\d$/);
  });
}

test("invalidateTags by another instance while a HEAD renews: the versions of before stay", async () => {
  const store = new Store();
  const answer = ({ method }, nth) => [method === "HEAD" ? null : `#${nth}`, { headers: FRESH }];
  const settings = () => ({ policy: { tags: TAGS }, stores: [memory(), store] });
  const one = stage(answer, settings());
  const two = stage((request, nth) => answer(request, nth + 10), settings());
  await one.get("/a");
  await two.get("/a");
  await turns();
  // Its tag is good still when it is looked at.
  const { reached, release } = holdUp(store, "get", (key) => key.startsWith("%tags:h"));
  const heading = two.get("/a", HEAD);
  await reached;
  await invalidateTags(one.cache, TAGS);
  release();
  await heading;
  await turns();
  const three = stage((request, nth) => answer(request, nth + 20), settings());
  assert.match((await three.get("/a")).text, /^#2\d$/);
});

/** An application's own writes to the key of a URL. */
const WRITES = {
  "cache.set": ({ cache }) => cache.set(KEY_A, "own"),
  "cache.setMany": ({ cache }) => setMany(cache, [[KEY_A, "own"]]),
  "cache.replace": ({ cache }) => replace(cache, KEY_A, "own"),
  "cache.expire": ({ cache }) => expire(cache, KEY_A, 0),
};

for (const [what, write] of Object.entries(WRITES)) {
  test(`${what}: a variant whose record was read before is not served after`, async () => {
    const { other, asking } = await changedDuringRead(isVariant, write);
    assert.match((await asking).text, /^#1[1-9] de$/);
    assert.match((await other.get("/a", DE)).text, /^#1[1-9] de$/);
    await other.cache.delete(KEY_A);
    assert.match((await other.get("/a", DE)).text, /^#1[1-9] de$/);
  });

  test(`${what} while a variant is loaded: it is not served once the key is free`, async () => {
    let respond;
    const { cache, get, ...set } = stage((request, nth) => {
      if (nth !== 2) return inLanguages(request, nth);
      return new Promise((resolve) => {
        respond = () => resolve(inLanguages(request, nth));
      });
    });
    await get("/a");
    const first = get("/a", DE);
    await settled();
    await write({ cache, ...set });
    respond();
    assert.equal((await first).text, "#2 de");
    await cache.delete(KEY_A);
    assert.match((await get("/a", DE)).text, /^#[3-9] de$/);
  });
}

test("a URL dropped by another instance: another Vary here does not bring its variants back", async () => {
  const store = new Store();
  const answer = ({ headers }, nth) => {
    const vary = headers.get("x-other") === null ? "x-one" : "x-one, x-other";
    return [`#${nth}`, { headers: { ...FRESH, vary } }];
  };
  const settings = () => ({ stores: [memory(), store] });
  const one = stage(answer, settings());
  const two = stage((request, nth) => answer(request, nth + 10), settings());
  await one.get("/a");
  await turns();
  await two.get("/a");
  await turns();
  await one.cache.delete(KEY_A);
  await two.get("/a", { headers: { "x-one": "1", "x-other": "1" } });
  await turns();
  assert.equal((await store.get(KEY_A)) ?? undefined, undefined, "the record of its variants");
  const three = stage((request, nth) => answer(request, nth + 20), settings());
  assert.match((await three.get("/a")).text, /^#2\d$/);
});

test("another Vary of a URL is known in the store, also to other instances", async () => {
  const store = new Store();
  const answer = ({ headers }, nth) => {
    const vary = headers.get("x-other") === null ? "x-one" : "x-one, x-other";
    return [`#${nth}`, { headers: { ...FRESH, vary } }];
  };
  const settings = () => ({ stores: [memory(), store] });
  const one = stage(answer, settings());
  const other = { headers: { "x-one": "1", "x-other": "1" } };
  await one.get("/a");
  await turns();
  await one.get("/a", other);
  await turns();
  const two = stage((request, nth) => answer(request, nth + 10), settings());
  assert.equal((await two.get("/a", other)).text, "#2");
});
