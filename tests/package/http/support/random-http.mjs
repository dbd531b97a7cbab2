// Random requests, responses and times, from a seed.

const START = Date.parse("2024-03-01T12:00:00Z");

/** A generator of numbers in [0, 1) (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SECONDS = ["0", "1", "10", "60", "600", "3600"];
const DIRECTIVES = [
  "no-store",
  "no-cache",
  "private",
  "public",
  "must-revalidate",
  "proxy-revalidate",
  "immutable",
  "no-transform",
  "must-understand",
  'no-cache="x-a"',
  'private="x-a"',
  "x-unknown=1",
];
const TIMED = ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"];
const ASKED = ["no-cache", "no-store", "no-transform", "max-stale"];
const ASKED_TIMED = ["max-age", "min-fresh", "max-stale"];
const STATUSES = [
  200, 200, 200, 200, 203, 204, 206, 301, 302, 307, 308, 404, 410, 418, 500, 501, 503,
];

/** One case: what was asked and answered, what is asked later, and how much later. */
export function randomCase(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const chance = (odds) => random() < odds;
  const some = (names, timed, most) => {
    const parts = [];
    for (let left = Math.floor(random() * (most + 1)); left > 0; left -= 1) {
      parts.push(chance(0.6) ? `${pick(timed)}=${pick(SECONDS)}` : pick(names));
    }
    return parts.join(", ");
  };
  const date = (offset) => new Date(START + offset * 1000).toUTCString();
  const offsets = [-86_400, -3600, -60, -1, 0, 1, 60, 3600, 86_400];
  const fields = () => ({
    ...(chance(0.3) && { "accept-language": pick(["de", "en", "de, en"]) }),
    ...(chance(0.3) && { "accept-encoding": pick(["gzip", "br", "gzip, br"]) }),
    ...(chance(0.15) && { authorization: pick(["Basic a", "Basic b"]) }),
    ...(chance(0.15) && { cookie: pick(["a=1", "a=2"]) }),
  });
  const control = chance(0.8) ? some(DIRECTIVES, TIMED, 3) : "";
  const asked = chance(0.3) ? some(ASKED, ASKED_TIMED, 2) : "";
  const askedFirst = chance(0.1) ? some(ASKED, ASKED_TIMED, 1) : "";
  return {
    shared: chance(0.5),
    first: { ...fields(), ...(askedFirst && { "cache-control": askedFirst }) },
    status: pick(STATUSES),
    response: {
      ...(chance(0.9) && { date: date(pick([0, 0, 0, -60, 60])) }),
      ...(control && { "cache-control": control }),
      ...(chance(0.3) && { expires: chance(0.85) ? date(pick(offsets)) : pick(["0", "soon"]) }),
      ...(chance(0.3) && { "last-modified": date(pick(offsets)) }),
      ...(chance(0.2) && { age: pick(["0", "5", "100", "7200"]) }),
      ...(chance(0.2) && { etag: pick(['"1"', 'W/"1"']) }),
      ...(chance(0.3) && {
        vary: pick(["*", "Accept-Language", "accept-encoding", "accept-language, accept-encoding"]),
      }),
      ...(chance(0.1) && { "set-cookie": "id=1" }),
      ...(chance(0.05) && { pragma: "no-cache" }),
    },
    second: {
      ...fields(),
      ...(asked && { "cache-control": asked }),
      ...(chance(0.05) && { pragma: "no-cache" }),
    },
    start: START,
    elapsed: pick([0, 1, 5, 30, 90, 700, 4000, 100_000]) * 1000,
  };
}
