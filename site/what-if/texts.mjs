// Figures as readers want them.

const TIMES = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];
const SIZES = [
  ["gb", 1024 ** 3],
  ["mb", 1024 ** 2],
  ["kb", 1024],
  ["b", 1],
];

function about(number, units) {
  if (number === 0) return "0";
  const [unit, scale] = units.find(([, least]) => number >= least);
  const value = number / scale;
  return `${value.toFixed(value < 10 && number % scale !== 0 ? 1 : 0)} ${unit}`;
}

/** Returns a time in milliseconds as text. */
export const time = (millis) => about(millis, TIMES);
/** Returns a number of bytes as text. */
export const size = (bytes) => about(bytes, SIZES);
/** Returns a part of a whole as text. */
export const percent = (part) => `${(100 * part).toFixed(1)} %`;
/** Returns a count as text. */
export const count = (number) => number.toLocaleString("en");
/** Returns the part of calls that had an answer. */
export const answered = ({ calls, errors }) => (calls === 0 ? 0 : (calls - errors) / calls);
/** Returns the calls of the origin that a policy saved, as a part of all. */
export const saved = ({ calls, originCalls }) =>
  calls === 0 ? 0 : Math.max(0, 1 - originCalls / calls);
/** Returns the room of a policy's memory as text. */
export const room = ({ maxEntries, maxBytes }) =>
  maxBytes ?? `${count(maxEntries)} ${maxEntries === 1 ? "entry" : "entries"}`;
/** Returns a policy as one line. */
export const policyText = (policy) =>
  `ttl ${policy.ttl}, ${room(policy)}, ${policy.eviction}, ` +
  `stale while revalidate ${policy.staleWhileRevalidate}, stale if error ${policy.staleIfError}`;
