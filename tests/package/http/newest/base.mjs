// What became of the tests that npm's edition has and the newest one keeps: which are gone, which
// are of another kind, what they need, and how they are set up.

const METHODS = ["POST", "PUT", "DELETE", "M-SEARCH"];

/** Tests that the newest edition has no more. */
export const GONE = [
  "freshness-max-age-ignore-quoted-all",
  "freshness-max-age-ignore-quoted-all-rev",
  "freshness-max-age-multiple-directive",
  "freshness-max-age-multiple-line",
];

/** Fields that a 304 must update (RFC 9111 §3.2), and the one that it must not. */
const REQUIRED_UPDATES = [
  "Test-Header",
  "X-Test-Header",
  "Content-Foo",
  "X-Content-Foo",
  "Cache-Control",
  "Content-Length",
];

/** Fields that npm's edition wants kept and the newest updated: RFC 9111 §3.2 excepts none of them. */
export const NOW_UPDATED = ["Content-Encoding", "Content-MD5", "Content-Range", "ETag"];

const UPDATE = "304-etag-update-response-";
const OF_LOCATIONS = METHODS.flatMap((method) => [
  `invalidate-${method}-location`,
  `invalidate-${method}-cl`,
]);

/** The kind of a test that is kept. */
export function kindOf({ id, kind = "required" }) {
  // RFC 9111 §4.4: a cache MAY invalidate other URIs.
  if (OF_LOCATIONS.includes(id)) return "check";
  if (id === "partial-use-stored-headers") return "required";
  if (!id.startsWith(UPDATE)) return kind;
  return REQUIRED_UPDATES.includes(id.slice(UPDATE.length)) ? "required" : "check";
}

/** By what they need: each test of the list supposes that the first one is passed. */
const NEEDS = {
  "freshness-max-age": [
    /^status-\d+-fresh$/,
    /^ccreq-(?!oic|max-stale$)/,
    /^conditional-lm-fresh/,
    /^conditional-etag-(strong|weak)-respond$/,
    /^headers-(store|omit-headers-listed-in-Connection)/,
    /^invalidate-(POST|PUT|DELETE|M-SEARCH)$/,
    /^other-(age-gen|age-update-max-age|date-update|set-cookie|cookie|authorization)$/,
    /^other-fresh-content-disposition-attachment$/,
    /^query-args-/,
    /^partial-store-/,
    /^vary-match$/,
  ],
  "freshness-max-age-stale": [
    /^stale-(close|503|sie-close|sie-503)$/,
    /^conditional-lm-stale$/,
    /^conditional-etag-(strong|weak)-generate(-weak)?$/,
    /^head-writethrough$/,
  ],
  "freshness-expires-future": [/^other-age-update-expires$/],
  "cc-resp-no-cache-revalidate": [/^headers-omit-headers-listed-in-Cache-Control/],
  "heuristic-200-cached": [/^other-heuristic-content-disposition-attachment$/],
  "head-200-freshness-update": [/^head-(200|410)-update$/],
  "vary-match": [
    /^vary-(no-match|omit|omit-stored|invalidate|cache-key|2-match)$/,
    /^vary-(normalise|syntax)-/,
  ],
  "vary-2-match": [/^vary-2-(no-match|match-omit)$/, /^vary-3-match$/],
  "vary-3-match": [/^vary-3-(no-match|omit)$/],
};

/** The tests that a test supposes to be passed. */
export function needsOf({ id, depends_on: before }) {
  const [, method] = /^invalidate-(.+)-(?:location|cl)$/.exec(id) ?? [];
  if (method !== undefined) return [`invalidate-${method}`];
  for (const [needed, patterns] of Object.entries(NEEDS)) {
    if (patterns.some((pattern) => pattern.test(id))) return [needed];
  }
  return before ?? [];
}

/** Set-ups that state a lifetime by `max-age`, where npm's edition does by `Expires`. */
const BY_MAX_AGE = [
  /^status-\d+-fresh$/,
  /^ccreq-ma\d$/,
  /^vary-/,
  /^conditional-(304-)?etag-(?!vary)/,
  /^invalidate-/,
  /^other-(authorization|age-gen|date-update)$/,
  /^query-args-/,
  /^method-POST$/,
];

/** Rewrites how a test that is kept is set up. */
export function setUp(id, exchanges) {
  const [, method] = /^invalidate-(.+)-(?:location|cl)$/.exec(id) ?? [];
  if (method !== undefined) exchanges[1].request_method = method;
  if (id.startsWith(UPDATE)) update(id.slice(UPDATE.length), exchanges);
  if (!BY_MAX_AGE.some((pattern) => pattern.test(id))) return;
  for (const exchange of exchanges) {
    exchange.response_headers = exchange.response_headers?.map(byMaxAge);
  }
}

const byMaxAge = (field) =>
  field[0] === "Expires" && field[1] >= 5000 ? ["Cache-Control", `max-age=${field[1]}`] : field;

/** What the 304 says of the field is what answers have from then on. */
function update(name, [, validated, last]) {
  if (!NOW_UPDATED.includes(name)) return;
  const value = validated.response_headers.find(([field]) => field === name)[1];
  for (const exchange of [validated, last]) {
    exchange.expected_response_headers = [[name, value]];
    exchange.response_headers = exchange.response_headers.map((field) =>
      field[0] === name ? [name, value, true] : field,
    );
  }
}
