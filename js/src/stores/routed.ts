/** A store made of several, each of which has the records whose names begin with its prefix. */

import { drivenLike, driverOf } from "../coordination/store-driver.js";
import { sharedLike } from "../engine/sharing.js";
import type { Maybe, Store, StoreEntry } from "../model/store.js";
import { ConfigError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { text } from "./options.js";

/** A prefix of names, and the store that has them. */
export type Route = readonly [prefix: string, store: Store];

/** Options of {@link routed}. */
export interface RoutedOptions {
  /** Shown in events and as `tier`. Default `"routed"`. */
  readonly name?: string | undefined;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Found = Uint8Array | undefined | null;

/** Milliseconds that an operation may take where a store does not say. */
const DEADLINE = 500;
/** Operations of one name that every route has to have. */
const OF_ONE = [
  "add",
  "compareAndDelete",
  "compareAndSet",
  "compareAndExpire",
  "increment",
] as const;
/** Operations that concern no record: the store of the empty prefix does them for all. */
const OF_NONE = ["window", "subscribe", "publish"] as const;

/**
 * Returns a store that keeps each record in the store of the longest prefix that its name begins
 * with. A name is a key, in a cache with a namespace after that and a colon: `"users:"` is also the
 * route of all keys of `namespace: "users"`. The route of `""` has to be there: it has all other
 * keys, versions of tags, locks, limits, and carries the messages.
 *
 * It has the operations that all of its stores have, and batches where one of them has.
 * @throws ConfigError for routes or options that are none
 */
export function routed(routes: readonly Route[], options: RoutedOptions = {}): Store {
  const given = readOptions(options, { of: "routed", known: ["name"] });
  const name = text(given.name, "name", "routed");
  const checked = checkedRoutes(routes);
  const { outer } = new Routes(checked, name);
  const [, base] = checked[checked.length - 1] as Route;
  return sharedLike(drivenLike(outer, base), base);
}

/** Returns the routes, that of the longest prefix first and that of the empty one last. */
function checkedRoutes(routes: unknown): readonly Route[] {
  const allowed =
    'a list of prefixes and stores, one for "" among them: [["user:", redis(client)], ["", kv(namespace)]]';
  if (!Array.isArray(routes)) throw new ConfigError("routes", routes, allowed);
  const checked = routes.map((route, at) => checkedRoute(route, `routes[${at}]`, allowed));
  const prefixes = checked.map(([prefix]) => prefix);
  const twice = prefixes.find((prefix, at) => prefixes.indexOf(prefix) !== at);
  if (twice !== undefined) {
    throw new ConfigError("routes", twice, "each prefix once", { subject: "a prefix of routes" });
  }
  if (!prefixes.includes("")) {
    throw new ConfigError("routes", prefixes, 'prefixes with "" among them, for all other keys');
  }
  return checked.sort(([one], [other]) => other.length - one.length);
}

function checkedRoute(route: unknown, option: string, allowed: string): Route {
  if (!Array.isArray(route) || route.length !== 2) throw new ConfigError(option, route, allowed);
  const [prefix, store] = route as [unknown, unknown];
  // Names of the cache's own begin with it, and it is written in another way in some keys.
  if (typeof prefix !== "string" || prefix.includes("%"))
    throw new ConfigError(`${option}[0]`, prefix, "a string without %");
  if (driverOf(Object(store)) === undefined) {
    const stores =
      'a store of "holdover/stores/…", or customStore(store) of "holdover/stores/custom"';
    throw new ConfigError(`${option}[1]`, store, stores);
  }
  return [prefix, store as Store];
}

class Routes {
  readonly outer: Store;
  readonly #routes: readonly Route[];
  readonly #stores: readonly Store[];

  constructor(routes: readonly Route[], name: string) {
    this.#routes = routes;
    this.#stores = [...new Set(routes.map(([, store]) => store))];
    const outer: Mutable<Store> = {
      name,
      get: (key) => this.#of(key).get(key),
      set: (key, record, options) => this.#of(key).set(key, record, options),
      delete: (key) => this.#of(key).delete(key),
      ping: () => this.#each((store) => (store.ping ? store.ping() : store.get("ping"))),
      close: () => this.#each((store) => store.close?.()),
    };
    const longest = Math.max(...this.#stores.map(({ deadline = DEADLINE }) => Number(deadline)));
    if (this.#stores.some(({ deadline }) => deadline !== undefined)) outer.deadline = longest;
    const lag = Math.max(...this.#stores.map((store) => store.lag ?? 0));
    if (lag > 0) outer.lag = lag;
    this.#addOperations(outer);
    this.#addBatches(outer);
    this.outer = outer;
  }

  #addOperations(outer: Mutable<Store>): void {
    for (const name of OF_ONE) {
      if (!this.#all(name)) continue;
      outer[name] = ((key: string, ...rest: readonly unknown[]) =>
        call(this.#of(key), name, [key, ...rest])) as never;
    }
    const base = this.#of("");
    for (const name of OF_NONE) {
      if (typeof base[name] !== "function") continue;
      outer[name] = ((...args: readonly unknown[]) => call(base, name, args)) as never;
    }
    if (this.#all("keys")) outer.keys = (prefix) => this.#keys(prefix);
    if (this.#all("clear")) {
      outer.clear = (prefix) =>
        settleAll(
          this.#under(prefix).map(
            ([own, store]) =>
              async () =>
                store.clear?.(own),
          ),
        );
    }
  }

  #addBatches(outer: Mutable<Store>): void {
    const has = (name: "getMany" | "setMany" | "deleteMany") =>
      this.#stores.some((store) => typeof store[name] === "function");
    if (has("getMany")) outer.getMany = (keys) => this.#getMany(keys);
    if (has("setMany")) {
      outer.setMany = (entries) => this.#grouped(entries, ([key]) => key, setAll);
    }
    if (has("deleteMany")) outer.deleteMany = (keys) => this.#grouped(keys, itself, deleteAll);
  }

  /** The store of a name. */
  #of(name: string): Store {
    for (const [prefix, store] of this.#routes) if (name.startsWith(prefix)) return store;
    throw new TypeError("no route"); // there is one for the empty prefix
  }

  #all(name: keyof Store): boolean {
    return this.#stores.every((store) => typeof store[name] === "function");
  }

  #each(act: (store: Store) => Maybe<unknown>): Promise<void> {
    return settleAll(this.#stores.map((store) => async () => act(store)));
  }

  /** The stores that may have names with a prefix, each with the longest prefix of those that it has. */
  #under(prefix: string): Route[] {
    return this.#routes.flatMap(([own, store]): Route[] => {
      if (own.startsWith(prefix)) return [[own, store]];
      return prefix.startsWith(own) ? [[prefix, store]] : [];
    });
  }

  /** Lists names, each from its own store only: another one may have it from former times. */
  async *#keys(prefix: string): AsyncGenerator<string> {
    const seen = new Set<string>();
    for (const [own, store] of this.#under(prefix)) {
      for await (const name of (await store.keys?.(own)) ?? []) {
        if (this.#of(name) !== store || seen.has(name)) continue;
        seen.add(name);
        yield name;
      }
    }
  }

  async #getMany(keys: readonly string[]): Promise<Found[]> {
    const found = new Map<string, Found>();
    await this.#grouped(keys, itself, async (store, own) => {
      const records = await getAll(store, own);
      own.forEach((key, at) => void found.set(key, records[at]));
    });
    return keys.map((key) => found.get(key));
  }

  #grouped<Item>(
    items: readonly Item[],
    nameOf: (item: Item) => string,
    act: (store: Store, items: readonly Item[]) => Maybe<unknown>,
  ): Promise<void> {
    const groups = new Map<Store, Item[]>();
    for (const item of items) {
      const store = this.#of(nameOf(item));
      const group = groups.get(store);
      if (group === undefined) groups.set(store, [item]);
      else group.push(item);
    }
    return settleAll(
      [...groups].map(
        ([store, own]) =>
          async () =>
            act(store, own),
      ),
    );
  }
}

const itself = (key: string): string => key;

function call(store: Store, name: keyof Store, args: readonly unknown[]): unknown {
  return Reflect.apply(store[name] as (...args: never[]) => unknown, store, args);
}

/**
 * Does all of it. A failure is told when the last one has ended: what is under way in one store
 * must not come after what is done about the failure of another.
 */
async function settleAll(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const task of await Promise.allSettled(tasks.map((run) => run()))) {
    if (task.status === "rejected") throw task.reason;
  }
}

function getAll(store: Store, keys: readonly string[]): Maybe<readonly Found[]> {
  if (store.getMany !== undefined) return store.getMany(keys);
  return Promise.all(keys.map((key) => store.get(key)));
}

function setAll(store: Store, entries: readonly StoreEntry[]): Maybe<unknown> {
  if (store.setMany !== undefined) return store.setMany(entries);
  return settleAll(entries.map((entry) => async () => store.set(...entry)));
}

function deleteAll(store: Store, keys: readonly string[]): Maybe<unknown> {
  if (store.deleteMany !== undefined) return store.deleteMany(keys);
  return settleAll(keys.map((key) => async () => store.delete(key)));
}
