// A vector's policy as the package takes it; in JSON, functions are written as tables.

import { guarded } from "./guarded.mjs";
import { decode, encode } from "./vector-origin.mjs";

const show = (value) => JSON.stringify(value);
const same = (one, other) => show(one) === show(other);

function fails() {
  throw new Error("the policy's own function failed");
}

/** Returns the predicate of `{ "in": [...] }`, `{ "notIn": [...] }` or `"throws"`. */
function predicateOf(written, labelOf) {
  if (written === undefined) return undefined;
  if (written === "throws") return fails;
  const listed = (value) => (written.in ?? written.notIn).some((one) => same(one, labelOf(value)));
  return written.in === undefined ? (value) => !listed(value) : listed;
}

/** Returns a duration, or the function of `{ "by": [...], "else": … }` or `"throws"`. */
function durationOf(written, labelOf) {
  if (written === "throws") return fails;
  if (written?.by === undefined) return decode(written);
  return (about) => {
    const known = written.by.find(([one]) => same(one, labelOf(about)));
    return decode(known === undefined ? written.else : known[1]);
  };
}

/** Returns an object with the named members replaced, where it has them. */
function replaced(object, changes) {
  const changed = { ...object };
  for (const [name, change] of Object.entries(changes)) {
    if (name in object) changed[name] = change(object[name]);
  }
  return changed;
}

/**
 * @param origin plays the script of `onReject`
 * @param makers of guards; undefined for those of the package that this file finds
 */
export function policyOf(fields, labels, origin, makers) {
  const label = (error) => labels.of(error);
  const policy = replaced(fields, {
    ttl: (written) => durationOf(written, encode),
    errorTtl: (written) => durationOf(written, label),
    negativeTtl: decode,
    staleWhileRevalidate: decode,
    staleIfError: decode,
    staleOn: (written) => predicateOf(written, label),
    failIf: (written) => predicateOf(written, encode),
    cacheIf: (written) => predicateOf(written, encode),
    circuitBreaker: (breaker) =>
      replaced(breaker, { countIf: (written) => predicateOf(written, label) }),
    rateLimit: (limit) =>
      replaced(limit, { onReject: (script) => () => origin.perform(script, undefined) }),
  });
  return guarded(policy, makers);
}
