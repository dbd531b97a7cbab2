// Decorated methods, numbers for others, and the testing kit, as strict applications use them.

import { createCache, type Disabled, type LoadEvent, type LoadTimes, memory } from "holdover";
import { precachePlugin as vitePlugin } from "holdover/build/vite";
import { precachePlugin as webpackPlugin } from "holdover/build/webpack";
import { cached, wrapped } from "holdover/decorator";
import { type BreakerState, breakerOf, circuitBreaker } from "holdover/guards";
import {
  addHooks,
  disableOperations,
  type Hooks,
  isDisabled,
  type Operation,
  type OperationName,
} from "holdover/hooks";
import { prometheusText } from "holdover/metrics";
import {
  compareAndSet,
  dump,
  type EntryInfo,
  type EntryVersion,
  entryOf,
  getVersioned,
  markStale,
  memoryEntries,
  restore,
  take,
  update,
  type Versioned,
} from "holdover/operations";
import { instrument, tracedLoad, tracedStore } from "holdover/otel";
import { type Trace, trace as traceIn } from "holdover/scopes";
import { type PrecacheEntry, serveFrom } from "holdover/service-worker";
import {
  answerRanges,
  broadcastUpdates,
  type UpdateMessage,
  warmUp,
} from "holdover/service-worker/extras";
import { bounded } from "holdover/stores/bounded";
import { indexedDb } from "holdover/stores/indexed-db";
import { type Route, routed } from "holdover/stores/routed";
import { flakyOrigin, manualClock } from "holdover/testing";
import { type Transaction, TransactionError, transaction } from "holdover/transactions";

const clock = manualClock();
const cache = createCache({ clock });

class Users {
  readonly tenant = "one";

  @cached(cache, { ttl: "5m", tags: ["users"], of: (self: Users) => self.tenant })
  async load(id: number): Promise<{ readonly id: number }> {
    return { id };
  }
}

const users = new Users();
const user: Promise<{ readonly id: number }> = users.load(1);
const dropped: Promise<void> = wrapped(users.load).invalidate(1);
const text: string = prometheusText(cache, { labels: { region: "fra" } });
instrument(cache, { attributes: { region: "fra" } }).unregister();
const origin = flakyOrigin([{ value: 1 }, { error: new Error("down"), after: 5 }], { clock });
const answer: Promise<number> = cache.wrap(origin, { ttl: 1, key: "k" })();
const trace: Promise<Trace<number>> = traceIn(cache, async () => answer);
const times: LoadTimes = cache.stats().loadTimes;

export { answer, dropped, text, times, trace, user };

const store = bounded(indexedDb(), { maxEntries: 100, maxBytes: "5mb" });
const precache: readonly PrecacheEntry[] = ["/a", { url: "/b", revision: null }];
const worker = broadcastUpdates(
  (fetch) =>
    serveFrom(createCache({ stores: [memory(), store] }), [], {
      precache,
      fetch: { fetch },
      scope: false,
    }),
  { headers: ["etag"], channel: "updates" },
);
answerRanges(worker, precache);
const warmed: Promise<void> = warmUp(worker, ["/a"], { scope: false })();
const told = (message: UpdateMessage): string => message.url;
const plugins: readonly { readonly name: string }[] = [vitePlugin({ worker: "src/sw.js" })];
webpackPlugin({ worker: "./sw.js", include: (path) => path.endsWith(".js") }).apply({});
// @ts-expect-error: a revision is text or null
const wrong: PrecacheEntry = { url: "/a" };

const guards = [circuitBreaker({ errorRate: 0.5, window: "1m", minCalls: 2, openFor: "30s" })];
const guarded = cache.wrap(async (id: number) => `user ${id}`, { ttl: "1m", guards });
const state: Promise<BreakerState> = breakerOf(guarded).state();
const closing: Promise<void> = breakerOf(guarded, "a key").close();
void breakerOf(cache, { ttl: "1m", guards }).open({ for: "1h" });
const heard = createCache({ onLoad: ({ duration, stored }: LoadEvent) => [duration, stored] });
const traced: (id: number) => Promise<string> = tracedLoad(async (id: number) => `user ${id}`, {
  attributes: (id) => ({ id }),
});
const spanned = createCache({ stores: [memory(), tracedStore(store, { keys: true })] });
const info: Promise<EntryInfo<number> | undefined> = entryOf<number>(cache, "k");
for (const [key, { value }] of memoryEntries<string>(cache)) void [key.length, value.length];
const restored: number = restore(cache, dump(cache));
const marked: Promise<boolean> = markStale(cache, "k");
void cache.set("k", 1, { ttl: "1m", staleIfError: "1d" });
const routes: readonly Route[] = [
  ["user:", store],
  ["", indexedDb({ name: "rest" })],
];
const together = createCache({ stores: [memory(), routed(routes, { name: "both" })] });
const off: Disabled = disableOperations(together, ["set", "call"], { prefix: "user:" });
const isOff: boolean = isDisabled(together, "set");
// @ts-expect-error: loads are off with their calls
disableOperations(together, ["load"]);
const seen: OperationName[] = [];
const hooks: Hooks = {
  key: (key, kind) => (kind === "pattern" ? key : `v2:${key}`),
  before: async ({ operation, values }: Operation) => {
    seen.push(operation);
    return values.length > 0 ? { values } : { refuse: new Error("no") };
  },
  after: (_, { duration, source }) => void [duration.toFixed(), source],
};
// The cache as it was, with a default ttl.
const hooked = addHooks(createCache({ defaults: { ttl: "1m" } }), hooks, { before: () => {} });
const lasting: Promise<string> = hooked.wrap((id: number) => `user ${id}`)(1);
// @ts-expect-error: a key is text, at once
const late: Hooks = { key: async (key) => key };
// @ts-expect-error: a reason is a text or an Error
const vague: Hooks = { before: () => ({ refuse: true }) };
const taken: Promise<string | undefined> = take<string>(cache, "k");
const read: Promise<Versioned<number>> = getVersioned<number>(cache, "k");
const store2 = async ({ version, value = 0 }: Versioned<number>): Promise<boolean> =>
  compareAndSet(cache, "k", version, value + 1, { ttl: "1m", tags: ["t"] });
const versionOf = ({ version }: Versioned): EntryVersion => version;
const updated: Promise<number> = update<number>(cache, "k", (value = 0) => value + 1);
const guessed: Promise<string> = update(cache, "k", async (value?: string) => `${value}!`);
const work = async (tx: Transaction): Promise<number> => (await tx.get<number>("k")) ?? 0;
const applied: Promise<number> = transaction(cache, work, { mode: "locked", keys: ["k"] });
const failedKeys = (error: unknown): readonly string[] =>
  error instanceof TransactionError ? error.failed : [];
// @ts-expect-error: a version is none that anybody writes down
void compareAndSet(cache, "k", "v1", 1);
// @ts-expect-error: no function of a cache
void breakerOf(() => 1);

export {
  applied,
  closing,
  failedKeys,
  guessed,
  heard,
  info,
  isOff,
  lasting,
  late,
  marked,
  off,
  plugins,
  read,
  restored,
  spanned,
  state,
  store2 as stored,
  taken,
  told,
  traced,
  updated,
  vague,
  versionOf,
  warmed,
  wrong,
};
