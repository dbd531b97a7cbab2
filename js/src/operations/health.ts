/** Whether the stores can be reached. */

import type { Subject } from "./arguments.js";

/** See `Cache.ping`. */
export async function ping({ driver }: Subject): Promise<void> {
  driver.checkOpen();
  const { layers } = driver.host;
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
