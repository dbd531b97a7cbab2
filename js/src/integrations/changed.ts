/** Invalidation by responses that did not come through the cache. */

/** Response fields that invalidation reads: RFC 9111 §4.4, RFC 9875. */
const TELLING = ["location", "content-location", "cache-group-invalidation"];

/** True for methods whose answers come out of the cache. */
export const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

/** True for methods that may change what is stored; those that `Request` refuses are not. */
export function mayChange(method: string): boolean {
  return !/^(?:GET|HEAD|OPTIONS|TRACE|TRACK|CONNECT)$/i.test(method);
}

/**
 * Returns the head of an answer without its body. It is not to be stored: the body of an answer to
 * POST, which later GETs may have, is not there.
 */
export function changedBy(status: number, headers: Iterable<readonly [string, string]>): Response {
  const told = [...headers].filter(([name]) => TELLING.includes(name.toLowerCase()));
  return new Response(null, {
    status,
    headers: [...told.map(([name, value]): [string, string] => [name, value]), NO_STORE],
  });
}

/** The part of a cached handler that ends entries. */
interface Ending {
  invalidate(request: Request): Promise<void>;
}

/**
 * Ends what a request that went by has changed, if it succeeded.
 * @param tell tells the cached handler of the answer: locations, groups
 */
export async function endChanged(
  cached: Ending,
  url: string,
  status: number,
  tell: () => Promise<unknown>,
): Promise<void> {
  if (status < 200 || status >= 400) return;
  // A guard may refuse to pass on what has happened already.
  await tell().catch(() => {});
  await cached.invalidate(new Request(url));
}

const NO_STORE: [string, string] = ["cache-control", "no-store"];
