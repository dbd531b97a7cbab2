import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";

export const bentocache = {
  name: "bentocache",
  cached(load, entries) {
    const driver = memoryDriver({ maxItems: entries, serialize: false });
    const bento = new BentoCache({
      default: "memory",
      stores: { memory: bentostore().useL1Layer(driver) },
    });
    return (key) => bento.getOrSet({ key, ttl: "1m", grace: "1h", factory: () => load(key) });
  },
};
