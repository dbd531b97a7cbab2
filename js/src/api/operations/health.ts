/** Whether a cache can do its work: it has a core, and the stores can be reached. */

import { unavailable } from "../../core/core.js";
import { StoreError } from "../../util/errors.js";
import type { Subject } from "../subject.js";

/** See `ping` of `holdover/operations`. */
export async function ping({ driver }: Subject): Promise<void> {
  driver.checkOpen();
  const { layers } = driver.host;
  if (!driver.isOpen()) throw withoutCore();
  if (layers === undefined) return;
  await Promise.all(
    layers.all.map((layer) => {
      const { store } = layer;
      return store.ping === undefined
        ? layers.attempt(layer, "get", "", () => store.get(layers.named("%ping")))
        : layers.attempt(layer, "ping", "", () => store.ping?.());
    }),
  );
}

function withoutCore(): StoreError {
  const cause = unavailable()?.error;
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new StoreError(`nothing is cached, for there is no core${why}`, { cause });
}
