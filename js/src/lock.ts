/** Locks across instances, on a store that adds and compares atomically. */

import type { Call } from "./call.js";
import type { Timers } from "./clock.js";
import { LockTimeoutError } from "./errors.js";
import type { FoundEntry, Layer, Layers } from "./layers.js";
import type { CompiledLock } from "./lock-options.js";

/** Milliseconds before the first look after a lock was found taken; each next is longer. */
const FIRST_DELAY = 50;
const GROWTH = 1.6;
/** Milliseconds between two looks, unless `wait` is so long that looks would run out. */
const LONGEST_DELAY = 1000;
/** Looks before the last one, of two store operations each: with the rest no more than 30. */
const LOOKS = 11;
/** Milliseconds that a write may be under way: a lock that ends sooner is not relied upon. */
const WRITE_TIME = 500;

/** What locks need of their cache. */
export interface LockHost {
  readonly layers: Layers;
  readonly timers: Timers;
  readonly random: () => number;
}

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
  readonly #layers: Layers;
  readonly #layer: Layer;
  readonly #ttl: number;
  readonly #token: Uint8Array = randomToken();

  constructor(layers: Layers, layer: Layer, name: string, ttl: number) {
    this.#layers = layers;
    this.#layer = layer;
    this.name = name;
    this.#ttl = ttl;
  }

  /**
   * Takes it if nobody has it.
   * @throws StoreError
   */
  async take(): Promise<boolean> {
    const { store } = this.#layer;
    const options = { expiresIn: this.#ttl };
    const run = () => store.add?.(this.name, this.#token, options);
    return (await this.#layers.attempt(this.#layer, "add", this.name, run)) === true;
  }

  /** Lets go; false when it is somebody else's by now, or the store is down: then its ttl ends it. */
  async release(): Promise<boolean> {
    const { store } = this.#layer;
    const run = () => store.compareAndDelete?.(this.name, this.#token);
    return (await this.#layers.try(this.#layer, "compareAndDelete", this.name, run)) === true;
  }

  /** Whether it is still held by this token. */
  async isOurs(): Promise<boolean> {
    const { store } = this.#layer;
    const found = await this.#layers.try(this.#layer, "get", this.name, () => store.get(this.name));
    const token = this.#token;
    return found?.length === token.length && token.every((byte, index) => found[index] === byte);
  }
}

/** What is to be done while something is waited for. */
export interface Pulse {
  /** Milliseconds. */
  readonly every: number;
  /** Called that often; false ends the wait. */
  goesOn(): boolean;
}

/**
 * Asks `look` at once and then at growing, jittered intervals, until it gives something, `wait`
 * is over, or it was asked often enough.
 */
export async function poll<T>(
  { timers, random }: Omit<LockHost, "layers">,
  wait: number,
  look: (first: boolean) => Promise<T | undefined>,
  pulse: Pulse = { every: Number.POSITIVE_INFINITY, goesOn: () => true },
): Promise<T | undefined> {
  let left = wait;
  for (let looks = 0; ; looks += 1) {
    const seen = await look(looks === 0);
    if (seen !== undefined || left <= 0) return seen;
    const delay = looks < LOOKS ? delayOf(looks, left, random()) : left;
    if (!(await pause(timers, delay, pulse))) return undefined;
    left -= delay;
  }
}

/** Waits; false when that makes no sense any more. */
async function pause(timers: Timers, delay: number, { every, goesOn }: Pulse): Promise<boolean> {
  for (let left = delay; left > 0; left -= every) {
    if (!goesOn()) return false;
    await new Promise<void>((resolve) => timers.after(Math.min(left, every), resolve));
  }
  return true;
}

/** How long before the next look; `roll` is uniform in [0, 1). */
export function delayOf(looks: number, left: number, roll: number): number {
  const most = Math.max(LONGEST_DELAY, left / (LOOKS - looks));
  const delay = Math.min(FIRST_DELAY * GROWTH ** looks, most);
  return Math.max(1, Math.min(left, Math.round(delay * (0.75 + roll / 2))));
}

/** How a load got on with its lock. */
export type Locked<Outcome> =
  /** Another instance has stored what was wanted. */
  | { readonly outcome: Outcome }
  /** Load; with a lock unless it waited too long, or the store is down. */
  | { readonly lock: LoadLock | undefined }
  | { readonly error: LockTimeoutError };

/** What an entry means for a load that waits; undefined to go on. */
export type UseFound<Outcome> = (found: FoundEntry) => Outcome | undefined;

/**
 * Takes the lock of a load, or waits for who has it.
 * @param goesOn called now and then, so that the flight keeps its lease; false ends the wait
 */
export async function lockLoad<Outcome>(
  host: LockHost,
  call: Call,
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
  try {
    const locked = await poll(host, rules.wait, look, { every: rules.pulse, goesOn });
    if (locked !== undefined || !rules.throws || !goesOn()) return locked ?? { lock: undefined };
    const message = `another instance has been loading ${call.key} for over ${rules.wait} ms`;
    return { error: new LockTimeoutError(message) };
  } catch {
    // The store is down, which was told; the lock may have been taken all the same.
    void lock.release();
    return { lock: undefined };
  }
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
    this.#lock = new StoreLock(host.layers, layer, `%load:${host.layers.named(key)}`, ttl);
    this.#host = host;
    this.#layer = layer;
    this.#key = key;
    this.#ttl = ttl;
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
   */
  async write(write: () => Promise<void>): Promise<void> {
    const held = this.#host.timers.now() - this.#takenAt;
    const isSafe = !this.#released && held >= 0 && held + WRITE_TIME < this.#ttl;
    if (isSafe || (!this.#released && (await this.#lock.isOurs()))) return write();
    if (!(await this.#lock.take().catch(() => false))) return;
    if (!(await this.#isOvertaken())) await write();
    await this.#lock.release();
  }

  async #isOvertaken(): Promise<boolean> {
    const { layers, timers } = this.#host;
    const found = await layers.read(this.#key, undefined, this.#layer);
    return found !== undefined && timers.now() - found.age >= this.#takenAt;
  }
}
