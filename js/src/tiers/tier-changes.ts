/**
 * Changes of keys in all lower tiers of a cache, and reading what they left. After a change no older
 * value of its key is read here any more, whatever the tiers do: see `ledger` for how.
 */

import type { Operation, Store } from "../model/store.js";
import type { Timers } from "../runtime/clock.js";
import type { Run, Tier } from "./attempts.js";
import type { Change } from "./changes.js";
import type { Fences } from "./fences.js";
import { ASK, SKIP, TierLedger } from "./ledger.js";
import { RecentWrites } from "./recent-writes.js";
import type { TierRegistry } from "./registry.js";
import { labelFor } from "./sending.js";
import {
  type Content,
  type NamedKey,
  type Promised,
  TierWriter,
  type WriterHost,
} from "./writer.js";

export type { NamedKey } from "./writer.js";

/** A change that has happened, and is to be performed in the tiers, or given up. */
export interface PreparedChange {
  /**
   * Resolves when all tiers have it or failed: true if one of them has it, or something newer.
   * @param notAfter when it must not be written any more; default: after each tier's deadline
   */
  perform(notAfter?: number): Promise<boolean>;
  /**
   * It is not performed. The tiers' records may be outdated from now on.
   * @param newer the one that has something newer
   */
  forgo(newer: Tier | undefined): void;
}

/** The lower tiers of a cache. */
export class TierChanges {
  readonly fences: Fences;
  readonly #writers: readonly TierWriter[];
  readonly #timers: Timers;
  readonly #recent = new RecentWrites();

  /** @param bases the stores as they were given, without what a cache puts around them */
  constructor(
    tiers: readonly Tier[],
    bases: readonly Store[],
    registry: TierRegistry,
    host: WriterHost,
  ) {
    this.fences = registry.fences;
    this.#timers = host.timers;
    this.#writers = tiers.map((tier, index) => {
      const ledger = ledgerOf(bases[index] ?? tier.store, registry);
      return new TierWriter(tier, ledger, registry.fences, host);
    });
  }

  /** A load writes a record now, or a copy of one. */
  noteWrite(name: string, record: Uint8Array): void {
    this.#recent.note(name, record, this.#timers.now());
  }

  /**
   * Another instance has changed a key, as a tier told: those above it have an older value, and so
   * may the others, by what was written here a moment ago.
   * @param at the tier that told
   */
  follow(named: NamedKey, at: number): void {
    for (const writer of this.#writers.slice(0, at)) {
      const change = writer.claim(named.name, this.fences.raise(named.name), undefined);
      void writer.perform(change, named.key, undefined);
    }
    this.#takeBackFrom(at, named);
  }

  /** The same, of everything under a prefix. */
  followClear(prefix: string, at: number): void {
    const fence = this.fences.raiseAll();
    for (const writer of this.#writers.slice(0, at)) void writer.clear(prefix, fence);
    for (const name of this.#recent.names()) this.#takeBackFrom(at, { key: name, name });
  }

  #takeBackFrom(at: number, named: NamedKey): void {
    const records = this.#recent.take(named.name, this.#timers.now());
    if (records.length === 0) return;
    for (const { tier } of this.#writers.slice(at)) this.#takeBack(tier, named, records);
  }

  /** Drops a key if a tier has one of these very records. */
  #takeBack(tier: Tier, named: NamedKey, records: readonly Uint8Array[]): void {
    const { store } = tier;
    if (store.compareAndDelete === undefined) return;
    const drop = async () => {
      for (const record of records) if (await store.compareAndDelete?.(named.name, record)) return;
    };
    // A store that fails owes it, and tells of it.
    this.decide(tier, named, undefined, "compareAndDelete", drop).catch(() => {});
  }

  /**
   * A key changes now; `undefined` drops it.
   * @param decided the tier that has the change already
   */
  prepare({ key, name }: NamedKey, content: Content | undefined, decided?: Tier): PreparedChange {
    const writers = this.#writers.filter(({ tier }) => tier !== decided);
    return this.#claim({ key, name }, writers, content, () => content);
  }

  /**
   * The same, where it takes time to find out what is to be written: until then the key has no
   * record that can be read here.
   * @param make gives what is written; undefined to drop the key instead
   */
  prepareLater(
    named: NamedKey,
    expiresIn: number,
    make: () => Promise<Content | undefined>,
  ): PreparedChange {
    return this.#claim(named, this.#writers, { expiresIn }, async (claimed) => {
      const content = await make();
      for (const change of claimed) {
        change.record = content?.record;
        change.drops = content === undefined;
      }
      return content;
    });
  }

  #claim(
    { key, name }: NamedKey,
    writers: readonly TierWriter[],
    promised: Promised | undefined,
    make: (claimed: readonly Change[]) => Promise<Content | undefined> | Content | undefined,
  ): PreparedChange {
    const fence = this.fences.raise(name);
    const claimed = writers.map((writer) => writer.claim(name, fence, promised));
    return {
      perform: async (notAfter) => {
        const made = make(claimed);
        const content = made instanceof Promise ? await made : made;
        const done = await Promise.all(
          writers.map((writer, at) =>
            writer.perform(claimed[at] as Change, key, content, notAfter),
          ),
        );
        return done.includes(true);
      },
      forgo: (newer) => {
        for (const [at, writer] of writers.entries()) {
          const change = claimed[at] as Change;
          writer.forgo(change, writer.tier === newer);
        }
      },
    };
  }

  /** See {@link TierWriter.decide}. */
  decide<T>(
    tier: Tier,
    named: NamedKey,
    content: Content | undefined,
    operation: Operation,
    run: Run<T>,
  ): Promise<T | undefined> {
    const fence = this.fences.raise(named.name);
    return this.#writerOf(tier).decide(named, fence, content, operation, run);
  }

  /** See {@link TierWriter.settle}. */
  settle(tier: Tier, named: NamedKey): Promise<void> {
    return this.#writerOf(tier).settle(named);
  }

  #writerOf(tier: Tier): TierWriter {
    return this.#writers.find((writer) => writer.tier === tier) as TierWriter;
  }

  /** Many keys change now; one operation per tier that can do that. */
  changeMany(
    changes: readonly (NamedKey & { readonly content: Content | undefined })[],
  ): Promise<boolean[]> {
    const contents = new Map(changes.map((change) => [change.name, change]));
    const fences = changes.map(({ name }) => this.fences.raise(name));
    const all = this.#writers.map((writer) => {
      const claimed = changes.map(({ name, content }, at) =>
        writer.claim(name, fences[at] ?? 0, content),
      );
      return () => this.#performMany(writer, claimed, contents);
    });
    return Promise.all(all.map((perform) => perform())).then((done) =>
      changes.map((_, at) => done.some((each) => each[at] === true)),
    );
  }

  #performMany(
    writer: TierWriter,
    claimed: readonly Change[],
    contents: ReadonlyMap<string, NamedKey & { readonly content: Content | undefined }>,
  ): Promise<boolean[]> {
    const { store } = writer.tier;
    const single = (change: Change) => {
      const { key = "", content } = contents.get(change.name) ?? {};
      return writer.perform(change, key, content);
    };
    const drops = claimed.every((change) => change.drops);
    const operation = drops ? "deleteMany" : "setMany";
    const isMixed = !drops && claimed.some((change) => change.drops);
    if (store[operation] === undefined || isMixed) return Promise.all(claimed.map(single));
    const labelOf = (sent: readonly Change[]) =>
      labelFor(sent.map(({ name }) => contents.get(name)?.key ?? name));
    const together = (sent: readonly Change[]) => {
      if (drops) return store.deleteMany?.(sent.map(({ name }) => name));
      const entries = sent.map(({ name }) => {
        const { content } = contents.get(name) as { readonly content: Content };
        return [name, content.record, writer.optionsOf(content)] as const;
      });
      return store.setMany?.(entries);
    };
    return writer.performMany(claimed, operation, labelOf, together, single);
  }

  /** Copies what a tier had to those above it, unless the key has changed since it was read. */
  copyUp({ key, name }: NamedKey, content: Content, above: number, since: number): void {
    if (above === 0 || this.fences.isListing(this.#timers.now())) return;
    for (const writer of this.#writers.slice(0, above)) {
      if (this.fences.isOutdated(name, since) || !writer.takesCopy(name)) continue;
      const change = writer.claim(name, since, content, true);
      this.noteWrite(name, content.record);
      void writer.perform(change, key, content);
    }
  }

  /** Everything under a prefix is dropped now. */
  async clear(prefix: string): Promise<void> {
    const fence = this.fences.raiseAll();
    await Promise.all(this.#writers.map((writer) => writer.clear(prefix, fence)));
  }

  /** The time until which records under a name were stored that are not used; −∞ for none. */
  clearedAt(name: string): number {
    return Math.max(...this.#writers.map(({ ledger }) => ledger.clearedAt(name)));
  }

  /** Names that a change is under way for. */
  changing(): string[] {
    return this.#writers.flatMap(({ ledger }) => ledger.changing());
  }

  /**
   * The tier's record of a name, read by `get` unless changes forbid that; the record being
   * written, if there is one.
   */
  async get(at: number, name: string, get: () => Promise<unknown>): Promise<unknown> {
    const writer = this.#writers[at] as TierWriter;
    const known = writer.look(name);
    if (known === ASK) {
      const record = await get();
      writer.answered();
      return record;
    }
    if (known !== SKIP) return known;
    writer.repeat();
    return undefined;
  }

  /** See {@link TierWriter.repeat}. */
  repeat(at: number): void {
    this.#writers[at]?.repeat();
  }

  /** See {@link TierWriter.look}. */
  look(at: number, name: string): Uint8Array | typeof ASK | typeof SKIP {
    return (this.#writers[at] as TierWriter).look(name);
  }

  /** True if a record that a tier gave may be used. */
  accepts(at: number, name: string, record: unknown, storedAt: number): boolean {
    const { ledger } = this.#writers[at] as TierWriter;
    return ArrayBuffer.isView(record) && ledger.accepts(name, record as Uint8Array, storedAt);
  }

  /** The tier answered: the changes it is owed are performed. */
  answered(at: number): void {
    this.#writers[at]?.answered();
  }
}

/** Returns the ledger that all caches over one memory keep of a store. */
function ledgerOf(store: Store, { ledgers }: TierRegistry): TierLedger {
  let ledger = ledgers.get(store);
  if (ledger === undefined) {
    ledger = new TierLedger();
    ledgers.set(store, ledger);
  }
  return ledger;
}
