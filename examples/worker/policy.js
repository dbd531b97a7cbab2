/** How the worker treats its origin. Every duration is text with a unit, or milliseconds. */
export const policy = {
  // An answer is fresh this long: the origin is not asked again.
  ttl: "1s",
  // After that it is still given at once, while one request refreshes it in the background.
  staleWhileRevalidate: "2s",
  // When the origin fails, the last good answer counts for a day.
  staleIfError: "1d",
  // When the origin is slow, nobody waits longer than this if there is a last good answer.
  failoverAfter: "300ms",
  // A request to the origin is given up after this long.
  timeout: "3s",
  // After a failure the origin is left alone for this long, per key; doubled while it goes on.
  retryAfter: "1s",
};
