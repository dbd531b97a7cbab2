// Directives of responses and requests: lifetimes that end, `no-store`, `must-understand`.

const UNDERSTAND = "max-age=3600, no-store, must-understand";
/** A response that has become stale when the pause is over. */
const BRIEF = "cache-control: max-age=2 | date: now | template-a: 1";

/** An answer that is fresh, one with `no-store` beside it, and a third request. */
const newer = (id, control) => ({
  id,
  rule: "RFC 9111 §5.2.2.5: nothing is stored of it; §4 lets what is stored and fresh be reused",
  needs: "cc-resp-no-store",
  exchanges: [
    {
      origin: "cache-control: max-age=10000 | expires: now+10000 | date: now | a: 1",
      setup: true,
      pause: true,
    },
    { origin: `cache-control: ${control} | date: now | a: 2`, setup: true, pause: true },
    { answered: "reused", got: "a: 1" },
  ],
});

export default [
  {
    id: "freshness-max-age-stale",
    rule: "RFC 9111 §4.2: fresh while its age is less than its lifetime",
    needs: "freshness-max-age",
    head: BRIEF,
    again: "asked",
  },
  newer("cc-resp-no-store-old-new", "no-store"),
  newer("cc-resp-no-store-old-max-age", "no-store, max-age=0"),
  {
    id: "status-599-must-understand",
    rule: "RFC 9111 §5.2.2.3: for caches that implement the status code",
    needs: "status-599-fresh",
    exchanges: [
      { status: "599 Whatever", origin: `cache-control: ${UNDERSTAND}`, setup: true },
      { answered: "asked" },
    ],
  },
  {
    id: "status-200-must-understand",
    kind: "optimal",
    rule: "RFC 9111 §5.2.2.3: SHOULD ignore no-store",
    needs: ["status-200-fresh", "cc-resp-no-store-fresh"],
    exchanges: [
      { status: "200 OK", origin: `cache-control: ${UNDERSTAND}`, setup: true },
      { answered: "reused" },
    ],
  },
  {
    id: "ccreq-max-stale",
    kind: "check",
    rule: "RFC 9111 §5.2.1.2",
    needs: "freshness-max-age-stale",
    head: BRIEF,
    again: { with: "cache-control: max-stale=1000", answered: "reused" },
  },
  {
    id: "ccreq-no-cache-etag",
    kind: "check",
    rule: "RFC 9111 §5.2.1.4",
    needs: "freshness-max-age",
    head: 'cache-control: max-age=3600 | etag: "AIQYGOWEMUCKSAI"',
    pause: false,
    again: { with: "cache-control: no-cache", answered: "validated by its tag" },
  },
  {
    id: "pragma-response-no-cache-heuristic",
    kind: "check",
    rule: "RFC 9111 §5.4: of requests only",
    needs: "heuristic-200-cached",
    head: "date: now | last-modified: now-10000 | pragma: no-cache",
    pause: false,
    again: "reused",
  },
];
