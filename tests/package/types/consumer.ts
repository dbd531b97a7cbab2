// A strict application. It has to compile with each tsconfig here; nothing of it runs.
import {
  type CacheEvent,
  type CacheOptions,
  ConfigError,
  createCache,
  HoldoverError,
  memory,
  type PolicyOptions,
  TimeoutError,
} from "holdover";
import { many } from "holdover/batches";
import { bloom } from "holdover/bloom";
import { cachedFetch, cachedHandler } from "holdover/fetch";
import { isLocked, type Lock, loadLock, lock as lockIn } from "holdover/locks";
import {
  add,
  clear,
  deleteMany,
  deleteMatch,
  expire,
  getMany,
  getOrSet,
  increment,
  keys as keysIn,
  ping,
  replace,
  setMany,
  size,
  ttl as ttlIn,
} from "holdover/operations";

interface User {
  readonly id: number;
  readonly name: string;
}

async function loadUser(id: number, verbose = false): Promise<User> {
  return { id, name: verbose ? `user ${id}` : "" };
}

/** Compiles only when both types are the same. */
function same<Left, Right>(
  _same: [Left, Right] extends [Right, Left] ? true : { left: Left; right: Right },
): void {}

const cache = createCache({
  namespace: "shop",
  stores: [memory({ maxEntries: 10_000, maxBytes: "32mb", copy: true })],
  clock: { now: () => Date.now() },
  random: () => 0.5,
  waitUntil: (promise) => {
    promise.catch(() => {});
  },
  onEvent: (event) => {
    event satisfies object;
  },
});

createCache();
createCache({ waitUntil: false, enabled: true });

const options: CacheOptions = {
  stores: [memory()],
  onEvent: (event: CacheEvent) => {
    if (event.type === "store-error") event.store satisfies string;
    if (event.type === "policy-error") event.option satisfies string;
    if ("error" in event) event.error satisfies unknown;
    if ("key" in event) event.key satisfies string;
  },
};
createCache(options);
createCache({ ...options, namespace: "shop" });

const policy = {
  ttl: "5m",
  staleWhileRevalidate: "1h",
  staleIfError: "1d",
  failoverAfter: "300ms",
  timeout: 2000,
  lock: loadLock({ ttl: "5s", wait: "2s", onTimeout: "throw" }),
} satisfies PolicyOptions;

export async function functions(signal: AbortSignal): Promise<void> {
  const getUser = cache.wrap(loadUser, { key: "user:{0}", ...policy });
  same<Parameters<typeof getUser>, Parameters<typeof loadUser>>(true);
  same<Awaited<ReturnType<typeof getUser>>, User>(true);

  const user: User = await getUser(42);
  await getUser(user.id, true);
  // @ts-expect-error: an argument of the wrong type
  await getUser("42");

  const { value, source, age, ttl, error } = await getUser.explain(42);
  value.name satisfies string;
  source satisfies string;
  [age, ttl] satisfies readonly (number | undefined)[];
  error satisfies unknown;

  getUser.key(42) satisfies string;
  const peeked = await getUser.peek(42);
  same<typeof peeked, User | undefined>(true);
  await getUser.refresh(42);
  await getUser.set([42], user);
  // @ts-expect-error: not a user
  await getUser.set([42], "someone");
  await getUser.invalidate(42);
  await getUser.with({ signal, bypass: false, ttl: "1m" })(42);
}

export async function batches(): Promise<void> {
  const filter = bloom(cache, { name: "users", capacity: 1000, falsePositiveRate: 0.01 });
  const getUser = cache.wrap(loadUser, {
    ttl: "5m",
    bloom: filter,
    loadMany: async (argsList, { signal, keys }) => {
      same<typeof argsList, readonly Parameters<typeof loadUser>[]>(true);
      signal satisfies AbortSignal;
      keys satisfies readonly string[];
      return argsList.map(([id]) => (id > 0 ? { id, name: "" } : new RangeError("no such user")));
    },
  });
  const users = await many(getUser, [[1], [2, true]], { ttl: "1m" });
  same<typeof users, User[]>(true);
  // @ts-expect-error: an argument of the wrong type
  await many(getUser, [["1"]]);
  // @ts-expect-error: no list of argument lists
  await many(getUser, [1, 2]);
  filter.add(getUser.key(1));
  filter.mayHave(getUser.key(2)) satisfies boolean;
  (await filter.save()) satisfies boolean;
  (await filter.load()) satisfies boolean;
  filter.rebuild(new Set([getUser.key(1)]));
}

export async function basics(): Promise<void> {
  const loaded = await cache.getOrLoad("user:42", (ctx) => loadLong(ctx.signal), { ttl: "5m" });
  same<typeof loaded, User>(true);
  (await cache.set("answer", 42, { ttl: "1m" })) satisfies boolean;
  (await add(cache, "answer", 42)) satisfies boolean;
  (await replace(cache, "answer", 42, { ttl: 5 })) satisfies boolean;
  const numbers = await getMany<number>(cache, ["answer", "question"]);
  same<typeof numbers, (number | undefined)[]>(true);
  await setMany(cache, new Map([["answer", 42]]), { ttl: "1m" });
  await setMany(cache, [["answer", 42]]);
  (await deleteMany(cache, new Set(["answer"]))) satisfies boolean[];
  (await deleteMatch(cache, "user:*")) satisfies number;
  (await keysIn(cache, "user:?")) satisfies string[];
  (await ttlIn(cache, "answer")) satisfies number | undefined;
  (await expire(cache, "answer", "1h")) satisfies boolean;
  (await increment(cache, "visits", 2, { ttl: "1d" })) satisfies number;
  const made = await getOrSet(cache, "user:1", () => loadUser(1), { ttl: "1m" });
  same<typeof made, User>(true);
  (await getOrSet(cache, "page", "text")) satisfies string;
  const lock: Lock = await lockIn(cache, "report", { ttl: "30s", wait: 0 });
  (await lock.release()) satisfies boolean;
  (await isLocked(cache, "report")) satisfies boolean;
  await ping(cache);
  (await size(cache)) satisfies number;
  await cache.get("answer");
  (await cache.has("answer")) satisfies boolean;
  await cache.delete("answer");
  await cache.invalidate("user:42");
  cache.stats() satisfies object;
  await clear(cache);
  await cache.close();
}

export function fetches(): (request: Request) => Promise<Response> {
  const fetchCached = cachedFetch(cache, { ttl: "30s", staleIfError: "1d" }, { shared: true });
  const plain: typeof fetch = cachedFetch(cache);
  void plain("https://example.com/", { headers: { accept: "text/html" } });
  return (request) => fetchCached(request);
}

export async function explained(): Promise<readonly [Response, string, number, boolean]> {
  const { response, source, age, stored, reason } = await cachedFetch(
    cache,
    {},
    { override: true, maxBody: "1mb" },
  ).explain("https://example.com/");
  reason satisfies string | undefined;
  return [response, source, age, stored];
}

interface Env {
  readonly name: string;
}

export function handles(): (request: Request, env: Env) => Promise<Response> {
  const handler = cachedHandler(
    cache,
    (_request: Request, env: Env) => new Response(env.name),
    { ttl: "10s" },
    { shared: false },
  );
  // @ts-expect-error: the handler wants its environment
  void handler(new Request("https://example.com/"));
  return handler;
}

export function errors(error: unknown): string {
  if (error instanceof TimeoutError) return error.code satisfies "E_TIMEOUT";
  if (error instanceof ConfigError) return error.option;
  if (error instanceof HoldoverError) return error.code;
  return "";
}

export function mistakes(): void {
  // @ts-expect-error: no such option
  cache.wrap(loadUser, { ttl: 1, staleWhileRevalidte: 1 });
  // @ts-expect-error: results of another type
  cache.wrap(loadUser, { ttl: 1, loadMany: () => ["user"] });
  // @ts-expect-error: no filter
  cache.wrap(loadUser, { ttl: 1, bloom: true });
  // @ts-expect-error: an unknown mode
  cache.wrap(loadUser, { ttl: 1, mode: "cache-last" });
}

async function loadLong(signal: AbortSignal): Promise<User> {
  signal.throwIfAborted();
  return loadUser(42);
}
