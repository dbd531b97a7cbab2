// Helpers shared by the tests of batches.

import { MapStore } from "./map-store.mjs";

/** Returns a list of argument lists. */
export const lists = (...ids) => ids.map((id) => [id]);

/** Returns a promise of `answer` that resolves after `millis` on the test's clock. */
export const later = (clock, millis, answer) =>
  new Promise((resolve, reject) => {
    clock.setTimeout(() => {
      try {
        resolve(answer());
      } catch (error) {
        reject(error);
      }
    }, millis);
  });

/** A store with the operations for many keys. */
export class ManyStore extends MapStore {
  async getMany(keys) {
    this.operations.push(`getMany ${keys.join(" ")}`);
    if (this.lies !== undefined) return this.lies(keys);
    return keys.map((key) => this.records.get(key));
  }
}
