// Where holdover and http-cache-semantics 4.3.0 differ, and why. Each entry: who is right by which
// section, and which cases it explains. A difference that no entry explains fails the test, and so
// does an entry that explains nothing.

const UNDERSTOOD = new Set([200, 203, 204, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 501]);
const control = ({ response }) => response["cache-control"] ?? "";
const asks = ({ second }) => second["cache-control"] ?? "";
const has = (text, name) => new RegExp(`(^|[ ,])${name}($|[ ,=])`).test(text);
const valuesOf = (text, name) =>
  [...text.matchAll(new RegExp(`(?:^|[ ,])${name}=(\\d+)`, "g"))].map(([, value]) => Number(value));
const isTwice = (text, name) => new Set(valuesOf(text, name)).size > 1;

export const DISAGREEMENTS = {
  "any final status": {
    right: "holdover, RFC 9111 §3: the status code has to be final, not known",
    explains: (given, a, b) => a.stored && !b.stored && !UNDERSTOOD.has(given.status),
  },
  "a lifetime that is over": {
    right:
      "both; holdover stores a status that needs a lifetime (RFC 9111 §3) only when there is one",
    explains: (_given, a, b) => !a.stored && b.stored && a.refusal === 8 && a.lifetime <= a.age,
  },
  "Vary: *": {
    right: "both, RFC 9111 §4.1: it never matches, so there is nothing to store it for",
    explains: ({ response }, a, b) => !a.stored && b.stored && !b.reused && response.vary === "*",
  },
  "cookies and silence": {
    right: "both; holdover is more careful than RFC 9111 §7.3 asks: nobody said that it is for all",
    explains: ({ first, response, shared }, a, b) =>
      shared && !a.stored && b.stored && ("cookie" in first || "set-cookie" in response),
  },
  "Set-Cookie with a lifetime": {
    right:
      "holdover, RFC 9111 §7.3: Set-Cookie does not inhibit caching; the origin said for how long",
    explains: (given, a, b) =>
      given.shared && a.reused && !b.reused && "set-cookie" in given.response,
  },
  "the age that Date shows": {
    right: "holdover, RFC 9111 §4.2.3: apparent_age = max(0, response_time - date_value)",
    explains: ({ response, start }, a, b) =>
      !a.reused && b.reused && Date.parse(response.date) < start && b.age * 1000 < a.age,
  },
  "must-revalidate while fresh": {
    right: "holdover, RFC 9111 §5.2.2.2: once it has become stale, not before",
    explains: (given, a, b) => a.reused && !b.reused && has(control(given), "must-revalidate"),
  },
  "proxy-revalidate while fresh": {
    right: "holdover, RFC 9111 §5.2.2.8: analogous to must-revalidate",
    explains: (given, a, b) =>
      given.shared && a.reused && !b.reused && has(control(given), "proxy-revalidate"),
  },
  "immutable without a lifetime": {
    right: "holdover, RFC 8246 §2: it says something of the freshness lifetime, it gives none",
    explains: (given, a, b) => !a.reused && b.reused && has(control(given), "immutable"),
  },
  "a directive twice": {
    right: "both, RFC 9111 §4.2.1: the first, or stale; they take the last, holdover the smallest",
    explains: (given, a, b) =>
      a.reused !== b.reused &&
      ["max-age", "s-maxage", "stale-while-revalidate"].some((name) =>
        isTwice(control(given), name),
      ),
  },
  "a directive twice in a request": {
    right: "both, as above; holdover takes the strictest",
    explains: (given, a, b) =>
      a.reused !== b.reused &&
      (["max-age", "min-fresh", "max-stale"].some((name) => isTwice(asks(given), name)) ||
        (valuesOf(asks(given), "max-stale").length > 0 && /max-stale($|,)/.test(asks(given)))),
  },
  "stale against the response's word": {
    right: "holdover, RFC 9111 §4.2.4: s-maxage and proxy-revalidate prohibit it in shared caches",
    explains: (_given, a, b) => !a.reused && b.reused && (a.flags & 2) !== 0,
  },
  "stale-while-revalidate against the request's word": {
    right: "holdover, RFC 9111 §5.2.1: who says how old or how fresh wants that",
    explains: (given, a, b) =>
      !a.reused && b.reused && /max-age|min-fresh|max-stale/.test(asks(given)),
  },
  "an answer that permits no Authorization": {
    right: "holdover, RFC 9111 §3.5: an answer for all users may not be this user's",
    explains: (given, a, b) =>
      !a.reused && b.reused && (a.flags & 128) === 0 && "authorization" in given.second,
  },
  "no-store in a request": {
    right: "both, RFC 9111 §5.2.1.5: holdover takes it for a wish to stay out of the cache",
    explains: (given, a, b) => !a.reused && b.reused && has(asks(given), "no-store"),
  },
  "max-stale to the second": {
    right:
      "holdover, RFC 9111 §5.2.1.2: by no more than the seconds given, so by just as many, too",
    explains: (given, a, b) =>
      a.reused &&
      !b.reused &&
      valuesOf(asks(given), "max-stale").some((value) => value * 1000 === a.age - a.lifetime),
  },
  "min-fresh=0 beside max-stale": {
    right: "both, RFC 9111 §5.2.1: the request contradicts itself; it does take what is stale",
    explains: (given, a, b) =>
      a.reused && !b.reused && has(asks(given), "min-fresh") && has(asks(given), "max-stale"),
  },
  'private="…" with fields': {
    right: "holdover, RFC 9111 §5.2.2.7: the restriction is limited to the fields",
    explains: (given, a, b) => a.stored && !b.stored && control(given).includes('private="'),
  },
  'no-cache="…" with fields': {
    right: "holdover, RFC 9111 §5.2.2.4: the fields are left out, the rest may be reused",
    explains: (given, a, b) => a.reused && !b.reused && control(given).includes('no-cache="'),
  },
  "Pragma in a response": {
    right: "holdover, RFC 9111 §5.4: defined for requests",
    explains: ({ response }, a, b) => a.reused && !b.reused && "pragma" in response,
  },
  "private in a private cache": {
    right: "holdover, RFC 9111 §3: a private directive permits it if the cache is not shared",
    explains: (given, a, b) =>
      !given.shared && a.stored && !b.stored && has(control(given), "private"),
  },
  "Pragma beside Cache-Control": {
    right: "holdover, RFC 9111 §5.4: Pragma counts when Cache-Control is not present",
    explains: (given, a, b) =>
      a.reused && !b.reused && "pragma" in given.second && asks(given) !== "",
  },
  "must-understand": {
    right: "holdover, RFC 9111 §5.2.2.3: with it no-store is for those who do not know the status",
    explains: (given, a, b) => a.stored !== b.stored && has(control(given), "must-understand"),
  },
};
