/**
 * Writing stamps. Each write is a version that no entry carries yet: a write that lands late, or
 * over another's, invalidates more than it had to, and never less.
 */

import type { Operation } from "../model/store.js";
import { encodeStamp, generalKey, newVersion, type Stamp } from "../records/stamps.js";
import { withinDeadline } from "../runtime/deadline.js";
import type { Run, Tier } from "./attempts.js";
import type { LowerTiersHost } from "./lower-tiers-host.js";
import { labelFor } from "./sending.js";
import type { Found, StampReader } from "./stamp-reader.js";
import type { TagLedger } from "./tag-ledger.js";

/** Milliseconds that a stamp stays at least. */
const LEAST_LIFE = 24 * 60 * 60 * 1000;
/** Lifetime of a stamp as a multiple of an entry's. */
const LIVES = 4;
/** Milliseconds between the first two tries to write what a store has missed; then they double. */
const RETRY_AFTER = 1000;
const LONGEST_RETRY = 60_000;
/** Most stamps written at a time. */
const MOST_AT_ONCE = 500;

interface Running {
  readonly version: Promise<number | undefined>;
  /** Time after which the write counts as lost, in milliseconds: its request may have ended. */
  readonly until: number;
}

/** Writes stamps. Nothing here throws. */
export class StampWriter {
  readonly #tier: Tier;
  readonly #host: LowerTiersHost;
  readonly #ledger: TagLedger;
  readonly #reader: StampReader;
  readonly #general: string;
  readonly #running = new Map<string, Running>();
  /** The longest life of an entry with tags that ends at all. */
  #longest = 0;
  #retryAt = 0;
  #retryAfter = RETRY_AFTER;
  #isWaiting = false;

  constructor(tier: Tier, host: LowerTiersHost, ledger: TagLedger, reader: StampReader) {
    this.#tier = tier;
    this.#host = host;
    this.#ledger = ledger;
    this.#reader = reader;
    this.#general = generalKey(host.names.prefix);
  }

  /** Takes note of how long an entry lives, for the stamps that are yet to be written. */
  expect(life: number): void {
    if (life < Number.POSITIVE_INFINITY) this.#longest = Math.max(this.#longest, life);
  }

  /**
   * The version of a stamp, made where there is none; undefined when it cannot be told.
   * @param life how long an entry is to carry it, in milliseconds
   */
  async keep(key: string, found: Found, life: number): Promise<number | undefined> {
    const { stamp, record } = found;
    if (stamp === undefined) {
      const make = () => (found.isOver ? this.#replace(key) : this.#create(key, life));
      return this.#once(key, make);
    }
    const left = stamp.at + stamp.life - this.#host.timers.now();
    if (left >= life) return stamp.version;
    const { add, compareAndDelete } = this.#tier.store;
    if (add !== undefined && compareAndDelete !== undefined) {
      if (record === undefined) return stamp.version;
      return this.#once(key, () => this.#renew(key, record, stamp, life));
    }
    // It was made for entries like this one, which ends with it; or for shorter ones: few carry it.
    if (stamp.life >= 2 * life) return stamp.version;
    return this.#once(key, () => this.#write(key, life));
  }

  /** Has new versions written for keys; until a store has them, it counts for nothing there. */
  async invalidate(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#ledger.miss(key);
    await this.#stamp(keys);
    this.#retryLater();
  }

  /** Writes what the store has missed, now and then, as long as it misses anything. */
  retry(): void {
    const now = this.#host.timers.now();
    const keys = this.#ledger.missed.slice(0, MOST_AT_ONCE);
    if (keys.length === 0 || now < this.#retryAt) return;
    this.#retryAt = now + this.#retryAfter;
    this.#retryAfter = Math.min(2 * this.#retryAfter, LONGEST_RETRY);
    void this.#stamp(keys).then(() => this.#retryLater());
  }

  #retryLater(): void {
    if (this.#ledger.missed.length === 0) {
      this.#retryAfter = RETRY_AFTER;
      return;
    }
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#host.timers.afterIfAlive(this.#retryAfter, () => {
      this.#isWaiting = false;
      this.retry();
    });
  }

  /** Writes new versions of these keys, after the general one: see `StoredTags.versionsOf`. */
  async #stamp(keys: readonly string[]): Promise<void> {
    const general = await this.#write(this.#general, 0);
    if (general === undefined) this.#ledger.miss(this.#general);
    const isTold = general !== undefined;
    for (let at = 0; at < keys.length; at += MOST_AT_ONCE) {
      await this.#writeAll(keys.slice(at, at + MOST_AT_ONCE), isTold);
    }
  }

  async #writeAll(keys: readonly string[], isTold: boolean): Promise<void> {
    const begun = this.#ledger.next();
    const stamps = keys.map((key) => [key, this.#stampFor(this.#longest)] as const);
    const { store } = this.#tier;
    if (store.setMany === undefined || keys.length === 1) {
      const one = async ([key, stamp]: readonly [string, Stamp]) => {
        if (await this.#set(key, stamp)) this.#wrote(key, stamp, begun, isTold);
      };
      await Promise.all(stamps.map(one));
      return;
    }
    const isDone = await this.#try("setMany", labelFor(keys), async () => {
      const entries = stamps.map(([key, stamp]) => {
        return [key, encodeStamp(stamp), { expiresIn: stamp.life }] as const;
      });
      await store.setMany?.(entries);
      return true;
    });
    if (isDone) for (const [key, stamp] of stamps) this.#wrote(key, stamp, begun, isTold);
  }

  #wrote(key: string, stamp: Stamp, begun: number, isTold: boolean): boolean {
    const { lag = 0 } = this.#tier.store;
    // Who does not know its tags yet must have heard of it, too.
    return isTold && this.#ledger.wrote(key, stamp, begun, this.#host.timers.now() + lag);
  }

  /** Puts a new version in the place of one that is over, or damaged. */
  async #replace(key: string): Promise<number | undefined> {
    if (key === this.#general) return this.#write(key, 0);
    await this.#stamp([key]);
    return (await this.#read(key))?.version;
  }

  async #read(key: string): Promise<Stamp | undefined> {
    return (await this.#reader.read([key]))?.[0]?.stamp;
  }

  /** Writes the first version of a tag: two instances that do so at once agree if the store can. */
  async #create(key: string, life: number): Promise<number | undefined> {
    const { store } = this.#tier;
    if (store.add === undefined) return this.#write(key, life);
    const begun = this.#ledger.next();
    const stamp = this.#stampFor(life);
    const added = await this.#add(key, stamp);
    if (added === undefined) return undefined;
    if (!added) return (await this.#read(key))?.version;
    return this.#wrote(key, stamp, begun, true) ? stamp.version : undefined;
  }

  async #write(key: string, life: number): Promise<number | undefined> {
    const begun = this.#ledger.next();
    const stamp = this.#stampFor(life);
    if (!(await this.#set(key, stamp))) return undefined;
    return this.#wrote(key, stamp, begun, true) ? stamp.version : undefined;
  }

  /**
   * Lets a stamp stay longer. In between there is none, so an invalidation that comes then leaves
   * one that `add` does not touch.
   */
  async #renew(
    key: string,
    record: Uint8Array,
    stamp: Stamp,
    life: number,
  ): Promise<number | undefined> {
    const { store } = this.#tier;
    const run = () => store.compareAndDelete?.(key, record);
    if ((await this.#try("compareAndDelete", key, run)) !== true) return undefined;
    const past = Math.max(0, this.#host.timers.now() - stamp.at);
    const renewed = { ...stamp, life: past + lifeFor(Math.max(life, this.#longest)) };
    return (await this.#add(key, renewed, past)) === true ? stamp.version : undefined;
  }

  #stampFor(life: number): Stamp {
    const at = this.#host.timers.now();
    return { version: newVersion(), at, life: lifeFor(Math.max(life, this.#longest)) };
  }

  #add(key: string, stamp: Stamp, past = 0): Promise<boolean | undefined> {
    const options = { expiresIn: stamp.life - past };
    const run = () => this.#tier.store.add?.(key, encodeStamp(stamp), options) ?? false;
    return this.#try("add", key, run);
  }

  async #set(key: string, stamp: Stamp): Promise<boolean> {
    const run = async () => {
      await this.#tier.store.set(key, encodeStamp(stamp), { expiresIn: stamp.life });
      return true;
    };
    return (await this.#try("set", key, run)) === true;
  }

  #try<T>(operation: Operation, key: string, run: Run<T>): Promise<T | undefined> {
    return this.#host.attempts.try(this.#tier, operation, key, run);
  }

  /** Does something for a key unless it is under way; whoever asks meanwhile shares what comes of it. */
  #once(key: string, act: () => Promise<number | undefined>): Promise<number | undefined> {
    const { timers } = this.#host;
    const { deadline } = this.#tier;
    const now = timers.now();
    const running = this.#running.get(key);
    if (running !== undefined && now < running.until) {
      const late = "another request has not written the stamp of a tag";
      return withinDeadline(timers, 2 * deadline, late, () => running.version).catch(
        () => undefined,
      );
    }
    const version = act().catch(() => undefined);
    const mine = { version, until: now + 2 * deadline };
    this.#running.set(key, mine);
    void version.then(() => {
      if (this.#running.get(key) === mine) this.#running.delete(key);
    });
    return version;
  }
}

function lifeFor(life: number): number {
  return Math.max(LEAST_LIFE, LIVES * life);
}
