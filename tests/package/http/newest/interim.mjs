// Interim responses: passed on, and never stored. RFC 9111 §3: "the response status code is final".

const LINK = "link: </styles.css>; rel=preload; as=style";
const MINE = `${LINK} | x-my-header: test`;
const FRESH = "cache-control: max-age=100000 | date: now";

/** An interim response before the final one, and a second request. */
const early = (id, kind, interim, rest = {}, last = {}) => ({
  id,
  kind,
  rule: "RFC 9110 §15.2: a proxy MUST forward 1xx responses",
  for: "no browser",
  exchanges: [
    { interim, origin: FRESH, pause: true, ...rest },
    { answered: "reused", ...last },
  ],
});

export default [
  early("interim-102", "optimal", { status: 102, fields: "" }),
  early("interim-103", "optimal", { status: 103, fields: MINE }),
  early("interim-not-cached", "required", { status: 103, fields: LINK }),
  early(
    "interim-no-header-reuse",
    "optimal",
    { status: 103, fields: MINE },
    { lacks: "x-my-header" },
    { lacks: "x-my-header" },
  ),
];
