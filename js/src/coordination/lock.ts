/** Locks across instances, kept in a store with atomic `add` and `compareAndDelete`. */

import type { FoundEntry } from "../model/entry.js";
import type { Form } from "../records/entry-records.js";
import type { LowerTiers, Tier } from "../tiers/lower-tiers.js";
import type { PreparedChange } from "../tiers/tier-changes.js";
import { isBytes, isSame } from "../util/bytes.js";
import { LockTimeoutError } from "../util/errors.js";
import { type PollHost, poll } from "./lock-poll.js";
import { tellFree, Wake, type WakeHost } from "./lock-wake.js";

/** The parts of a cache that locks need. */
export interface LockHost extends PollHost, WakeHost {}

/** Returns the first tier whose store can keep locks. */
export function lockTier(tiers: LowerTiers | undefined): Tier | undefined {
  return tiers?.firstWith("add", "compareAndDelete");
}

/** Returns a unique token: 16 random bytes. */
export function randomToken(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

/** A lock in a store, held or not. The holder is the one whose token it has. */
export class StoreLock {
  readonly name: string;
  readonly #host: LockHost;
  readonly #tier: Tier;
  readonly #ttl: number;
  readonly #token: Uint8Array = randomToken();
  /** The time of the successful request; the store counts the `ttl` from a later moment. */
  takenAt = 0;

  constructor(host: LockHost, tier: Tier, name: string, ttl: number) {
    this.#host = host;
    this.#tier = tier;
    this.name = name;
    this.#ttl = ttl;
  }

  /** Returns a subscription to its release; undefined where the store cannot carry messages. */
  wake(): Wake | undefined {
    return Wake.of(this.#host, this.#tier, this.name);
  }

  /**
   * Takes the lock if it is free.
   * @throws StoreError
   */
  async take(): Promise<boolean> {
    const { store } = this.#tier;
    // A caller that has given up must not get the lock later and keep it for its whole ttl.
    const options = { expiresIn: this.#ttl, within: this.#tier.deadline };
    const run = () => store.add?.(this.name, this.#token, options);
    const now = this.#host.timers.now();
    const taken = await this.#host.tiers.attempt(this.#tier, "add", this.name, run);
    if (taken === true) this.takenAt = now;
    return taken === true;
  }

  /**
   * Extends the lock to `ttl` from now; false if it has another holder. With a store without
   * `compareAndExpire` it is released and taken again, and another caller may come between.
   * @throws StoreError
   */
  async extend(ttl: number): Promise<boolean> {
    const { tiers } = this.#host;
    const { store } = this.#tier;
    const options = { expiresIn: ttl };
    if (store.compareAndExpire !== undefined) {
      const run = () => store.compareAndExpire?.(this.name, this.#token, options);
      return (await tiers.attempt(this.#tier, "compareAndExpire", this.name, run)) === true;
    }
    const drop = () => store.compareAndDelete?.(this.name, this.#token);
    const wasOurs = await tiers.attempt(this.#tier, "compareAndDelete", this.name, drop);
    if (wasOurs !== true) return false;
    const add = () => store.add?.(this.name, this.#token, options);
    return (await tiers.attempt(this.#tier, "add", this.name, add)) === true;
  }

  /**
   * Releases the lock; false if it has another holder, or if the store is down: then its `ttl` ends
   * it.
   */
  async release(): Promise<boolean> {
    const { tiers } = this.#host;
    const { store } = this.#tier;
    const run = () => store.compareAndDelete?.(this.name, this.#token);
    const wasOurs = await tiers.try(this.#tier, "compareAndDelete", this.name, run);
    if (wasOurs !== true) return false;
    await tellFree(this.#host, this.#tier, this.name);
    return true;
  }

  /** True if it still has this token. */
  async isOurs(): Promise<boolean> {
    const { store } = this.#tier;
    const run = () => store.get(this.name);
    const found = await this.#host.tiers.try(this.#tier, "get", this.name, run);
    return isBytes(found) && isSame(found, this.#token);
  }
}

/** The outcome of taking a load's lock. */
export type Locked<Outcome> =
  /** Another instance has stored the wanted entry. */
  | { readonly outcome: Outcome }
  /** The load goes on, without a lock if it waited too long or the store is down. */
  | { readonly lock: LoadLock | undefined }
  | { readonly error: LockTimeoutError };

/** The call whose load takes a lock: its key, and the format of its records. */
export interface LockedCall {
  readonly key: string;
  readonly policy: { readonly rules: Form };
}

/** Turns an entry into the waiting load's outcome; undefined to go on waiting. */
export type UseFound<Outcome> = (found: FoundEntry) => Outcome | undefined;

/**
 * Takes the lock of a load, or waits for its holder.
 * @param goesOn called now and then to keep the flight's lease; false ends the wait
 */
export async function lockLoad<Outcome>(
  host: LockHost,
  call: LockedCall,
  rules: CompiledLock,
  use: UseFound<Outcome>,
  goesOn: () => boolean,
): Promise<Locked<Outcome>> {
  const { tiers } = host;
  const tier = lockTier(tiers);
  if (tier === undefined) return { lock: undefined };
  const lock = new LoadLock(host, tier, call.key, rules.ttl);
  const reread = async (): Promise<Outcome | undefined> => {
    const found = await tiers.read(call.key, call.policy.rules, tier);
    return found && found.age < found.ttl ? use(found) : undefined;
  };
  const look = async (first: boolean): Promise<Locked<Outcome> | undefined> => {
    if (!goesOn()) return { lock: undefined };
    // Before the first look the stores have just been read.
    const stored = first ? undefined : await reread();
    if (stored !== undefined) return { outcome: stored };
    if (!(await lock.take())) return undefined;
    // The last holder may have stored its value between the two operations.
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
    // The store is down, which was reported; it may have set the lock all the same.
    void lock.release();
    return { lock: undefined };
  } finally {
    wake?.stop();
  }
}

/** Returns the name of a key's load lock in its store. */
export function loadLockName(tiers: LowerTiers, key: string): string {
  return `%load:${tiers.named(key)}`;
}

/** The lock of one load. */
export class LoadLock {
  readonly #lock: StoreLock;
  readonly #host: LockHost;
  readonly #tier: Tier;
  readonly #key: string;
  readonly #ttl: number;
  #takenAt = 0;
  #released = false;

  constructor(host: LockHost, tier: Tier, key: string, ttl: number) {
    this.#lock = new StoreLock(host, tier, loadLockName(host.tiers, key), ttl);
    this.#host = host;
    this.#tier = tier;
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
    // Read before the request: the store counts from a later moment.
    const now = this.#host.timers.now();
    const taken = await this.#lock.take();
    if (taken) this.#takenAt = now;
    return taken;
  }

  /** Releases the lock, once. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#lock.release();
  }

  /**
   * Writes the loaded value unless it may overwrite a successor's: a load that outlived its lock
   * writes only if the lock is free and nothing was stored since the load began.
   *
   * A write may take until the store's deadline, so a lock that ends sooner is taken again first.
   * Stores that can refuse a write that comes later (`within`).
   */
  async write(change: PreparedChange): Promise<void> {
    const began = this.#takenAt;
    if (this.#isOursFor(this.#tier.deadline)) {
      await change.perform(this.#takenAt + this.#ttl);
      return;
    }
    if (!this.#released && (await this.#lock.isOurs())) await this.#lock.release();
    // Undefined: the store is down, and may hold anything.
    const taken = await this.take().catch(() => undefined);
    if (taken !== true) return change.forgo(taken === false ? this.#tier : undefined);
    if (await this.#isOvertaken(began)) change.forgo(this.#tier);
    else await change.perform(this.#takenAt + this.#ttl);
    await this.#lock.release();
  }

  /** True if it is held for at least `time` more milliseconds, whatever the store's clock says. */
  #isOursFor(time: number): boolean {
    const held = this.#host.timers.now() - this.#takenAt;
    return !this.#released && held >= 0 && held + time < this.#ttl;
  }

  async #isOvertaken(began: number): Promise<boolean> {
    const { tiers, timers } = this.#host;
    const tier = this.#tier;
    // Not `tiers.read`, which returns the value about to be written.
    const get = () => tier.store.get(tiers.named(this.#key));
    const record = await tiers.try(tier, "get", this.#key, get);
    const found = record ? tiers.decode(tier, this.#key, record) : undefined;
    return found !== undefined && timers.now() - found.age >= began;
  }
}

/** Checked rules of a lock. Milliseconds. */
export interface CompiledLock {
  readonly ttl: number;
  readonly wait: number;
  /** The interval at which a waiting load renews its flight's lease. */
  readonly pulse: number;
  /** True if a load that waited too long fails instead of going on without the lock. */
  readonly throws: boolean;
}
