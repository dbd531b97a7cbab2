// `CDN-Cache-Control`, for shared caches only. RFC 9213 §2.2: a cache that has a valid, non-empty
// targeted field "MUST ignore" Cache-Control and Expires; §2.1: of another type or malformed, it is
// not consumed.

const RULE = "RFC 9213 §2.2";
const SHORT = "cache-control: max-age=1 | cdn-cache-control: max-age=10000 | date: now";

/** Those that wait for the first row of all: does the cache heed the field? */
const HEEDING = [
  { id: "cdn-max-age-age", head: "date: now | cdn-cache-control?: max-age=3600 | age: 7200" },
  { id: "cdn-max-age-0", head: "cdn-cache-control?: max-age=0" },
  {
    id: "cdn-max-age-extension",
    kind: "optimal",
    head: "cdn-cache-control?: foobar, max-age=3600",
    again: "reused",
  },
  {
    id: "cdn-max-age-case-insensitive",
    kind: "check",
    head: "cdn-cache-control?: MaX-aGe=3600",
    again: "reused",
  },
  {
    id: "cdn-max-age-space-before-equals",
    kind: "check",
    head: "cache-control: max-age=1 | cdn-cache-control?: max-age =100",
  },
  {
    id: "cdn-max-age-space-after-equals",
    kind: "check",
    head: "cache-control: max-age=1 | cdn-cache-control?: max-age= 100",
  },
  {
    id: "cdn-max-age-expires",
    kind: "optimal",
    head: "cdn-cache-control?: max-age=3600 | expires: now-10000 | date: now",
    again: "reused",
  },
  {
    id: "cdn-max-age-cc-max-age-invalid-expires",
    kind: "optimal",
    head: "cdn-cache-control?: max-age=3600 | expires?: 0 | date: now",
    again: "reused",
  },
  {
    id: "cdn-max-age-0-expires",
    head: "cdn-cache-control?: max-age=0 | expires: now+10000 | date: now",
  },
  {
    id: "cdn-max-age-short-cc-max-age",
    kind: "optimal",
    head: "cache-control: max-age=1 | cdn-cache-control?: max-age=3600",
    again: "reused",
  },
  {
    id: "cdn-max-age-long-cc-max-age",
    head: "cache-control: max-age=3600 | cdn-cache-control?: max-age=1",
  },
  {
    id: "cdn-cc-invalid-sh-type-unknown",
    rule: "RFC 9213 §2.1: what is no Structured Field is ignored",
    head: "cdn-cache-control?: max-age=10000, &&&&& | cache-control: no-store",
  },
  {
    id: "cdn-cc-invalid-sh-type-wrong",
    rule: "RFC 9213 §2.1: implementations SHOULD NOT consume a value of another type",
    head: 'cdn-cache-control?: max-age="10000" | cache-control: no-store',
  },
  { id: "cdn-remove-age-exceed", kind: "check", head: SHORT, again: { got: "age" } },
  { id: "cdn-date-update-exceed", kind: "check", head: SHORT, again: { got: "date: now" } },
  {
    id: "cdn-expires-update-exceed",
    kind: "check",
    head: `${SHORT} | expires: now+1`,
    again: { got: "expires: now+1" },
  },
];

/** Those that only suppose that nothing is reused without a lifetime. */
const STORING = [
  {
    id: "cdn-max-age",
    kind: "optimal",
    head: "cdn-cache-control?: max-age=3600",
    again: "reused",
  },
  {
    id: "cdn-max-age-max",
    kind: "optimal",
    head: "cdn-cache-control?: max-age=2147483648",
    again: "reused",
  },
  {
    id: "cdn-max-age-max-plus",
    kind: "optimal",
    head: "cdn-cache-control?: max-age=99999999999",
    again: "reused",
  },
  {
    id: "cdn-no-store-cc-fresh",
    head: "cache-control: max-age=10000 | cdn-cache-control?: no-store | expires: now+10000 | date: now",
  },
  {
    id: "cdn-fresh-cc-nostore",
    head: "cache-control: no-store | cdn-cache-control?: max-age=10000",
    again: "reused",
  },
];

const PROHIBITING = ["private", "no-cache"].map((directive) => ({
  id: `cdn-${directive}`,
  head: `cdn-cache-control: ${directive} | cache-control: max-age=10000 | expires: now+10000 | date: now`,
  pause: false,
}));

const FORWARDED = {
  id: "cdn-remove-header",
  kind: "check",
  exchanges: [
    {
      origin:
        "cache-control: max-age=10000 | cdn-cache-control?: foo | expires: now+10000 | date: now",
      got: "cdn-cache-control: foo",
    },
  ],
};

export default [
  ...STORING.map((row) => ({ needs: "freshness-none", ...row })),
  ...HEEDING.map((row) => ({ needs: "cdn-max-age", ...row })),
  ...PROHIBITING,
  FORWARDED,
].map((row) => ({ rule: RULE, again: "asked", ...row, for: "cdn" }));
