/** The stores below the memory: read in order, written all. Nothing here throws. */

import { type FoundEntry, keptFor, type Lifetime, totalOf } from "../model/entry.js";
import type { HttpValue } from "../model/http-value.js";
import type { Validate } from "../model/schema.js";
import type { Operation, Store, StoreStats } from "../model/store.js";
import { StoredCounter } from "../records/codec/counter.js";
import { UnreadResponse } from "../records/codec/response.js";
import { EntryRecords, type Form } from "../records/entry-records.js";
import { StoreError } from "../util/errors.js";
import { type Run, type Tier, tierOf } from "./attempts.js";
import type { LowerTiersHost } from "./lower-tiers-host.js";
import { readMany } from "./lower-tiers-many.js";
import { Reading } from "./reading.js";
import { StoredTags, tierOfStamps } from "./stored-tags.js";
import { type NamedKey, type PreparedChange, TierChanges } from "./tier-changes.js";
import type { Content } from "./writer.js";

export type { Operation } from "../model/store.js";
export type { Tier } from "./attempts.js";

/** Milliseconds that a counter outlives the entry that says where it is. */
const COUNTER_SLACK = 1000;

/** The format of entries without a policy. */
export const DIRECT: Form = { counts: true };

/** The lower stores of a cache. */
export class LowerTiers {
  readonly #tiers: readonly Tier[];
  readonly #host: LowerTiersHost;
  readonly #records: EntryRecords;
  /** The tags of their entries. */
  readonly tags: StoredTags;
  /** Changes of their keys. */
  readonly changes: TierChanges;
  /** Reads records of HTTP, where the cache knows how. */
  responses: (bytes: Uint8Array) => HttpValue = (bytes) => new UnreadResponse(bytes);

  constructor(stores: readonly Store[], host: LowerTiersHost) {
    this.#tiers = stores.map((store, index) => tierOf(store, `store ${index + 1}`));
    this.#host = host;
    this.#records = new EntryRecords(host);
    this.tags = new StoredTags(this.#tiers, host, this.#records);
    this.changes = new TierChanges(this.#tiers, host.bases, host.registry, host);
  }

  /** The format in which entries of any kind are read. */
  get any(): Form {
    return { counts: true, responses: this.responses };
  }

  /** All of them, in order. */
  get all(): readonly Tier[] {
    return this.#tiers;
  }

  /** Returns the health of each, in order. */
  health(): StoreStats[] {
    return this.#tiers.map(({ name, health: { failures, isDown } }) => {
      return { name, available: !isDown, failures };
    });
  }

  /** The one that most instances share, as far as is known. */
  get shared(): Tier {
    return tierOfStamps(this.#tiers);
  }

  /** The one that counts. */
  get counterTier(): Tier | undefined {
    return this.firstWith("increment", "add");
  }

  /** The first one whose store can do all of that. */
  firstWith(...capabilities: readonly Operation[]): Tier | undefined {
    return this.#tiers.find(({ store }) =>
      capabilities.every((name) => typeof store[name] === "function"),
    );
  }

  /**
   * The first entry that can be read and is of any use; stores above it get it too.
   * @param from the first store that is asked
   */
  read(key: string, form: Form = DIRECT, from?: Tier): Promise<FoundEntry | undefined> {
    const { attempts, timers } = this.#host;
    const first = from === undefined ? 0 : this.#tiers.indexOf(from);
    return Promise.resolve(new Reading(this, attempts, timers, key, form, first).from(first));
  }

  /** Does the same for many keys: one operation per store that can do that. */
  readMany(keys: readonly string[], form: Form = DIRECT): Promise<Map<string, FoundEntry>> {
    return readMany(this, keys, form);
  }

  /** True if a record that was read may be used: not one that a newer change has superseded. */
  accepts(index: number, name: string, record: unknown, { storedAt }: FoundEntry): boolean {
    return this.changes.accepts(index, name, record, storedAt);
  }

  /**
   * The entry that a record is; undefined for one that is dead, damaged or refused. At once, unless
   * somebody has to be asked.
   */
  usable(
    tier: Tier,
    key: string,
    record: unknown,
    form: Form = DIRECT,
  ): FoundEntry | undefined | Promise<FoundEntry | undefined> {
    if (record === undefined || record === null) return undefined;
    const entry = this.#records.decode(tier, key, record, form);
    const { validate } = form;
    const isAsked = validate !== undefined || entry?.value instanceof StoredCounter;
    if (entry === undefined || (!isAsked && entry.tagged === undefined)) return entry;
    return this.#asked(tier, key, entry, validate);
  }

  async #asked(
    tier: Tier,
    key: string,
    entry: FoundEntry,
    validate: Validate | undefined,
  ): Promise<FoundEntry | undefined> {
    const counted = await this.#counted(tier, key, entry);
    const found =
      counted && validate ? await this.#records.validated(tier, key, counted, validate) : counted;
    return found && this.tags.heeded(tier, key, found);
  }

  /** An entry that says where a counter is, with what it counts. */
  async #counted(tier: Tier, key: string, entry: FoundEntry): Promise<FoundEntry | undefined> {
    if (!(entry.value instanceof StoredCounter)) return entry;
    try {
      const value = await this.count(tier, key, entry.value, 0, totalOf(entry) - entry.age);
      return { ...entry, value, counted: true };
    } catch {
      return undefined; // the event has been told
    }
  }

  /**
   * Adds to a counter; gives the sum.
   * @throws StoreError
   */
  async count(
    tier: Tier,
    key: string,
    counter: StoredCounter,
    by: number,
    left: number,
  ): Promise<number> {
    const at = this.counterTier ?? tier;
    const name = `${this.named(key)}%n${counter.id}`;
    // The entry says when it is over: the counter must not end before it.
    const options = { expiresIn: left + COUNTER_SLACK };
    const run = () => at.store.increment?.(name, by, options);
    const sum = await this.attempt(at, "increment", key, run);
    if (typeof sum === "number") return counter.base + sum;
    throw new StoreError(`${at.name} gave no number for a counter`);
  }

  /**
   * An entry is stored now, instead of all older ones: to be written to every store.
   * @param isLoaded true for what a load brought: see {@link TierChanges.follow}
   */
  prepare(
    key: string,
    value: unknown,
    lifetime: Lifetime,
    form: Form = {},
    isLoaded: boolean = false,
  ): PreparedChange {
    const named = { key, name: this.named(key) };
    const contentOf = (own: Lifetime) => {
      const content = this.contentOf(key, value, own, form);
      if (isLoaded && content !== undefined) this.changes.noteWrite(named.name, content.record);
      return content;
    };
    if (keptFor(lifetime) <= 0 || this.tags.knows(lifetime.tagged)) {
      return this.changes.prepare(named, contentOf(lifetime));
    }
    return this.changes.prepareLater(named, keptFor(lifetime), async () => {
      const own = await this.versioned(lifetime);
      return own && contentOf(own);
    });
  }

  /**
   * The content that stores get for an entry, whose tags' versions are known: undefined when its
   * lifetime is over, or it has no record.
   */
  contentOf(key: string, value: unknown, lifetime: Lifetime, form: Form = {}): Content | undefined {
    const expiresIn = keptFor(lifetime);
    if (expiresIn <= 0 || this.tags.isOver(lifetime)) return undefined;
    const record = this.encode(key, value, lifetime, form);
    return record && { record, expiresIn };
  }

  /** Keys that a change is under way for. */
  changingKeys(): string[] {
    const { prefix } = this.#host.names;
    const names = this.changes.changing().filter((name) => name.startsWith(prefix));
    return this.keysIn(names);
  }

  /** Drops a key from every store; resolves when all did or failed. */
  async delete(key: string): Promise<void> {
    await this.changes.prepare({ key, name: this.named(key) }, undefined).perform();
  }

  /**
   * Another instance has changed keys, or everything, as a tier told: see
   * {@link TierChanges.follow}.
   */
  follow(keys: readonly string[] | "all", tier: Tier): void {
    const at = this.#tiers.indexOf(tier);
    if (keys === "all") this.changes.followClear(this.named(""), at);
    else for (const key of keys) this.changes.follow({ key, name: this.named(key) }, at);
  }

  /** See `StoreNames.own`. */
  own(kind: string, name: string): string {
    return this.#host.names.own(kind, name);
  }

  /** See `StoreNames.keysIn`. */
  keysIn(names: readonly string[]): string[] {
    return this.#host.names.keysIn(names);
  }

  /** See `StoreNames.listPrefix`. */
  listPrefix(start: string): string {
    return this.#host.names.listPrefix(start);
  }

  /** See `StoreNames.of`. */
  named(key: string): string {
    return this.#host.names.of(key);
  }

  /**
   * Gives an entry to the stores above the one that had it, for as long as it still has.
   * @param since when it was read: see {@link TierChanges.copyUp}
   */
  fill(named: NamedKey, record: Uint8Array, entry: FoundEntry, above: number, since: number): void {
    const expiresIn = keptFor(entry) - entry.age;
    this.changes.copyUp(named, { record, expiresIn }, above, since);
  }

  /** The lifetime with the versions of its tags; undefined when it must not be stored. */
  async versioned(lifetime: Lifetime): Promise<Lifetime | undefined> {
    const { tagged } = lifetime;
    if (tagged === undefined || tagged.hashes.length === 0) return lifetime;
    const versions = await this.tags.versionsOf(tagged, keptFor(lifetime));
    return versions && { ...lifetime, tagged: { ...tagged, versions } };
  }

  /** See {@link EntryRecords.encode}. */
  encode(key: string, value: unknown, lifetime: Lifetime, form: Form = {}): Uint8Array | undefined {
    const after = this.changes.clearedAt(this.named(key));
    return this.#records.encode(key, value, lifetime, form, after);
  }

  /** See {@link EntryRecords.decode}. */
  decode(tier: Tier, key: string, record: unknown): FoundEntry | undefined {
    return this.#records.decode(tier, key, record, this.any);
  }

  /** See {@link EntryRecords.isSame}. */
  isSame(one: unknown, other: unknown): boolean {
    return this.#records.isSame(one, other);
  }

  /** See `Attempts.try`. */
  try<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T | undefined> {
    return this.#host.attempts.try(tier, operation, key, run);
  }

  /** See `Attempts.run`. */
  attempt<T>(tier: Tier, operation: Operation, key: string, run: Run<T>): Promise<T> {
    return this.#host.attempts.run(tier, operation, key, run);
  }
}
