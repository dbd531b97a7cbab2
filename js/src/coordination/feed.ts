/**
 * What one instance drops, the memory of the others drops, too: told through stores that can
 * `publish` and `subscribe`. A message that is lost costs nothing but time: entries have their ttl.
 */

import type { Events } from "../model/events.js";
import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { outsideRequests } from "../runtime/outside.js";
import type { Attempts, Layer } from "../tiers/attempts.js";
import { CodecError, StoreError } from "../util/errors.js";

/**
 * What is to be dropped: keys, tags by their hashes, or everything of the namespace. Keys that are
 * `soft` have a newer value in the stores: the old one may stand in for it while that fails.
 */
export type Change =
  | { readonly keys: readonly string[]; readonly soft?: boolean }
  | { readonly tags: readonly number[]; readonly soft: boolean }
  | { readonly all: true }
  /**
   * Never told: nobody knows what was changed while nothing was heard. `isFirst`: nothing was heard
   * before, and no loader was called.
   */
  | { readonly missed: true; readonly isFirst?: boolean };

/** How many keys or tags, and how many characters, a message has. */
const MOST_AT_ONCE = 1000;
const LONGEST_MESSAGE = 262_144;
/** What is left of that for keys and tags. */
const ROOM = LONGEST_MESSAGE - 1024;

/** The deadlines of a store after which a subscription that nobody reports on is asked for again. */
const DEADLINES = 2;

interface Wire {
  readonly layer: Layer;
  /** True while it is subscribed, or about to be. */
  isAsked: boolean;
  /** The time until which that is believed of one that is about to be. */
  askedUntil: number;
  isOpen: boolean;
  /** True if an attempt failed, or was late. */
  hasFailed: boolean;
  stop?: () => unknown;
}

/** What messages need of their cache. */
export interface FeedHost {
  readonly attempts: Attempts;
  readonly timers: Timers;
  readonly events: Events;
}

/** The feed of a cache's namespace. */
export class Feed {
  readonly #wires: readonly Wire[];
  readonly #channel: string;
  readonly #host: FeedHost;
  readonly #apply: (change: Change) => void;
  #self: string | undefined;
  #closed = false;
  /** Ends subscriptions that are under way. */
  #ending: AbortController | undefined;
  #opening: Promise<unknown> | undefined;
  /** The time until which anybody waits for that. */
  #openingUntil = 0;
  /**
   * The number of subscriptions that were acknowledged after reads may have begun: what those bring, others
   * may have changed without being heard.
   */
  acknowledged = 0;

  constructor(
    layers: readonly Layer[],
    namespace: string,
    host: FeedHost,
    apply: (change: Change) => void,
  ) {
    this.#wires = layers.map((layer) => ({
      layer,
      isAsked: false,
      askedUntil: 0,
      isOpen: false,
      hasFailed: false,
    }));
    this.#channel = channelOf(namespace);
    this.#host = host;
    this.#apply = apply;
  }

  /** Listens from now on. Called with everything that may put something into the memory. */
  listen(): void {
    for (const wire of this.#wires) {
      if (this.#closed || wire.isOpen) continue;
      const now = this.#host.timers.now();
      // Later, the request that asked has vanished with its timers: nobody will say that it failed.
      if (wire.isAsked && now < wire.askedUntil) continue;
      wire.hasFailed ||= wire.isAsked;
      if (wire.layer.subscribing.waitingTime(now) === 0) void this.#subscribe(wire);
    }
  }

  /**
   * Resolves when the first subscriptions are acknowledged, or have failed by the store's deadline.
   * Loaders are called after that: what others change before is not heard, so that a load which
   * began before could bring what is old. Undefined when there is nothing to wait for.
   *
   * By a timer of the caller's own: the request that subscribes may vanish, and its promises with it.
   */
  opening(): Promise<void> | undefined {
    const opening = this.#opening;
    if (opening === undefined) return undefined;
    const { timers } = this.#host;
    const left = this.#openingUntil - timers.now();
    if (left <= 0) return this.#openLate();
    return new Promise((resolve) => {
      const cancel = timers.after(left, () => resolve(this.#openLate()));
      opening.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Loads go on without: what is acknowledged from now on has missed what they bring. */
  #openLate(): undefined {
    this.#opening = undefined;
    for (const wire of this.#wires) wire.hasFailed ||= !wire.isOpen;
  }

  /**
   * Tells the others; resolves when it is sent, or was not, by the store's deadline.
   * @param namespaces those concerned; default: its own
   */
  async tell(change: Change, namespaces?: readonly string[]): Promise<void> {
    const from = this.#name();
    const messages = partsOf(change).map((part) => JSON.stringify({ from, ...part }));
    const channels = namespaces?.map(channelOf) ?? [this.#channel];
    await Promise.all(
      this.#wires.flatMap((wire) =>
        channels.flatMap((channel) =>
          messages.map((message) => this.#send(wire, channel, message)),
        ),
      ),
    );
  }

  async #send({ layer }: Wire, channel: string, message: string): Promise<void> {
    // Clients may keep what they cannot send until the store is back: it has the store's deadline.
    const publish = () => layer.store.publish?.(channel, message);
    const told = this.#host.attempts.try(layer, "publish", "", publish);
    // Nobody waits for one deadline after the other of a store that has just failed.
    if (layer.health.failures === 0) await told;
  }

  /** Listens no more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ending?.abort();
    await Promise.all(this.#wires.map((wire) => this.#stop(wire)));
  }

  async #subscribe(wire: Wire): Promise<void> {
    const { layer } = wire;
    const now = this.#host.timers.now();
    wire.isAsked = true;
    wire.askedUntil = now + DEADLINES * layer.deadline;
    let isAtOnce = false;
    const subscribe = () => {
      const asked = this.#ask(wire);
      // What is there at once has missed nothing: it is asked for before anything is stored.
      isAtOnce = typeof Object(asked).then !== "function";
      return this.#opened(wire, asked, isAtOnce);
    };
    const trying = this.#host.attempts.try(layer, "subscribe", "", subscribe);
    const tried = trying.then((isOpen) => {
      if (isOpen) return;
      wire.isAsked = wire.isOpen;
      wire.hasFailed = true;
    });
    if (!isAtOnce && !wire.hasFailed) this.#holdLoads(tried, now + layer.deadline);
    await tried;
  }

  #ask(wire: Wire): unknown {
    const { store } = wire.layer;
    const hear = (message: string) => outsideRequests(() => this.#hear(wire, message));
    const miss = () => outsideRequests(() => this.#missed());
    // Clients may connect for it, and stay so after the request that was first.
    return outsideRequests(() => {
      this.#ending ??= new AbortController();
      return store.subscribe?.(this.#channel, hear, miss, this.#ending.signal);
    });
  }

  /** The first subscription that comes is kept, be it late: connecting may take its time. */
  async #opened(wire: Wire, asked: unknown, isAtOnce: boolean): Promise<true> {
    let stop: (() => unknown) | undefined;
    try {
      stop = (await asked) as typeof stop;
    } catch (error) {
      // It was given up, which is no failure of the store.
      if (this.#closed) return true;
      throw error;
    }
    if (wire.isOpen || this.#closed) {
      await stop?.();
      return true;
    }
    wire.isAsked = true;
    wire.isOpen = true;
    if (typeof stop === "function") wire.stop = stop;
    wire.layer.subscribing.answered();
    // Since it was asked for something may have been stored, and changed by others.
    if (wire.hasFailed) this.#missed();
    else if (!isAtOnce) {
      this.acknowledged += 1;
      this.#apply({ missed: true, isFirst: true });
    }
    return true;
  }

  #holdLoads(tried: Promise<void>, until: number): void {
    this.#openingUntil = Math.max(this.#openingUntil, until);
    const opening = Promise.all([this.#opening, tried]).then(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    this.#opening = opening;
  }

  #missed(): void {
    if (!this.#closed) this.#apply({ missed: true });
  }

  /** Ends a subscription, also of a store that is left alone. */
  async #stop(wire: Wire): Promise<void> {
    const { stop, layer } = wire;
    if (stop === undefined) return;
    delete wire.stop;
    const { events, timers } = this.#host;
    const message = `${layer.name} does not stop listening`;
    try {
      await withinDeadline(timers, layer.deadline, message, stop);
    } catch (cause) {
      const error = new StoreError(message, { cause });
      const operation = "subscribe";
      events.tell({ type: "store-error", store: layer.name, operation, key: "", error });
    }
  }

  #hear(wire: Wire, message: string): void {
    if (this.#closed) return;
    try {
      if (message.length > LONGEST_MESSAGE) {
        // No instance sends that: it says too much to be read. Whatever it says, this covers it.
        this.#apply({ all: true });
        throw new CodecError(`a message of ${message.length} characters on the feed`);
      }
      const heard: unknown = JSON.parse(message);
      const { from } = Object(heard) as { readonly from?: unknown };
      if (from !== this.#name()) this.#apply(changeOf(heard));
    } catch (error) {
      const operation = "subscribe";
      const { name } = wire.layer;
      this.#host.events.tell({ type: "corrupt", store: name, operation, key: "", error });
    }
  }

  /** A name that no other instance has, made late: Workers have no randomness at module scope. */
  #name(): string {
    this.#self ??= crypto.getRandomValues(new Uint32Array(4)).join("-");
    return this.#self;
  }
}

/** Where the changes of a namespace are told. */
const channelOf = (namespace: string): string => `%feed:${namespace}`;

/** The feed over those of the stores that can carry it; undefined when none can. */
export function feedOf(...[layers, ...rest]: ConstructorParameters<typeof Feed>): Feed | undefined {
  const able = layers.filter(({ store }) => store.subscribe && store.publish);
  return able.length === 0 ? undefined : new Feed(able, ...rest);
}

/** The change in parts that make messages of a bounded length, unless a key is longer than that. */
function partsOf(change: Change): Change[] {
  if ("keys" in change) return pieces(change.keys).map((keys) => ({ ...change, keys }));
  if ("tags" in change) return pieces(change.tags).map((tags) => ({ ...change, tags }));
  return [change];
}

/** A list in pieces, each of no more items, and no more characters, than a message has room for. */
function pieces<Item extends string | number>(items: readonly Item[]): Item[][] {
  const all: Item[][] = [[]];
  let length = 0;
  for (const item of items) {
    // Escaped, a character may take six.
    const own = 6 * `${item}`.length + 3;
    if ((all.at(-1)?.length ?? 0) >= MOST_AT_ONCE || length + own > ROOM) {
      all.push([]);
      length = 0;
    }
    all.at(-1)?.push(item);
    length += own;
  }
  return all;
}

/** @throws CodecError for a message that says nothing */
function changeOf(heard: unknown): Change {
  const { keys, tags, soft, all } = Object(heard) as Record<string, unknown>;
  const isText = (key: unknown): key is string => typeof key === "string";
  if (Array.isArray(keys) && keys.every(isText)) return { keys, soft: soft === true };
  if (all === true) return { all };
  if (Array.isArray(tags) && tags.every(Number.isSafeInteger)) return { tags, soft: soft === true };
  throw new CodecError("a message on the feed says nothing");
}
