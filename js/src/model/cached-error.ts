/** A remembered failure, kept in a slot for `errorTtl`. */

/** Takes the place of a value; serving it throws its error. */
export class CachedError {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
