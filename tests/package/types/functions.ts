// Functions of every shape, wrapped and decorated, as strict applications have them.

import { createCache, type Wrapped } from "holdover";
import { many } from "holdover/batches";
import { cached } from "holdover/decorator";

const cache = createCache();

/** Compiles only when both types are the same. */
function same<Left, Right>(
  _same: [Left, Right] extends [Right, Left] ? true : { left: Left; right: Right },
): void {}

export async function argumentsOfEveryKind(): Promise<void> {
  const optional = cache.wrap(async (id: number, q?: string) => `${id}${q}`, {
    ttl: 1,
    key: (id, q) => `${id.toFixed()}:${q?.trim()}`,
  });
  same<typeof optional, Wrapped<[id: number, q?: string | undefined], string>>(true);
  await optional(1);
  await optional(1, "a");
  await many(optional, [[1], [2, "b"]]);
  // @ts-expect-error: an argument of the wrong type
  await optional("1");
  // @ts-expect-error: too many
  await optional(1, "a", 2);

  cache.wrap(async (id: number, _q?: string) => id, { ttl: 1, key: (id) => id.toFixed() });
  cache.wrap(async (id: number, _q?: string) => id, { ttl: 1, key: () => "one" });
  cache.wrap(async (id: number, q = "none") => id + q, {
    ttl: (value, [id, q]) => value.length + id + (q?.length ?? 0),
    key: (id, q) => `${id.toFixed()}${q?.trim()}`,
    tags: (value, [id]) => [value.trim(), id.toFixed()],
    cacheIf: (value, [, q]) => value !== q,
  });
  cache.wrap(async (id: number, ...rest: string[]) => id + rest.length, {
    ttl: 1,
    key: (id, ...rest) => `${id.toFixed()}${rest.join()}`,
    loadMany: async (lists) => lists.map(([id, ...rest]) => id + rest.length),
  });
  cache.wrap(async (...rest: readonly string[]) => rest.length, {
    ttl: 1,
    key: (...rest) => rest.join(),
  });
  cache.wrap(async (id: number, { signal }: { signal?: AbortSignal } = {}) => [id, signal], {
    ttl: 1,
    key: (id) => `${id}`,
  });
  cache.wrap(() => 1, { ttl: 1, key: () => "k" });
  // @ts-expect-error: a key is text
  cache.wrap(async (id: number) => id, { ttl: 1, key: (id) => id });
  // @ts-expect-error: nothing is known of the argument
  await cache.wrap(async (id) => id, { ttl: 1 })(5);
}

async function same1<Value>(value: Value): Promise<Value> {
  return value;
}
function now<Value>(value: Value): Value {
  return value;
}
function find(id: number): Promise<{ readonly byId: true }>;
function find(name: string): Promise<{ readonly byName: true }>;
async function find(_what: unknown): Promise<unknown> {
  return {};
}

export async function signatures(): Promise<void> {
  const generic = cache.wrap(same1, { ttl: 1, key: (value) => JSON.stringify(value) });
  same<typeof a, "a">(true);
  const a = await generic("a" as const);
  const { n } = await generic({ n: 1 });
  n satisfies number;
  await generic.invalidate("a");

  const overloaded = cache.wrap(find, { ttl: 1 });
  (await overloaded(1)).byId satisfies true;
  (await overloaded("a")).byName satisfies true;
  // @ts-expect-error: no such overload
  await overloaded(true);

  // Its answers are promises, which its own signature does not say.
  const awaited = cache.wrap(now, { ttl: 1 });
  awaited(1) satisfies Promise<unknown>;

  const counted = Object.assign(async (id: number) => `${id}`, { calls: 0 });
  const wrapped = cache.wrap(counted, { ttl: 1 });
  (await wrapped(1)) satisfies string;
  // @ts-expect-error: members of the function are not the wrapped one's
  wrapped.calls;
}

class Shop {
  readonly name = "shop";
  async load(this: Shop, id: number): Promise<string> {
    return `${this.name} ${id}`;
  }
}

export async function methods(shop: Shop): Promise<void> {
  const load = cache.wrap(Shop.prototype.load, { ttl: 1, key: (id) => `${id}` });
  (await load.call(shop, 1)) satisfies string;
  // @ts-expect-error: without the object it needs
  await load(1);
}

export class Users {
  readonly tenant: string = "one";

  @cached(cache, {
    ttl: "5m",
    key: (id, verbose) => `${id.toFixed()} ${verbose}`,
    tags: (user, [id]) => [user.name, id.toFixed()],
  })
  async load(id: number, verbose = false): Promise<{ readonly name: string }> {
    return { name: verbose ? `user ${id}` : "" };
  }

  @cached(cache, { ttl: "5m", key: (id) => id.toFixed() })
  async find(id: number, _hint?: string): Promise<number> {
    return id;
  }

  @cached(cache, {
    ttl: "5m",
    of: (self: Users) => self.tenant,
    key: (tenant, id) => `${tenant.trim()} ${id.toFixed()}`,
  })
  async count(id: number): Promise<number> {
    return id;
  }
}

export async function contexts(): Promise<void> {
  const get = cache.wrap(
    async ({ signal, background, previous, key }, id: number, verbose = false) => {
      signal satisfies AbortSignal;
      background satisfies boolean;
      key satisfies string;
      return previous === undefined ? `${id} ${verbose}` : String(previous.value);
    },
    { ttl: 1, key: (id, verbose) => `${id.toFixed()} ${verbose}`, passContext: true },
  );
  (await get(1)) satisfies string;
  (await get(1, true)) satisfies string;
  // @ts-expect-error: the context is not the caller's to give
  await get({}, 1);
  await cache.getOrLoad("k", ({ previous }) => previous?.age ?? 0, { ttl: 1 });
}

export async function defaultsOfACache(): Promise<void> {
  const defaulted = createCache({ defaults: { ttl: "5m", staleIfError: "1d" } });
  const plain = defaulted.wrap(async (id: number) => `${id}`);
  same<typeof plain, Wrapped<[id: number], string>>(true);
  defaulted.wrap(async (id: number) => id, { key: (id) => id.toFixed() });
  const text: string = await defaulted.getOrLoad("k", async () => "v");
  await defaulted.getOrLoad("k", () => text, { cacheIf: (value) => value.length > 0 });
  await many(plain, [[1], [2]]);
  const known: ReturnType<typeof createCache> = defaulted;
  // @ts-expect-error: its ttl may be missing
  known.wrap(async () => 1);
  const windows = createCache({ defaults: { staleIfError: "1d" } });
  // @ts-expect-error: without a default the ttl is required
  windows.wrap(async () => 1, { key: "k" });
  // @ts-expect-error: a key is one function's
  createCache({ defaults: { ttl: 1, key: "k" } });
}
