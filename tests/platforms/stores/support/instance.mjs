// One instance of an application, in a process or thread of its own: does what its parent asks for.

import { parentPort } from "node:worker_threads";
import { createCache, memory } from "holdover";
import { loadLock, lock as lockIn } from "holdover/locks";
import { clear } from "holdover/operations";
import { cacheStorage } from "holdover/stores/cache-storage";
import { customStore } from "holdover/stores/custom";
import { redis } from "holdover/stores/redis";
import { invalidateTags } from "holdover/tags";
import { Redis as IoRedis } from "ioredis";
import { createClient } from "redis";

const CLIENTS = {
  ioredis: async (port, options) => new IoRedis(port, "127.0.0.1", options),
  redis: (port) => createClient({ socket: { host: "127.0.0.1", port } }).connect(),
};

let cache;
let get;
const events = [];
const operations = {};
/** The last lock of each key. */
const locks = new Map();

/** The store, but its messages go from thread to thread. */
function broadcasting(store, name) {
  const carrier = cacheStorage({ name });
  const own = ["subscribe", "publish"];
  return new Proxy(store, {
    get(target, method) {
      const from = own.includes(method) ? carrier : target;
      return typeof from[method] === "function" ? from[method].bind(from) : from[method];
    },
  });
}

/** The store, which counts what is asked of it; the feed's messages are not an operation's. */
function counted(store) {
  const count = (what) => {
    operations[what] = (operations[what] ?? 0) + 1;
  };
  return new Proxy(store, {
    get(target, method) {
      const value = target[method];
      if (typeof value !== "function") return value;
      return async (...args) => {
        const isFeed = `${args[0]}`.startsWith("%feed:");
        if (!isFeed) count(method);
        const answer = await value.apply(target, args);
        if (isFeed || method !== "subscribe") return answer;
        return () => {
          count("unsubscribe");
          return answer();
        };
      };
    },
  });
}

/** What a call came to: its value, or the code of its error. */
async function outcome(call) {
  try {
    return await call;
  } catch (error) {
    return error?.code ?? error?.message ?? "failed";
  }
}

const COMMANDS = {
  async open({ client, port, origin, namespace, policy, keep, broadcast, connection, ...more }) {
    const { writes, store: options, lock } = more;
    const own = await CLIENTS[client](port, connection);
    own.on("error", () => {});
    const onEvent = ({ type, operation }) => events.push(`${type} ${operation}`);
    const store = broadcast ? broadcasting(redis(own, options), broadcast) : redis(own, options);
    const stores = [memory(keep), customStore(counted(store))];
    cache = createCache({ namespace, stores, onEvent, writes });
    const load = async (key) => {
      const response = await fetch(`${origin}/${key}`);
      if (!response.ok) throw new Error("the origin is down");
      return response.json();
    };
    const locking = lock && loadLock(lock);
    get = cache.wrap(load, { ttl: "1h", key: "{0}", ...policy, lock: locking });
  },
  /** Calls it often at the same time; gives the outcomes that there were. */
  async get(key, times = 1) {
    const outcomes = await Promise.all(Array.from({ length: times }, () => outcome(get(key))));
    return [...new Set(outcomes)];
  },
  /** Where the answer came from. */
  source: async (key) => (await get.explain(key)).source,
  invalidate: (key) => get.invalidate(key),
  invalidateTags: (tag, options) => invalidateTags(cache, tag, options),
  delete: (key) => cache.delete(key),
  set: (key, value) => cache.set(key, value, { ttl: "1h" }),
  clear: () => clear(cache),
  /** Takes a lock; gives its token, or the code of the error. */
  lock: (key, options) =>
    outcome(
      lockIn(cache, key, options).then((lock) => {
        locks.set(key, lock);
        return lock.token;
      }),
    ),
  extend: (key, ttl) => outcome(locks.get(key).extend(ttl)),
  release: (key) => outcome(locks.get(key).release()),
  /** Why it was lost, once it is; undefined while it is held. */
  lost: (key) => locks.get(key).signal.reason?.code,
  /** What failed so far, in a few words. */
  events: () => events,
  /** How often the store was asked since the last time, by method. */
  operations: () => {
    const now = { ...operations };
    for (const method of Object.keys(operations)) delete operations[method];
    return now;
  },
};

const parent = parentPort ?? process;
const tell = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));

parent.on("message", async ({ id, command, args }) => {
  try {
    tell({ id, value: await COMMANDS[command](...args) });
  } catch (error) {
    tell({ id, error: error?.stack ?? `${error}` });
  }
});
process.on("disconnect", () => process.exit());
tell("ready");
