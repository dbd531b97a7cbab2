/** The tags of an entry, as numbers. */

/** The hashes of tags' names. */
export type TagHashes = Float64Array;

/** The beginning of a load, or of a write. */
export interface Begun {
  /** In the order of loads and invalidations of a core; and which core that is. */
  readonly fence: number;
  readonly instance: number;
  /** In the order of what is known of the tags in stores. */
  readonly step: number;
  /** The tags that were known then. */
  readonly hashes: TagHashes | undefined;
  /** Their versions in the stores: see `StoredTags.versions`. */
  versions?: Promise<Float64Array | undefined>;
  /** The same, once they have come. */
  known?: Float64Array | undefined;
  /** Where its tags were not known: see `StoredTags.general`. */
  general?: Promise<number | undefined> | undefined;
}

/** The tags of an entry. */
export interface Tagged {
  readonly hashes: TagHashes;
  /** The versions that its record carries, hard and soft in turn. */
  readonly versions?: Float64Array | undefined;
  /** The beginning of its load, where it is no record's. */
  readonly begun?: Begun | undefined;
}
