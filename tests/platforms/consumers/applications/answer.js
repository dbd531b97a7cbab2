// A cached function and a cached handler: what each consumer has in its application. Nobody
// listens to events, so a cache without its core has only the console to say so.
import { createCache, memory } from "holdover";
import { cachedHandler } from "holdover/fetch";

const cache = createCache({ namespace: "shop", stores: [memory({ maxEntries: 100 })] });
let made = 0;

function make(what) {
  made += 1;
  return `${what}, made as ${made}`;
}

const load = cache.wrap(async (id) => make(`user ${id}`), { key: "user:{0}", ttl: "1h" });
const handle = cachedHandler(cache, async () => new Response(make("page")), { ttl: "1h" });

/**
 * Calls both, and says where their answers came from.
 *
 * @param part tells parts of an application apart that may share this module
 */
export async function answer(part = "") {
  const { value, source } = await load.explain(part);
  // As in Jest's jsdom.
  if (typeof Response === "undefined") return { value, source };
  const response = await handle(new Request(`https://shop.example/page/${part}`));
  const status = response.headers.get("cache-status");
  return { value, source, body: await response.text(), status };
}
