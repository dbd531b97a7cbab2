// Fields of answers from the cache, variants, and validators of other variants.

const MONTH = "expires: now+2592000 | date: now";

export default [
  {
    id: "other-age-delay",
    kind: "check",
    rule: "RFC 9111 §4.2.3: response_delay",
    exchanges: [{ origin: "cache-control: max-age=3600 | date: now", delay: 5000, got: "age > 0" }],
  },
  {
    id: "other-date-update-expires",
    rule: "RFC 9110 §6.6.1: Date is when the message was originated",
    needs: "freshness-expires-future",
    head: MONTH,
    again: { answered: "reused", got: "date: now" },
  },
  {
    id: "other-date-update-expires-update",
    kind: "check",
    rule: "RFC 9111 §5.3",
    needs: "freshness-expires-future",
    head: MONTH,
    again: { answered: "reused", got: "expires: now+2592000" },
  },
  {
    id: "vary-3-order",
    rule: "RFC 9111 §4.1",
    needs: "vary-3-match",
    exchanges: [
      {
        with: "foo: 1 | bar: abc | baz: 789",
        origin:
          "cache-control: max-age=5000 | last-modified: now-3000 | date: now | vary?: Foo, Bar, Baz",
        setup: true,
      },
      { with: "foo: 1 | baz: 789 | bar: abcde", answered: "asked" },
    ],
  },
  {
    id: "conditional-etag-vary-headers-mismatch",
    kind: "check",
    rule: "RFC 9111 §4.3.1: MAY send the validators of several variants",
    needs: ["conditional-etag-vary-headers", "vary-no-match"],
    exchanges: [
      {
        with: "abc: 123",
        origin: 'expires: now+10000 | etag: "abcdef" | date: now | vary: Abc',
        setup: true,
        pause: true,
      },
      { with: "abc: 456", asks: 'if-none-match: "abcdef"' },
    ],
  },
];
