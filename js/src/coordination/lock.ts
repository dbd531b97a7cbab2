/** Locks across instances, on a store that adds and compares atomically. */

import type { FoundEntry } from "../model/entry.js";
import type { Form } from "../records/entry-records.js";
import type { Layer, Layers } from "../tiers/layers.js";
import type { PreparedChange } from "../tiers/tiers.js";
import { isBytes, isSame } from "../util/bytes.js";
import { LockTimeoutError } from "../util/errors.js";
import { type PollHost, poll } from "./lock-poll.js";
import { tellFree, Wake, type WakeHost } from "./lock-wake.js";

/** What locks need of their cache. */
export interface LockHost extends PollHost, WakeHost {}

/** The first store that can keep locks. */
export function lockLayer(layers: Layers | undefined): Layer | undefined {
  return layers?.firstWith("add", "compareAndDelete");
}

/** A name of nobody else: 16 random bytes. */
export function randomToken(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** A lock in a store, held or not. Its owner is who knows the token. */
export class StoreLock {
  readonly name: string;
  readonly #host: LockHost;
  readonly #layer: Layer;
  readonly #ttl: number;
  readonly #token: Uint8Array = randomToken();
  /** When it was asked for that was then given: the store counts its time from later on. */
  takenAt = 0;

  constructor(host: LockHost, layer: Layer, name: string, ttl: number) {
    this.#host = host;
    this.#layer = layer;
    this.name = name;
    this.#ttl = ttl;
  }

  /** Wakes one who waits for it; undefined where the store cannot. */
  wake(): Wake | undefined {
    return Wake.of(this.#host, this.#layer, this.name);
  }

  /**
   * Takes it if nobody has it.
   * @throws StoreError
   */
  async take(): Promise<boolean> {
    const { store } = this.#layer;
    // Who has given up must not get it after all, and keep it for its whole ttl.
    const options = { expiresIn: this.#ttl, within: this.#layer.deadline };
    const run = () => store.add?.(this.name, this.#token, options);
    const now = this.#host.timers.now();
    const taken = await this.#host.layers.attempt(this.#layer, "add", this.name, run);
    if (taken === true) this.takenAt = now;
    return taken === true;
  }

  /**
   * Holds it for `ttl` from now on; false when it is somebody else's by now. A store without
   * `compareAndExpire` has it given back and taken anew, so that somebody may come between.
   * @throws StoreError
   */
  async extend(ttl: number): Promise<boolean> {
    const { layers } = this.#host;
    const { store } = this.#layer;
    const options = { expiresIn: ttl };
    if (store.compareAndExpire !== undefined) {
      const run = () => store.compareAndExpire?.(this.name, this.#token, options);
      return (await layers.attempt(this.#layer, "compareAndExpire", this.name, run)) === true;
    }
    const drop = () => store.compareAndDelete?.(this.name, this.#token);
    const wasOurs = await layers.attempt(this.#layer, "compareAndDelete", this.name, drop);
    if (wasOurs !== true) return false;
    const add = () => store.add?.(this.name, this.#token, options);
    return (await layers.attempt(this.#layer, "add", this.name, add)) === true;
  }

  /** Lets go; false when it is somebody else's by now, or the store is down: then its ttl ends it. */
  async release(): Promise<boolean> {
    const { layers } = this.#host;
    const { store } = this.#layer;
    const run = () => store.compareAndDelete?.(this.name, this.#token);
    const wasOurs = await layers.try(this.#layer, "compareAndDelete", this.name, run);
    if (wasOurs !== true) return false;
    await tellFree(this.#host, this.#layer, this.name);
    return true;
  }

  /** Whether it is still held by this token. */
  async isOurs(): Promise<boolean> {
    const { store } = this.#layer;
    const run = () => store.get(this.name);
    const found = await this.#host.layers.try(this.#layer, "get", this.name, run);
    return isBytes(found) && isSame(found, this.#token);
  }
}

/** How a load got on with its lock. */
export type Locked<Outcome> =
  /** Another instance has stored what was wanted. */
  | { readonly outcome: Outcome }
  /** Load; with a lock unless it waited too long, or the store is down. */
  | { readonly lock: LoadLock | undefined }
  | { readonly error: LockTimeoutError };

/** The call whose load takes a lock: its key, and how its entries are read. */
export interface LockedCall {
  readonly key: string;
  readonly policy: { readonly rules: Form };
}

/** What an entry means for a load that waits; undefined to go on. */
export type UseFound<Outcome> = (found: FoundEntry) => Outcome | undefined;

/**
 * Takes the lock of a load, or waits for who has it.
 * @param goesOn called now and then, so that the flight keeps its lease; false ends the wait
 */
export async function lockLoad<Outcome>(
  host: LockHost,
  call: LockedCall,
  rules: CompiledLock,
  use: UseFound<Outcome>,
  goesOn: () => boolean,
): Promise<Locked<Outcome>> {
  const { layers } = host;
  const layer = lockLayer(layers);
  if (layer === undefined) return { lock: undefined };
  const lock = new LoadLock(host, layer, call.key, rules.ttl);
  const reread = async (): Promise<Outcome | undefined> => {
    const found = await layers.read(call.key, call.policy.rules, layer);
    return found && found.age < found.ttl ? use(found) : undefined;
  };
  const look = async (first: boolean): Promise<Locked<Outcome> | undefined> => {
    if (!goesOn()) return { lock: undefined };
    // At first the stores were read just now.
    const stored = first ? undefined : await reread();
    if (stored !== undefined) return { outcome: stored };
    if (!(await lock.take())) return undefined;
    // Its last holder may have stored between the two operations.
    const late = await reread();
    if (late === undefined) return { lock };
    await lock.release();
    return { outcome: late };
  };
  const wake = lock.wake();
  try {
    const locked = await poll(host, rules.wait, look, wake, { every: rules.pulse, goesOn });
    if (locked !== undefined || !rules.throws || !goesOn()) return locked ?? { lock: undefined };
    const message = `another instance has been loading ${call.key} for over ${rules.wait} ms`;
    return { error: new LockTimeoutError(message) };
  } catch {
    // The store is down, which was told; the lock may have been taken all the same.
    void lock.release();
    return { lock: undefined };
  } finally {
    wake?.stop();
  }
}

/** What the lock for loads of a key is called in its store. */
export function loadLockName(layers: Layers, key: string): string {
  return `%load:${layers.named(key)}`;
}

/** The lock of one load. */
export class LoadLock {
  readonly #lock: StoreLock;
  readonly #host: LockHost;
  readonly #layer: Layer;
  readonly #key: string;
  readonly #ttl: number;
  #takenAt = 0;
  #released = false;

  constructor(host: LockHost, layer: Layer, key: string, ttl: number) {
    this.#lock = new StoreLock(host, layer, loadLockName(host.layers, key), ttl);
    this.#host = host;
    this.#layer = layer;
    this.#key = key;
    this.#ttl = ttl;
  }

  get name(): string {
    return this.#lock.name;
  }

  /** See {@link StoreLock.wake}. */
  wake(): Wake | undefined {
    return this.#lock.wake();
  }

  async take(): Promise<boolean> {
    // Before it was asked for: the store counts from later on.
    const now = this.#host.timers.now();
    const taken = await this.#lock.take();
    if (taken) this.#takenAt = now;
    return taken;
  }

  /** Lets go, once. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#lock.release();
  }

  /**
   * Writes what was loaded, unless that may overwrite what a successor has stored: a load that
   * outlived its lock writes only if nobody took it, and nobody stored since the load began.
   *
   * A write may be under way for the store's deadline: a lock that ends sooner is taken anew first.
   * Stores that can, refuse a write that comes after that (`within`).
   */
  async write(change: PreparedChange): Promise<void> {
    const began = this.#takenAt;
    if (this.#isOursFor(this.#layer.deadline)) {
      await change.perform(this.#takenAt + this.#ttl);
      return;
    }
    if (!this.#released && (await this.#lock.isOurs())) await this.#lock.release();
    // Undefined: the store is down, and may have anything.
    const taken = await this.take().catch(() => undefined);
    if (taken !== true) return change.forgo(taken === false ? this.#layer : undefined);
    if (await this.#isOvertaken(began)) change.forgo(this.#layer);
    else await change.perform(this.#takenAt + this.#ttl);
    await this.#lock.release();
  }

  /** True if it is held for so many milliseconds more, whatever the store's clock says. */
  #isOursFor(time: number): boolean {
    const held = this.#host.timers.now() - this.#takenAt;
    return !this.#released && held >= 0 && held + time < this.#ttl;
  }

  async #isOvertaken(began: number): Promise<boolean> {
    const { layers, timers } = this.#host;
    const layer = this.#layer;
    // Not `layers.read`, which gives what is about to be written.
    const get = () => layer.store.get(layers.named(this.#key));
    const record = await layers.try(layer, "get", this.#key, get);
    const found = record ? layers.decode(layer, this.#key, record) : undefined;
    return found !== undefined && timers.now() - found.age >= began;
  }
}

/** A lock that cannot be wrong. Milliseconds. */
export interface CompiledLock {
  readonly ttl: number;
  readonly wait: number;
  /** How often a load that waits says so, which keeps the lease of its flight. */
  readonly pulse: number;
  /** Whether who waited too long gets an error instead of a load without the lock. */
  readonly throws: boolean;
}
