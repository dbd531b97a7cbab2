// What the demo promises, checked with the figures of one cycle.

import { SLOW_MS } from "./origin.mjs";
import { PHASES } from "./phases.mjs";
import { policy } from "./policy.js";
import { milliseconds, percent } from "./table.mjs";

/** How much later than `failoverAfter` an answer may come: the timer, both ways and the worker. */
const FAILOVER_SLACK_MS = 50;
/** A background refresh as old as this is not waited for any more by who has no answer. */
const OVERTAKEN_MS = 1000;
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

/**
 * While the origin is down each key may be tried once per `retryAfter`, and not more often. That
 * counts from a failure on: a try that the worker has not seen fail yet, as the machine was busy,
 * may be overtaken by another when it is a second old.
 */
function originIsLeftAlone(attempts) {
  const ours = attempts.filter(({ lane }) => lane === "with");
  const down = ours.filter(({ index }) => PHASES[index].id === "down");
  const pauses = down.map((one) => pauseAfterFailure(one, ours));
  const ages = down.map((one) => ageOfOvertaken(one, down));
  const [pause, age] = [Math.min(...pauses), Math.min(...ages)];
  const retryAfter = durationMs(policy.retryAfter);
  const ok = pause >= retryAfter - CLOCK_SLACK_MS && age >= OVERTAKEN_MS - CLOCK_SLACK_MS;
  const keys = new Set(down.map(({ key }) => key)).size;
  const gap = Number.isFinite(pause) ? milliseconds(pause) : "none twice";
  const overtaken = ages.filter(Number.isFinite).length;
  const youngest = overtaken > 0 ? `, ${overtaken} overtaken after ${milliseconds(age)}` : "";
  const figures = `${down.length} tries for ${keys} keys, shortest pause ${gap}${youngest}`;
  return { name: `down: a key is tried once per ${policy.retryAfter}`, ok, figures };
}

/** The time from a try of its key that was known to have failed until this one reached the origin. */
export function pauseAfterFailure(one, tries) {
  const isIt = ({ key, began }) => key === one.key && began === one.failed;
  const before = tries.find((other) => other !== one && isIt(other));
  return before === undefined ? Number.POSITIVE_INFINITY : one.at - before.at;
}

/** The age of the latest try of its key that this one did not know to have failed. */
export function ageOfOvertaken(one, tries) {
  const isOpen = (other) =>
    other.key === one.key && other.began > one.failed && tries.indexOf(other) < tries.indexOf(one);
  const ages = tries.filter(isOpen).map(({ began }) => one.began - began);
  return Math.min(...ages);
}

/**
 * Answers that waited for the origin took as long as it does; such may be one in a hundred. The
 * others waited for the timer of `failoverAfter`: what the machine is late by is seen at the
 * answers that wait for nothing, and most of those that failed over are not late by more.
 */
function slowIsBounded({ answered, waited, p99, p90Failover, p99AtOnce }) {
  const limit = durationMs(policy.failoverAfter) + FAILOVER_SLACK_MS + 2 * (p99AtOnce ?? 0);
  const allowed = Math.min(limit, SLOW_MS);
  const isSoon = p90Failover !== null && p90Failover <= allowed;
  const ok = waited <= answered / 100 && isSoon;
  const failover = `failover within ${milliseconds(p90Failover)} (allowed ${milliseconds(allowed)})`;
  const figures = `${waited} waited; p99 ${milliseconds(p99)}; ${failover}`;
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
