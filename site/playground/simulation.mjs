// Visitors, a cache and an origin on a clock of their own.

import { createCache } from "holdover";
import { manualClock } from "holdover/testing";
import { policyOf } from "./settings.mjs";

/** Milliseconds between two moments at which visitors come. */
const STEP = 100;
const SLOW = 4000;
/** Answers that are kept for the strip. */
const KEPT = 240;

/**
 * Makes a simulation.
 *
 * @throws ConfigError for a policy that cannot be
 */
export function simulation(settings) {
  const clock = manualClock();
  const start = clock.now();
  const cache = createCache({ namespace: "playground", clock });
  const origin = { calls: 0 };
  const get = cache.wrap((key) => load(key, clock, settings, origin), {
    key: "price:{0}",
    ...policyOf(settings),
  });
  const seen = { requests: 0, errors: 0, errorsWithout: 0, waited: 0, oldest: 0, bySource: {} };
  const answers = [];
  let due = 0;

  const visit = async () => {
    const began = clock.now();
    if (isFailing(settings)) seen.errorsWithout += 1;
    const key = Math.floor(Math.random() * settings.keys);
    const answer = await get.explain(key).catch((error) => ({ source: "error", age: 0, error }));
    const { source, age } = answer;
    seen.requests += 1;
    if (source === "error") seen.errors += 1;
    seen.waited += clock.now() - began;
    seen.oldest = Math.max(seen.oldest, age ?? 0);
    seen.bySource[source] = (seen.bySource[source] ?? 0) + 1;
    answers.push(source);
    if (answers.length > KEPT) answers.shift();
  };

  return {
    seen,
    answers,
    origin,
    /** The time that has passed, in milliseconds. */
    time: () => clock.now() - start,
    /** Lets time pass, in milliseconds. */
    async pass(millis) {
      for (let left = millis; left > 0; left -= STEP) {
        due += (settings.rate * STEP) / 1000;
        for (; due >= 1; due -= 1) void visit();
        await clock.advance(STEP);
      }
    },
    end: () => cache.close(),
  };
}

const isFailing = ({ origin, errors }) =>
  origin === "failing" || origin === "down" || Math.random() * 100 < errors;

/** The origin: answers with a price, late or not at all. */
async function load(key, clock, settings, origin) {
  origin.calls += 1;
  const late = settings.origin === "slow" ? SLOW : settings.latency;
  const wait = settings.origin === "down" ? 0 : late;
  await new Promise((resolve) => clock.setTimeout(resolve, wait));
  if (isFailing(settings)) throw new Error(`the origin is ${settings.origin}`);
  return { key, price: 19 };
}
