/** The time that a failure says to wait for. */

interface Fields {
  get?(name: string): unknown;
}
interface Answered {
  readonly retryAfter?: unknown;
  readonly headers?: Fields;
  readonly response?: { readonly headers?: Fields };
}

/**
 * Returns the milliseconds after which another attempt makes sense, by what an error tells: its
 * `retryAfter` in milliseconds, or `Retry-After` (RFC 9110 §10.2.3) of its `headers` or of those of
 * its `response`. Undefined if it tells none.
 */
export function retryAfterOf(error: unknown, now: number): number | undefined {
  try {
    const { retryAfter, headers, response } = Object(error) as Answered;
    if (typeof retryAfter === "number" && retryAfter >= 0) return retryAfter;
    const told = headers?.get?.("retry-after") ?? response?.headers?.get?.("retry-after");
    if (typeof told !== "string") return undefined;
    if (/^\s*\d+\s*$/.test(told)) return Number(told) * 1000;
    const until = Date.parse(told);
    return Number.isNaN(until) ? undefined : Math.max(0, until - now);
  } catch {
    return undefined; // a getter that throws
  }
}
