// A cached `fetch` before an origin that is a function, on a manual clock.

import { cachedFetch } from "holdover/fetch";
import { createCache } from "../../js/support/caches.mjs";
import { ManualClock } from "../../js/support/manual-clock.mjs";

/** One second of the manual clock. */
export const SECOND = 1000;

/**
 * `answer(request, nth)` gives `[body, init]` or a Response; `get(path, init)` what came of it.
 * @param options.policy the policy of the cached fetch
 */
export function stage(answer, { policy, options, stores, onEvent } = {}) {
  const clock = new ManualClock();
  const cache = createCache({ clock, ...(stores && { stores }), ...(onEvent && { onEvent }) });
  const requests = [];
  const origin = async (request) => {
    requests.push(request);
    const given = await answer(request, requests.length);
    return given instanceof Response ? given : new Response(given[0], given[1]);
  };
  const fetchCached = cachedFetch(cache, policy, { fetch: origin, ...options });
  const get = async (path, init) => {
    const { response, ...told } = await fetchCached.explain(`http://origin.test${path}`, init);
    const text = await response.text();
    await settled();
    return { ...told, text, status: response.status, headers: response.headers };
  };
  return { clock, cache, fetchCached, get, requests, origin };
}

/** Long enough for what has been read to be stored. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Headers of a response that is fresh for a minute. */
export const fresh = (more = {}) => ({ headers: { "cache-control": "max-age=60", ...more } });
