/** A failure that is remembered: what a slot holds for `errorTtl`. */

/** Stands where a value would; serving it is throwing its error. */
export class CachedError {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
