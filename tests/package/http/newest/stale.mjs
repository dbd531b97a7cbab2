// Stale responses: the window of `stale-while-revalidate`, and what forbids to serve any when the
// origin cannot be reached. RFC 9111 §4.2.4: "A cache MUST NOT generate a stale response if it is
// prohibited by an explicit in-protocol directive".

const RULE = "RFC 9111 §4.2.4";

/** The origin cuts the connection: any answer will do that is not the stored one. */
const closed = (directive, only) => ({
  id: `stale-close-${directive}`,
  rule: RULE,
  needs: "stale-close",
  for: only,
  head: `cache-control: max-age=2, ${directive}`,
  again: { cut: true, gets: "an error of the cache's own", lacks: "server-request-count" },
});

export default [
  closed("must-revalidate"),
  closed("proxy-revalidate", "shared"),
  closed("no-cache"),
  closed("s-maxage=2", "shared"),
  {
    id: "stale-while-revalidate",
    kind: "optimal",
    rule: "RFC 5861 §3",
    needs: "freshness-max-age-stale",
    head: 'cache-control: max-age=1, stale-while-revalidate=3600 | etag: "abc"',
    again: "reused",
  },
  {
    id: "stale-while-revalidate-window",
    rule: "RFC 5861 §3: up to the indicated number of seconds after it became stale",
    needs: "stale-while-revalidate",
    exchanges: [
      {
        origin: 'cache-control: max-age=1, stale-while-revalidate=4 | etag: "abc"',
        setup: true,
        pause: true,
      },
      {
        origin: 'cache-control?: no-cache | etag?: "def"',
        answered: "reused",
        setup: true,
        pause: true,
      },
      { got: "client-request-count: 3" },
    ],
  },
  {
    id: "stale-warning-stored",
    kind: "check",
    rule: "RFC 9111 §5.5: Warning is obsolete",
    needs: "stale-close",
    head: "expires: now-5000 | last-modified: now-100000 | date: now",
    again: { cut: true, answered: "reused", got: "warning", supposes: "expected_type" },
  },
];
