/**
 * Invalidations between instances: an entry that one drops, the others drop from their memory.
 * Messages go through stores that can `publish` and `subscribe`. A lost message costs freshness
 * only until the entry's `ttl` ends.
 */

import type { Events } from "../model/events.js";
import type { Timers } from "../runtime/clock.js";
import { withinDeadline } from "../runtime/deadline.js";
import { outsideRequests } from "../runtime/outside.js";
import type { Attempts, Tier } from "../tiers/attempts.js";
import { CodecError, StoreError } from "../util/errors.js";

/**
 * An invalidation: of keys, of tags by hash, or of everything in the namespace. Keys that are `soft`
 * have a newer value in the stores; the old one may still answer while that cannot be read.
 */
export type Change =
  | { readonly keys: readonly string[]; readonly soft?: boolean }
  | { readonly tags: readonly number[]; readonly soft: boolean }
  | { readonly all: true }
  /**
   * Never sent: changes may have been missed while there was no subscription. `isFirst`: there was
   * none before, and no loader was called.
   */
  | { readonly missed: true; readonly isFirst?: boolean };

/** Maximum number of keys or tags, and of characters, in a message. */
const MOST_AT_ONCE = 1000;
const LONGEST_MESSAGE = 262_144;
/** The part of a message that is left for keys and tags. */
const ROOM = LONGEST_MESSAGE - 1024;

/** Deadlines of a store after which an unanswered subscription is requested again. */
const DEADLINES = 2;

interface Wire {
  readonly tier: Tier;
  /** True while it is subscribed, or a subscription is requested. */
  isAsked: boolean;
  /** The time until which a requested subscription is waited for. */
  askedUntil: number;
  isOpen: boolean;
  /** True if an attempt failed or was late. */
  hasFailed: boolean;
  stop?: () => unknown;
}

/** The parts of a cache that the feed needs. */
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
  readonly #apply: (change: Change, tier?: Tier) => void;
  #self: string | undefined;
  #closed = false;
  /** Aborts subscriptions that are under way. */
  #ending: AbortController | undefined;
  #opening: Promise<unknown> | undefined;
  /** The time until which loads wait for them. */
  #openingUntil = 0;
  /**
   * Counts subscriptions acknowledged after reads may have begun: other instances may have changed
   * what these bring, unheard.
   */
  acknowledged = 0;

  /** @param apply is given the tier that told of a change, if one did */
  constructor(
    tiers: readonly Tier[],
    namespace: string,
    host: FeedHost,
    apply: (change: Change, tier?: Tier) => void,
  ) {
    this.#wires = tiers.map((tier) => ({
      tier,
      isAsked: false,
      askedUntil: 0,
      isOpen: false,
      hasFailed: false,
    }));
    this.#channel = channelOf(namespace);
    this.#host = host;
    this.#apply = apply;
  }

  /** Subscribes where it is not yet subscribed. Called before anything enters the memory. */
  listen(): void {
    for (const wire of this.#wires) {
      if (this.#closed || wire.isOpen) continue;
      const now = this.#host.timers.now();
      // After that time the request that subscribed may have vanished with its timers, and reports
      // no failure.
      if (wire.isAsked && now < wire.askedUntil) continue;
      wire.hasFailed ||= wire.isAsked;
      if (wire.tier.subscribing.waitingTime(now) === 0) void this.#subscribe(wire);
    }
  }

  /**
   * Resolves when the first subscriptions are acknowledged, or at the store's deadline. Loaders are
   * called after that: earlier changes of other instances are not heard, so an earlier load could
   * bring an outdated value. Undefined if there is nothing to wait for.
   *
   * Uses a timer of the caller's own: the request that subscribes may vanish with its promises.
   */
  opening(): Promise<void> | undefined {
    const opening = this.#opening;
    if (opening === undefined) return undefined;
    const { timers } = this.#host;
    const left = this.#openingUntil - timers.now();
    if (left <= 0) return this.#stopHolding();
    return new Promise((resolve) => {
      const cancel = timers.after(left, () => resolve(this.#stopHolding()));
      opening.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Lets loads go on. A later acknowledgement has missed changes of what they bring. */
  #stopHolding(): undefined {
    this.#opening = undefined;
    for (const wire of this.#wires) wire.hasFailed ||= !wire.isOpen;
  }

  /**
   * Publishes an invalidation; resolves when it is sent, or has failed by the store's deadline.
   * @param namespaces the namespaces it applies to. Default: the feed's own
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

  async #send({ tier }: Wire, channel: string, message: string): Promise<void> {
    // Clients may queue messages until the store is back, hence the deadline.
    const publish = () => tier.store.publish?.(channel, message);
    const told = this.#host.attempts.try(tier, "publish", "", publish);
    // Callers must not wait for one deadline after another of a store that has just failed.
    if (tier.health.failures === 0) await told;
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ending?.abort();
    await Promise.all(this.#wires.map((wire) => this.#stop(wire)));
  }

  async #subscribe(wire: Wire): Promise<void> {
    const { tier } = wire;
    const now = this.#host.timers.now();
    wire.isAsked = true;
    wire.askedUntil = now + DEADLINES * tier.deadline;
    let isAtOnce = false;
    const subscribe = () => {
      const asked = this.#ask(wire);
      // A synchronous subscription has missed nothing: it is made before anything is stored.
      isAtOnce = typeof Object(asked).then !== "function";
      return this.#acknowledged(wire, asked, isAtOnce);
    };
    const trying = this.#host.attempts.try(tier, "subscribe", "", subscribe);
    const tried = trying.then((isOpen) => {
      if (isOpen) return;
      wire.isAsked = wire.isOpen;
      wire.hasFailed = true;
    });
    if (!isAtOnce && !wire.hasFailed) this.#holdLoads(tried, now + tier.deadline);
    await tried;
  }

  #ask(wire: Wire): unknown {
    const { store } = wire.tier;
    const hear = (message: string) => outsideRequests(() => this.#hear(wire, message));
    const miss = () => outsideRequests(() => this.#missed());
    // Clients may connect for it and keep the connection after this request.
    return outsideRequests(() => {
      this.#ending ??= new AbortController();
      return store.subscribe?.(this.#channel, hear, miss, this.#ending.signal);
    });
  }

  /** Keeps the first subscription to be acknowledged, even a late one: connecting may take long. */
  async #acknowledged(wire: Wire, asked: unknown, isAtOnce: boolean): Promise<true> {
    let stop: (() => unknown) | undefined;
    try {
      stop = (await asked) as typeof stop;
    } catch (error) {
      // Aborted by `close`, which is no failure of the store.
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
    wire.tier.subscribing.answered();
    // Entries may have been stored since it was requested, and changed by other instances.
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

  /** Ends a subscription, also one of a store that is paused. */
  async #stop(wire: Wire): Promise<void> {
    const { stop, tier } = wire;
    if (stop === undefined) return;
    delete wire.stop;
    const { events, timers } = this.#host;
    const message = `${tier.name} does not stop listening`;
    try {
      await withinDeadline(timers, tier.deadline, message, stop);
    } catch (cause) {
      const error = new StoreError(message, { cause });
      const operation = "subscribe";
      events.tell({ type: "store-error", store: tier.name, operation, key: "", error });
    }
  }

  #hear(wire: Wire, message: string): void {
    if (this.#closed) return;
    try {
      if (message.length > LONGEST_MESSAGE) {
        // No instance sends so long a message. Whatever it says, dropping everything covers it.
        this.#apply({ all: true });
        throw new CodecError(`a message of ${message.length} characters on the feed`);
      }
      const heard: unknown = JSON.parse(message);
      const { from } = Object(heard) as { readonly from?: unknown };
      if (from !== this.#name()) this.#apply(changeOf(heard), wire.tier);
    } catch (error) {
      const operation = "subscribe";
      const { name } = wire.tier;
      this.#host.events.tell({ type: "corrupt", store: name, operation, key: "", error });
    }
  }

  /** Returns this instance's unique name. Made late: Workers have no randomness at module scope. */
  #name(): string {
    this.#self ??= crypto.getRandomValues(new Uint32Array(4)).join("-");
    return this.#self;
  }
}

/** Returns the channel of a namespace's invalidations. */
const channelOf = (namespace: string): string => `%feed:${namespace}`;

/** Returns a feed over the stores that can carry one; undefined if none can. */
export function feedOf(...[tiers, ...rest]: ConstructorParameters<typeof Feed>): Feed | undefined {
  const able = tiers.filter(({ store }) => store.subscribe && store.publish);
  return able.length === 0 ? undefined : new Feed(able, ...rest);
}

/** Splits an invalidation into messages of bounded length; only a longer key exceeds it. */
function partsOf(change: Change): Change[] {
  if ("keys" in change) return pieces(change.keys).map((keys) => ({ ...change, keys }));
  if ("tags" in change) return pieces(change.tags).map((tags) => ({ ...change, tags }));
  return [change];
}

/** Splits a list so that each piece fits into a message. */
function pieces<Item extends string | number>(items: readonly Item[]): Item[][] {
  const all: Item[][] = [[]];
  let length = 0;
  for (const item of items) {
    // An escaped character may take six.
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

/** @throws CodecError for a message without an invalidation */
function changeOf(heard: unknown): Change {
  const { keys, tags, soft, all } = Object(heard) as Record<string, unknown>;
  const isText = (key: unknown): key is string => typeof key === "string";
  if (Array.isArray(keys) && keys.every(isText)) return { keys, soft: soft === true };
  if (all === true) return { all };
  if (Array.isArray(tags) && tags.every(Number.isSafeInteger)) return { tags, soft: soft === true };
  throw new CodecError("a message on the feed is no invalidation");
}
