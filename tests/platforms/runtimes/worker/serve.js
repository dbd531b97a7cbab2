// The worker of the request tests. Everything is made at module scope, as applications do.

import { createCache, memory } from "holdover";
import { sign } from "holdover/codecs/sign";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { customStore } from "holdover/stores/custom";
import { telling } from "../../../../examples/worker/tries.js";
import { core } from "../../../internal.mjs";

// For tests only: an application cannot reach these.

const startedAt = Date.now();
const events = [];
let compiled = 0;
WebAssembly.Module = new Proxy(WebAssembly.Module, {
  construct(target, args) {
    compiled += 1;
    return Reflect.construct(target, args);
  },
});

let origin;

const anchored = createCache({ onEvent: (event) => events.push(event.type) });
const loose = createCache({ waitUntil: false });
const caches = { anchored, loose };

const text = async (path, options) => {
  const response = await fetch(`${origin}${path}`, options);
  if (response.status >= 500) throw new Error(`the origin says ${response.status}`);
  return response.text();
};

const POLICIES = {
  /** Its lease is as short as its timeout, which no answer comes near on a busy machine. */
  plain: { ttl: "1m", timeout: "5s" },
  /** For many requests at once. */
  crowded: { ttl: "1m", timeout: "8s" },
  long: { ttl: "1m" },
  refreshed: { ttl: 100, staleWhileRevalidate: "1m" },
  heldOver: { ttl: 50, staleIfError: "1m" },
  leftAlone: { ttl: 100, staleWhileRevalidate: 900, staleIfError: "1m" },
  originFirst: { ttl: "1m", mode: "origin-first", failoverAfter: 150 },
};

const records = new Map();
/** Writes ask the origin first, which may take its time. */
const slowStore = customStore({
  name: "slow",
  deadline: 2000,
  get: async (key) => records.get(key),
  async set(key, record) {
    const putting = fetch(`${origin}/sealed-put`, { method: "PUT" });
    slowStore.wrote?.();
    await putting;
    records.set(key, record);
  },
  delete: async (key) => records.delete(key),
});
const signed = sign({ keys: [Uint8Array.from({ length: 32 }, (_, nth) => nth)] });
const sealed = createCache({ stores: [memory(), slowStore], sign: signed, waitUntil: false });

/** How many requests have come for each path. */
const arrivals = new Map();

const functions = {};
const fetches = {};
const handlers = {};
const nested = {};
for (const [where, cache] of Object.entries(caches)) {
  for (const [name, policy] of Object.entries(POLICIES)) {
    functions[`${where}/${name}`] = cache.wrap((path) => text(path), policy);
    fetches[`${where}/${name}`] = cachedFetch(cache, policy, { fetch: telling });
    handlers[`${where}/${name}`] = cachedHandler(
      cache,
      (request, env) => {
        const path = new URL(request.url).pathname.split("/").slice(4).join("/");
        return telling(`${env.ORIGIN}/${path}`);
      },
      policy,
    );
    // As a reverse proxy: both are asked for the same URL.
    const ask = (request) => fetch(`${origin}/${pathOf(request)}`);
    const inner = cachedFetch(cache, policy, { fetch: ask, name: `inner ${name}` });
    nested[`${where}/${name}`] = cachedHandler(cache, (request) => inner(request), policy);
  }
}

function pathOf(request) {
  return new URL(request.url).pathname.split("/").slice(4).join("/");
}

const inRequest = {
  /** Begins to write, and is over when the origin has been asked. */
  async begin(_where, path) {
    const wrote = new Promise((resolve) => {
      slowStore.wrote = resolve;
    });
    void sealed.set("k", path);
    await wrote;
    await fetch(`${origin}/sealed-begun`);
    return new Response("begun");
  },
  async write(_where, path) {
    return Response.json({ isStored: await sealed.set("k", path), records: records.size });
  },
  async invalidate() {
    await sealed.invalidate("k");
    const value = await sealed.get("k");
    return Response.json({ value: value ?? null, records: records.size });
  },
  /** /fn/<cache>/<policy>/<path…> */
  async fn(where, path) {
    const { value, source, error } = await functions[where].explain(path);
    return Response.json({ value, source, error: error === undefined ? undefined : `${error}` });
  },
  /** The hot path, which `explain` does not take. */
  async call(where, path) {
    return Response.json({ value: await functions[where](path) });
  },
  fetch: (where, path, request) => fetches[where](new Request(`${origin}${path}`, request)),
  handler: (where, _path, request, ctx, env) => handlers[where](request, env, ctx),
  nested: (where, _path, request, ctx, env) => nested[where](request, env, ctx),
  /** Reads the bytes and changes them: they must be this request's own. */
  async scribble(where, path) {
    const response = await fetches[where](`${origin}${path}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    bytes.fill(0);
    return new Response(text);
  },
  async anchoredByHand(where, path, _request, ctx) {
    const anchoring = functions[where].with({ waitUntil: (work) => ctx.waitUntil(work) });
    return Response.json({ value: await anchoring(path) });
  },
  arrived: (_where, path) => new Response(`${arrivals.get(path) ?? 0}`),
  async peek(where, path) {
    return Response.json({ value: (await functions[where].peek(path)) ?? null });
  },
  facts: (where) =>
    Response.json({ startedAt, compiled, events, stats: caches[where.split("/")[0]].stats() }),
  trap() {
    try {
      core.trap();
    } catch (error) {
      // The driver would find out by its next call; what is left here is an instance that is dead.
      return Response.json({ isTrap: core.isTrap(error) });
    }
    return new Response("it did not trap", { status: 500 });
  },
  /** The machines go behind the cache's back, so the next call of any cache traps. */
  breakIt() {
    for (let machine = 0; machine < 10; machine += 1) core.close(machine);
    return Response.json({ traps: core.trapCount() });
  },
};

export default {
  async fetch(request, env, ctx) {
    origin = env.ORIGIN;
    const [, way, cache, policy, ...rest] = new URL(request.url).pathname.split("/");
    const path = `/${rest.join("/")}`;
    try {
      const answer = inRequest[way](`${cache}/${policy}`, path, request, ctx, env);
      if (way !== "arrived") arrivals.set(path, (arrivals.get(path) ?? 0) + 1);
      return await answer;
    } catch (error) {
      return new Response(`${error}`, { status: 500 });
    }
  },
};
