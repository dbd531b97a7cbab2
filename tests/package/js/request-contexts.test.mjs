// Entries keep no context of a request (AsyncLocalStorage), and messages run in none.
// Each scenario prints what it found; it runs on this Node, and on every other one at hand.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const TESTS = fileURLToPath(new URL("../..", import.meta.url));

/** The Node that runs this, and those of the host tests where they are installed. */
const NODES = [
  process.execPath,
  ...["22", "24"].map((version) => `${TESTS}hosts/node_modules/node-${version}-linux-x64/bin/node`),
].filter((path) => existsSync(path));

const PROLOGUE = `
  import { AsyncLocalStorage } from "node:async_hooks";
  import { createCache, memory } from "holdover";
  import { cachedFetch } from "holdover/fetch";
  import { customStore } from "holdover/stores/custom";
  const storage = new AsyncLocalStorage();
  const requests = [];
  /** Runs as a request with a context that is looked for afterwards. */
  const inRequest = (act) => {
    const context = { user: "alice", size: new Array(1000).fill(0) };
    requests.push(new WeakRef(context));
    return storage.run(context, act);
  };
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  const kept = async () => {
    for (let round = 0; round < 5; round += 1) { await turn(); globalThis.gc(); }
    return requests.filter((reference) => reference.deref() !== undefined).length;
  };
  class Lower {
    constructor() { customStore(this); }
    records = new Map();
    get = async (key) => this.records.get(key);
    set = async (key, record) => void this.records.set(key, record);
    delete = async (key) => void this.records.delete(key);
  }
`;

const SCENARIOS = {
  "loads and hits": `
    const cache = createCache();
    const get = cache.wrap(async (id) => ({ id }), { ttl: "1h" });
    for (let id = 0; id < 50; id += 1) {
      await inRequest(async () => { await get(id); await get(id); await get(id); });
    }
    console.log(await kept()); globalThis.keep = cache;`,
  "calls that share one load": `
    const cache = createCache();
    const get = cache.wrap(async (id) => { await turn(); return { id }; }, { ttl: "1h" });
    for (let id = 0; id < 20; id += 1) {
      await Promise.all([0, 1, 2].map(() => inRequest(() => Promise.all([get(id), get(id)]))));
    }
    console.log(await kept()); globalThis.keep = cache;`,
  "a lower store": `
    const store = new Lower();
    const cache = createCache({ stores: [memory(), store] });
    const other = createCache({ stores: [memory(), store] });
    for (const one of [cache, other]) {
      const get = one.wrap(async (id) => ({ id }), { ttl: "1h", key: "k:{0}" });
      for (let id = 0; id < 50; id += 1) await inRequest(async () => { await get(id); await get(id); });
    }
    console.log(await kept()); globalThis.keep = [cache, other];`,
  "direct writes, and reads of them": `
    const cache = createCache({ stores: [memory(), new Lower()] });
    for (let id = 0; id < 50; id += 1) {
      await inRequest(async () => { await cache.set("k" + id, { id }); await cache.get("k" + id); });
    }
    console.log(await kept()); globalThis.keep = cache;`,
  "refreshes that failed, and what is not stored": `
    const cache = createCache();
    let down = false;
    const get = cache.wrap(async (id) => { if (down) throw new Error("down"); return { id }; },
      { ttl: 5, staleIfError: "1h", staleWhileRevalidate: "1h", key: "a{0}" });
    const never = cache.wrap(async (id) => ({ id }), { ttl: "1h", cacheIf: () => false, key: "b{0}" });
    for (let id = 0; id < 20; id += 1) await inRequest(() => get(id));
    await turn(); await turn(); down = true;
    for (let id = 0; id < 20; id += 1) await inRequest(async () => { await get(id); await never(id); });
    await turn();
    for (let id = 0; id < 20; id += 1) await inRequest(() => get(id));
    console.log(await kept()); globalThis.keep = cache;`,
  "loads that were given up, timed out, or were failed over": `
    const cache = createCache();
    const hang = () => new Promise(() => {});
    const get = cache.wrap(hang, { ttl: "1h", timeout: 20, key: "a{0}" });
    for (let id = 0; id < 20; id += 1) {
      await inRequest(() => get.with({ signal: AbortSignal.abort() })(id).catch(() => {}));
    }
    await Promise.all(Array.from({ length: 20 }, (_, id) => inRequest(() => get(id).catch(() => {}))));
    console.log(await kept()); globalThis.keep = cache;`,
  "failures that are remembered": `
    const cache = createCache();
    const get = cache.wrap(async () => { throw new Error("down"); }, { ttl: "1h", errorTtl: "1h" });
    for (let id = 0; id < 20; id += 1) {
      await inRequest(async () => { for (let nth = 0; nth < 2; nth += 1) await get(id).catch(() => {}); });
    }
    console.log(await kept()); globalThis.keep = cache;`,
  fetch: `
    const cache = createCache();
    const fetch = async () => new Response("body", { headers: { "cache-control": "max-age=3600" } });
    const cached = cachedFetch(cache, {}, { fetch });
    for (let id = 0; id < 30; id += 1) {
      await inRequest(async () => {
        for (let nth = 0; nth < 3; nth += 1) await (await cached("https://example.org/" + id)).text();
      });
    }
    console.log(await kept()); globalThis.keep = cache;`,
  "messages of other instances": `
    class Channel extends Lower {
      static ears = [];
      publish = async (channel, message) => { for (const ear of Channel.ears) setTimeout(() => ear(message), 0); };
      // A client connects when it is first asked to listen, and calls its listeners from there.
      subscribe = async (channel, hear) => {
        const timer = setInterval(() => { for (const one of queue.splice(0)) hear(one); }, 2);
        timer.unref();
        const queue = [];
        Channel.ears.push((message) => queue.push(message));
        return () => clearInterval(timer);
      };
    }
    const store = new Channel();
    const seen = [];
    const cache = createCache({ stores: [memory(), store], onEvent: ({ type }) => seen.push([type, storage.getStore()?.user]) });
    const other = createCache({ stores: [memory(), store] });
    await inRequest(() => cache.getOrLoad("k", () => ({}), { ttl: "1h" }));
    await turn();
    requests.length = 1;
    seen.length = 0;
    for (const ear of Channel.ears) ear("no message at all");
    await other.invalidate("k");
    await turn(); await turn();
    const corrupt = seen.filter(([type]) => type === "corrupt");
    if (corrupt.length === 0) throw new Error("nothing was heard: " + JSON.stringify(seen));
    if (corrupt.some(([, user]) => user !== undefined)) throw new Error("a message ran in a request's context");
    if ((await cache.get("k")) !== undefined) throw new Error("the message was not heeded");
    console.log(await kept()); globalThis.keep = cache;`,
};

/** What a scenario may keep: the one that ran last may still be on the stack of the engine. */
const SLACK = 1;

for (const node of NODES) {
  for (const [what, body] of Object.entries(SCENARIOS)) {
    const name = node === process.execPath ? process.version : node.match(/node-(\d+)/)[1];
    test(`${what} keep no request's context (Node ${name})`, async () => {
      const args = ["--expose-gc", "--input-type=module", "-e", PROLOGUE + body];
      const { stdout } = await promisify(execFile)(node, args, { cwd: TESTS, timeout: 60_000 });
      const kept = Number(stdout.trim());
      assert.ok(kept <= SLACK, `${kept} contexts are kept`);
    });
  }
}
