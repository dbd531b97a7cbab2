/** Reading stamps: those that are asked for in one turn come in one operation. */

import { decodeStamp, readAll, type Stamp } from "../records/stamps.js";
import { isBytes } from "../util/bytes.js";
import { CodecError, isHoldoverError } from "../util/errors.js";
import type { Tier } from "./attempts.js";
import type { LowerTiersHost } from "./lower-tiers-host.js";
import { labelFor } from "./sending.js";
import type { TagLedger } from "./tag-ledger.js";

/** A store's record for the key of a stamp. */
export interface Found {
  /** Undefined when there is none to be relied upon. */
  readonly stamp: Stamp | undefined;
  /** Its record, as the store gave it. */
  readonly record: Uint8Array | undefined;
  /** True if the stored stamp must be replaced. */
  readonly isOver: boolean;
}

interface Batch {
  readonly keys: Set<string>;
  readonly found: Promise<ReadonlyMap<string, Found> | undefined>;
}

/** Reads stamps. Nothing here throws. */
export class StampReader {
  readonly #tier: Tier;
  readonly #host: LowerTiersHost;
  readonly #ledger: TagLedger;
  #batch: Batch | undefined;

  constructor(tier: Tier, host: LowerTiersHost, ledger: TagLedger) {
    this.#tier = tier;
    this.#host = host;
    this.#ledger = ledger;
  }

  /** The stored stamps of these keys; undefined when the store cannot be read. */
  async read(keys: readonly string[]): Promise<Found[] | undefined> {
    this.#batch ??= this.#begin();
    const { keys: all, found } = this.#batch;
    for (const key of keys) all.add(key);
    const given = await found;
    return given && keys.map((key) => given.get(key) ?? NOTHING);
  }

  #begin(): Batch {
    const keys = new Set<string>();
    // Not `queueMicrotask`, which test frameworks replace.
    const found = Promise.resolve().then(() => {
      this.#batch = undefined;
      return this.#ask([...keys]);
    });
    return { keys, found };
  }

  async #ask(keys: readonly string[]): Promise<ReadonlyMap<string, Found> | undefined> {
    const { store } = this.#tier;
    const operation = store.getMany === undefined ? "get" : "getMany";
    const run = () => readAll(store, keys);
    const records = await this.#host.attempts.try(this.#tier, operation, labelFor(keys), run);
    return records && new Map(keys.map((key, at) => [key, this.#settle(key, records[at])]));
  }

  #settle(key: string, given: unknown): Found {
    const isThere = given !== undefined && given !== null;
    const read = isThere ? this.#decode(key, given) : undefined;
    const stamp = this.#ledger.settle(key, read, this.#host.timers.now());
    const record = isBytes(given) ? given : undefined;
    const isOver = stamp === undefined && (isThere || this.#ledger.hasMissed(key));
    return { stamp, record, isOver };
  }

  #decode(key: string, given: unknown): Stamp | undefined {
    try {
      // Stores with sealed records give the reason for which one cannot be opened.
      if (isHoldoverError(given)) throw given;
      if (!isBytes(given)) throw new CodecError("a store gave what is no Uint8Array");
      return decodeStamp(given);
    } catch (error) {
      this.#host.onTrap(error);
      const { name } = this.#tier;
      this.#host.events.tell({ type: "corrupt", store: name, operation: "get", key, error });
      return undefined;
    }
  }
}

const NOTHING: Found = { stamp: undefined, record: undefined, isOver: false };
