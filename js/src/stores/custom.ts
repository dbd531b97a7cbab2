/** Stores of the application's own. */

import { sharingStore } from "../engine/sharing-store.js";
import type { Store } from "../model/store.js";
import { checkStore } from "../policy/check-store.js";

/**
 * Returns the store that it is given, as one that `createCache({ stores })` takes: any object with
 * `get(key)`, `set(key, record, { expiresIn })` and `delete(key)`.
 *
 * @throws ConfigError for an object that is no store
 */
export function customStore<Custom extends Store>(store: Custom): Custom {
  checkStore(store, "store");
  return sharingStore(store);
}
