/**
 * What one instance drops, the memory of the others drops, too: told through stores that can
 * `publish` and `subscribe`. A message that is lost costs nothing but time: entries have their ttl.
 */

import type { Attempts, Layer } from "./attempts.js";
import type { Timers } from "./clock.js";
import { withinDeadline } from "./deadline.js";
import { CodecError, StoreError } from "./errors.js";
import type { Events } from "./events.js";

/** What is to be dropped: keys, tags by their hashes, or everything of the namespace. */
export type Change =
  | { readonly keys: readonly string[] }
  | { readonly tags: readonly number[]; readonly soft: boolean }
  | { readonly all: true };

interface Wire {
  readonly layer: Layer;
  /** True while it is subscribed, or about to be. */
  isAsked: boolean;
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

  constructor(
    layers: readonly Layer[],
    namespace: string,
    host: FeedHost,
    apply: (change: Change) => void,
  ) {
    this.#wires = layers.map((layer) => ({ layer, isAsked: false }));
    this.#channel = `%feed:${namespace}`;
    this.#host = host;
    this.#apply = apply;
  }

  /** Listens from now on. Called with everything that may put something into the memory. */
  listen(): void {
    for (const wire of this.#wires) {
      if (wire.isAsked || this.#closed) continue;
      const { subscribing } = wire.layer;
      if (subscribing.waitingTime(this.#host.timers.now()) === 0) void this.#subscribe(wire);
    }
  }

  /** Tells the others; resolves when it is sent, or was not, by the store's deadline. */
  async tell(change: Change): Promise<void> {
    const message = JSON.stringify({ from: this.#name(), ...change });
    await Promise.all(this.#wires.map((wire) => this.#send(wire, message)));
  }

  #send({ layer }: Wire, message: string): Promise<unknown> {
    // Clients may keep what they cannot send until the store is back: it has the store's deadline.
    const publish = () => layer.store.publish?.(this.#channel, message);
    return this.#host.attempts.try(layer, "publish", "", publish);
  }

  /** Listens no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#wires.map((wire) => this.#stop(wire)));
  }

  async #subscribe(wire: Wire): Promise<void> {
    const { layer } = wire;
    wire.isAsked = true;
    let isLate = false;
    const subscribe = async (): Promise<true> => {
      const hear = (message: string) => this.#hear(wire, message);
      const stop = await layer.store.subscribe?.(this.#channel, hear);
      const isWanted = !isLate && !this.#closed;
      if (typeof stop === "function" && isWanted) wire.stop = stop;
      else if (typeof stop === "function") await stop();
      return true;
    };
    if (await this.#host.attempts.try(layer, "subscribe", "", subscribe)) return;
    isLate = true;
    wire.isAsked = false;
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

/** The feed over those of the stores that can carry it; undefined when none can. */
export function feedOf(...[layers, ...rest]: ConstructorParameters<typeof Feed>): Feed | undefined {
  const able = layers.filter(({ store }) => store.subscribe && store.publish);
  return able.length === 0 ? undefined : new Feed(able, ...rest);
}

/** @throws CodecError for a message that says nothing */
function changeOf(heard: unknown): Change {
  const { keys, tags, soft, all } = Object(heard) as Record<string, unknown>;
  const isText = (key: unknown): key is string => typeof key === "string";
  if (Array.isArray(keys) && keys.every(isText)) return { keys };
  if (all === true) return { all };
  if (Array.isArray(tags) && tags.every(Number.isSafeInteger)) return { tags, soft: soft === true };
  throw new CodecError("a message on the feed says nothing");
}
