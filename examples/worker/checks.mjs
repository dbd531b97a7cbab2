// What the demo promises, checked with the figures of one cycle.

import { PHASES } from "./phases.mjs";
import { policy } from "./policy.js";
import { milliseconds, percent } from "./table.mjs";

/** How much later than `failoverAfter` an answer may come: the timer, both ways and the worker. */
const FAILOVER_SLACK_MS = 50;
/** What a busy machine may add to that; the origin takes twice as long. */
const MOST_DELAY_MS = 1000;
/** The two processes round the same clock differently. */
const CLOCK_SLACK_MS = 5;

/** Returns `{ name, ok, figures }` for every promise. */
export function check({ phases, attempts, problems, crossings }) {
  const byId = Object.fromEntries(phases.map((phase) => [phase.id, phase]));
  return [
    everyPhaseRan(phases),
    originHurts(byId.down.without),
    nobodySeesErrors(phases, problems),
    downIsInvisible(byId.down.with),
    originIsLeftAlone(attempts),
    slowIsBounded(byId.slow.with),
    freshAgain(byId.recovering.with),
    sourcesAreTold(phases),
    requestsStayApart(crossings),
  ];
}

function everyPhaseRan(phases) {
  const counts = phases.map((phase) => Math.min(phase.without.requests, phase.with.requests));
  const ok = counts.every((count) => count > 0);
  return { name: "every phase had requests", ok, figures: counts.join(", ") };
}

/**
 * Without this the other checks would show nothing. Not "all": the last requests of the phase may
 * reach the origin in the next one, on a busy machine quite some.
 */
function originHurts({ requests, errors }) {
  const ok = requests > 0 && errors / requests > 0.5;
  const figures = `${errors} of ${requests} requests failed`;
  return { name: "down: without holdover they fail", ok, figures };
}

function nobodySeesErrors(phases, problems) {
  const requests = phases.reduce((sum, phase) => sum + phase.with.requests, 0);
  const errors = phases.reduce((sum, phase) => sum + phase.with.errors, 0);
  const seen = problems.map(([text, count]) => `; ${count} × ${text}`).join("");
  const figures = `${errors} of ${requests} requests${seen}`;
  return { name: "any phase: with holdover no errors", ok: errors === 0, figures };
}

function downIsInvisible({ requests, answered, errors }) {
  const figures = `${errors} errors, ${percent(answered, requests)} of ${requests} answered`;
  return { name: "down: keys seen before are answered", ok: errors === 0, figures };
}

/** While the origin is down each key may be tried once per `retryAfter`, and not more often. */
function originIsLeftAlone(attempts) {
  const retryAfter = durationMs(policy.retryAfter);
  const down = attempts.filter(({ lane, index }) => lane === "with" && PHASES[index].id === "down");
  const last = new Map();
  let shortest = Number.POSITIVE_INFINITY;
  for (const { key, at } of down) {
    shortest = Math.min(shortest, at - (last.get(key) ?? Number.NEGATIVE_INFINITY));
    last.set(key, at);
  }
  const ok = shortest >= retryAfter - CLOCK_SLACK_MS;
  const gap = shortest === Number.POSITIVE_INFINITY ? "none twice" : milliseconds(shortest);
  const figures = `${down.length} tries for ${last.size} keys, shortest pause ${gap}`;
  return { name: `down: a key is tried once per ${policy.retryAfter}`, ok, figures };
}

/**
 * What the machine is late by is seen at the answers that wait for nothing; here the timer may be
 * late as well.
 */
function slowIsBounded({ p99, p99AtOnce }) {
  const delay = Math.min(2 * (p99AtOnce ?? 0), MOST_DELAY_MS);
  const limit = durationMs(policy.failoverAfter) + FAILOVER_SLACK_MS + delay;
  const ok = p99 !== null && p99 <= limit;
  const figures = `p99 ${milliseconds(p99)}, allowed ${milliseconds(limit)}`;
  return { name: "slow: nobody waits for the origin", ok, figures };
}

function freshAgain({ sources }) {
  const fresh = sources.load + sources.hit;
  return { name: "recovering: new answers arrive", ok: fresh > 0, figures: `${fresh} fresh` };
}

function sourcesAreTold(phases) {
  const unknown = phases.reduce((sum, phase) => sum + phase.with.unknownSources, 0);
  const figures = `${unknown} answers did not`;
  return { name: "answers name a source, none bypasses", ok: unknown === 0, figures };
}

/** workerd complains when a request that is over would have to be continued. */
function requestsStayApart(crossings) {
  const figures = `${crossings} complaints by workerd`;
  return { name: "requests share answers, nothing else", ok: crossings === 0, figures };
}

/** The policy of the demo uses single units only. */
function durationMs(text) {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(text);
  return Number(number) * (unit === "s" ? 1000 : 1);
}
