/**
 * What one instance drops, the memory of the others drops, too: told through stores that can
 * `publish` and `subscribe`. A message that is lost costs nothing but time: entries have their ttl.
 */

import type { Timers } from "./clock.js";
import { withinDeadline } from "./deadline.js";
import { CodecError, StoreError } from "./errors.js";
import type { Events } from "./events.js";
import type { Store } from "./store.js";

/** What is to be dropped: keys, tags by their hashes, or everything of the namespace. */
export type Change =
  | { readonly keys: readonly string[] }
  | { readonly tags: readonly number[]; readonly soft: boolean }
  | { readonly all: true };

/** Milliseconds after which subscribing is tried again. */
const RETRY_AFTER = 5000;
/** Milliseconds that telling may take, if the store does not say. */
const DEADLINE = 500;
/** Messages in a row that could not be told, after which none is for a while. */
const SKIP_AFTER = 5;

interface Wire {
  readonly store: Store;
  readonly name: string;
  /** When to try again; `Infinity` while it is subscribed. */
  retryAt: number;
  failures: number;
  skippedUntil: number;
  stop?: () => unknown;
}

/** The feed of a cache's namespace. */
export class Feed {
  readonly #wires: readonly Wire[];
  readonly #channel: string;
  readonly #timers: Timers;
  readonly #events: Events;
  readonly #apply: (change: Change) => void;
  #self: string | undefined;
  #closed = false;

  constructor(
    stores: readonly Store[],
    namespace: string,
    timers: Timers,
    events: Events,
    apply: (change: Change) => void,
  ) {
    this.#wires = stores.map((store) => {
      return { store, name: store.name ?? "a store", retryAt: 0, failures: 0, skippedUntil: 0 };
    });
    this.#channel = `%feed:${namespace}`;
    this.#timers = timers;
    this.#events = events;
    this.#apply = apply;
  }

  /** Listens from now on. Called with everything that may put something into the memory. */
  listen(): void {
    for (const wire of this.#wires) {
      if (wire.retryAt === Number.POSITIVE_INFINITY || this.#closed) continue;
      if (wire.retryAt <= this.#timers.now()) void this.#subscribe(wire);
    }
  }

  /** Tells the others; resolves when it is sent, or was not, by the store's deadline. */
  async tell(change: Change): Promise<void> {
    const message = JSON.stringify({ from: this.#name(), ...change });
    await Promise.all(this.#wires.map((wire) => this.#send(wire, message)));
  }

  async #send(wire: Wire, message: string): Promise<void> {
    if (wire.failures >= SKIP_AFTER && this.#timers.now() < wire.skippedUntil) return;
    try {
      await this.#within(wire, () => wire.store.publish?.(this.#channel, message));
      wire.failures = 0;
    } catch (error) {
      wire.failures += 1;
      wire.skippedUntil = this.#timers.now() + RETRY_AFTER;
      this.#failed(wire, "publish", error);
    }
  }

  /** Rejects at the deadline: clients may keep what they cannot send until the store is back. */
  #within({ store, name }: Wire, act: () => unknown): Promise<unknown> {
    const deadline = store.deadline ?? DEADLINE;
    const late = `${name} took over ${deadline} ms to carry a message`;
    return withinDeadline(this.#timers, deadline, late, act);
  }

  /** Listens no more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#wires.map((wire) => this.#stop(wire)));
  }

  async #subscribe(wire: Wire): Promise<void> {
    wire.retryAt = Number.POSITIVE_INFINITY;
    try {
      const hear = (message: string) => this.#hear(wire, message);
      const stop = await wire.store.subscribe?.(this.#channel, hear);
      if (typeof stop === "function") wire.stop = stop;
      if (this.#closed) await this.#stop(wire);
    } catch (error) {
      wire.retryAt = this.#timers.now() + RETRY_AFTER;
      this.#failed(wire, "subscribe", error);
    }
  }

  async #stop(wire: Wire): Promise<void> {
    const { stop } = wire;
    delete wire.stop;
    try {
      if (stop !== undefined) await this.#within(wire, stop);
    } catch (error) {
      this.#failed(wire, "subscribe", error);
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
      this.#events.tell({ type: "corrupt", store: wire.name, operation, key: "", error });
    }
  }

  #failed({ name }: Wire, operation: "publish" | "subscribe", cause: unknown): void {
    const error = new StoreError(`${name} failed to ${operation}`, { cause });
    this.#events.tell({ type: "store-error", store: name, operation, key: "", error });
  }

  /** A name that no other instance has, made late: Workers have no randomness at module scope. */
  #name(): string {
    this.#self ??= crypto.getRandomValues(new Uint32Array(4)).join("-");
    return this.#self;
  }
}

/** The feed over those of the stores that can carry it; undefined when none can. */
export function feedOf(...[stores, ...rest]: ConstructorParameters<typeof Feed>): Feed | undefined {
  const able = stores.filter((store) => store.subscribe && store.publish);
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
