// Listeners for tests of a cache before them.

export const POLICY = { ttl: "1m" };

/** A plain listener that counts what it is asked. */
export function counting(answer) {
  const listener = (request, response, next) => {
    listener.asked.push(`${request.method} ${request.url}`);
    return answer(request, response, next, listener.asked.length);
  };
  listener.asked = [];
  return listener;
}

export const fresh = (response) => response.setHeader("cache-control", "max-age=60");
