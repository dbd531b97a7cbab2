/** An entry's tags, as numbers. */

/** Hashes of tag names. */
export type TagHashes = Float64Array;

/** The start of a load or a write. */
export interface Begun {
  /** Its position among the loads and invalidations of one core, and that core's number. */
  readonly fence: number;
  readonly instance: number;
  /** Its position among changes of the tags known in stores. */
  readonly step: number;
  /** The tags known at the start. */
  readonly hashes: TagHashes | undefined;
  /** Their versions in the stores; see `StoredTags.versions`. */
  versions?: Promise<Float64Array | undefined>;
  /** The same, once they have been read. */
  known?: Float64Array | undefined;
  /** The general version, where the tags were not known; see `StoredTags.general`. */
  general?: Promise<number | undefined> | undefined;
}

/** An entry's tags. */
export interface Tagged {
  readonly hashes: TagHashes;
  /** The versions that the entry's record carries, hard and soft in turn. */
  readonly versions?: Float64Array | undefined;
  /** The start of its load; undefined for an entry read from a record. */
  readonly begun?: Begun | undefined;
}
