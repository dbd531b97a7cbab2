/** Reading a key from the lower stores, one after another. Nothing here throws. */

import type { FoundEntry } from "../model/entry.js";
import type { Operation } from "../model/store.js";
import type { Form } from "../records/entry-records.js";
import type { Timers } from "../runtime/clock.js";
import { type Attempted, type Attempts, lateMessage, type Tier } from "./attempts.js";
import { ASK, SKIP } from "./ledger.js";
import type { ReadableTiers } from "./lower-tiers-many.js";
import type { Permit } from "./store-health.js";

/** Most reads of a key that keeps changing while it is read. */
const READS = 3;
/** Milliseconds within which a read must have come to be begun anew. */
const SOON = 100;

/** An entry that was found, or none; at once or later. */
type Found = FoundEntry | undefined | Promise<FoundEntry | undefined>;

/**
 * One reading, which is the attempt to read the store that it is at: a class, and no functions, as
 * each call that memory does not answer has one.
 */
export class Reading implements Attempted<unknown, FoundEntry | undefined> {
  readonly key: string;
  readonly name: string;
  readonly operation: Operation = "get";
  permit: Permit = 0;
  readonly #tiers: ReadableTiers;
  readonly #attempts: Attempts;
  readonly #timers: Timers;
  readonly #form: Form;
  readonly #first: number;
  readonly #began: number;
  /** The store that it is at. */
  #at: number;
  /** The last change before it began. */
  #since: number;
  /** Number of times that the key may yet be read. */
  #left = READS;

  /** @param first the first store that is asked */
  constructor(
    tiers: ReadableTiers,
    attempts: Attempts,
    timers: Timers,
    key: string,
    form: Form,
    first: number,
  ) {
    this.key = key;
    this.name = tiers.named(key);
    this.#tiers = tiers;
    this.#attempts = attempts;
    this.#timers = timers;
    this.#form = form;
    this.#first = first;
    this.#at = first;
    this.#began = timers.now();
    this.#since = tiers.changes.fences.last;
  }

  get tier(): Tier {
    return this.#tiers.all[this.#at] as Tier;
  }

  /** Asks a store, and those below it if it has nothing. */
  from(at: number): Found {
    const { all, changes } = this.#tiers;
    if (at >= all.length) return this.#end(undefined);
    this.#at = at;
    const known = changes.look(at, this.name);
    if (known === ASK) return this.#attempts.begin(this);
    if (known !== SKIP) return Promise.resolve(known).then((record) => this.#use(record));
    changes.repeat(at);
    return this.from(at + 1);
  }

  act(): PromiseLike<unknown> | unknown {
    return this.tier.store.get(this.name);
  }

  done(record: unknown): Found {
    this.#attempts.answered(this);
    this.#tiers.changes.answered(this.#at);
    return this.#use(record);
  }

  failed(error: unknown): Found {
    this.#attempts.failed(this, error);
    return this.refused();
  }

  refused(): Found {
    this.#tiers.changes.answered(this.#at);
    return this.from(this.#at + 1);
  }

  late(): string {
    return lateMessage(this);
  }

  #use(record: unknown): Found {
    const entry = this.#tiers.usable(this.tier, this.key, record, this.#form);
    if (!(entry instanceof Promise)) return this.#take(record, entry);
    return entry.then((usable) => this.#take(record, usable));
  }

  #take(record: unknown, entry: FoundEntry | undefined): Found {
    const at = this.#at;
    if (entry === undefined || !this.#tiers.accepts(at, this.name, record, entry)) {
      return this.from(at + 1);
    }
    if (!entry.counted) this.#tiers.fill(this, record as Uint8Array, entry, at, this.#since);
    return this.#end(entry);
  }

  /** Ends with an entry or nothing, unless the key has changed since: then it is read again. */
  #end(found: FoundEntry | undefined): Found {
    const { fences } = this.#tiers.changes;
    // What it brought is older than what the key has been changed to since.
    if (!fences.isOutdated(this.name, this.#since)) return found;
    this.#left -= 1;
    // A tier that is slow is not waited for again.
    if (this.#left === 0 || this.#timers.now() - this.#began > SOON) return undefined;
    this.#since = fences.last;
    return this.from(this.#first);
  }
}
