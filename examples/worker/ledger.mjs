// What happened: every request and every call to the origin, by phase and by time.
import { SOURCES } from "./cache-status.mjs";
import { LANES } from "./load.mjs";
import { SLOW_MS } from "./origin.mjs";
import { PHASES } from "./phases.mjs";

/** The page draws one point for so much time. */
export const BUCKET_MS = 500;
const KEPT_BUCKETS = 240;
const KEPT_CYCLES = 3;

/** The sources of answers that waited for nothing. */
const AT_ONCE = ["hit", "stale"];
/** The sources of answers for which the origin was waited for. */
const FROM_ORIGIN = ["load", "coalesced"];

/** Requests of one lane over some time. */
class Tally {
  requests = 0;
  errors = 0;
  originCalls = 0;
  problems = new Map();
  sources = Object.fromEntries(SOURCES.map((source) => [source, 0]));
  unknownSources = 0;
  waited = 0;
  #latencies = [];
  #atOnce = [];
  #failovers = [];

  add(sample) {
    this.requests++;
    if (!sample.ok) {
      this.errors++;
      this.problems.set(sample.problem, (this.problems.get(sample.problem) ?? 0) + 1);
      return;
    }
    this.#latencies.push(sample.latency);
    if (AT_ONCE.includes(sample.source)) this.#atOnce.push(sample.latency);
    if (sample.source === "failover") this.#failovers.push(sample.latency);
    if (FROM_ORIGIN.includes(sample.source) && sample.latency >= SLOW_MS) this.waited++;
    if (sample.source in this.sources) this.sources[sample.source]++;
    else if (sample.source) this.unknownSources++;
  }

  /**
   * Plain numbers; p50 and p99 are milliseconds over the answered requests, p99AtOnce over those
   * that were answered without any waiting, p90Failover over those of which the origin was too
   * slow; null without any. `waited` counts those that waited for it when it was slow.
   */
  summary() {
    const sorted = sortedUp(this.#latencies);
    const { requests, errors, originCalls, sources, unknownSources, waited } = this;
    const answered = requests - errors;
    const p50 = quantile(sorted, 0.5);
    const p99 = quantile(sorted, 0.99);
    const p99AtOnce = quantile(sortedUp(this.#atOnce), 0.99);
    const p90Failover = quantile(sortedUp(this.#failovers), 0.9);
    const times = { p50, p99, p99AtOnce, p90Failover, waited };
    return { requests, answered, errors, ...times, originCalls, sources, unknownSources };
  }
}

const sortedUp = (numbers) => numbers.toSorted((a, b) => a - b);

function quantile(sorted, q) {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

const tallies = () => Object.fromEntries(LANES.map((lane) => [lane, new Tally()]));

export class Ledger {
  totals = Object.fromEntries(LANES.map((lane) => [lane, { requests: 0, errors: 0, calls: 0 }]));
  #cycles = new Map();
  #buckets = new Map();
  #changed = new Set();

  constructor(timeline) {
    this.timeline = timeline;
  }

  sample(sample) {
    this.#phase(sample)[sample.lane].add(sample);
    this.#bucket(sample.due)[sample.lane].add(sample);
    const total = this.totals[sample.lane];
    total.requests++;
    if (!sample.ok) total.errors++;
  }

  attempt(attempt) {
    if (attempt.cycle < 0) return;
    this.#phase(attempt)[attempt.lane].originCalls++;
    this.#bucket(attempt.at)[attempt.lane].originCalls++;
    this.#cycle(attempt.cycle).attempts.push(attempt);
    this.totals[attempt.lane].calls++;
  }

  /** The phases of a cycle in order: `{ id, title, without: summary, with: summary }`. */
  cycle(number) {
    const { phases } = this.#cycle(number);
    return PHASES.map(({ id, title }, i) => ({
      id,
      title,
      ...Object.fromEntries(LANES.map((lane) => [lane, phases[i][lane].summary()])),
    }));
  }

  /** Every call that reached the origin in a cycle, in order. */
  attempts(number) {
    return this.#cycle(number).attempts;
  }

  /** The most frequent problems of a lane in one phase, as `[text, count]`. */
  problems(number, index, lane) {
    const { problems } = this.#cycle(number).phases[index][lane];
    return [...problems].sort((a, b) => b[1] - a[1]);
  }

  /** The buckets that changed since the last call, or all that are kept. */
  buckets({ all = false } = {}) {
    const wanted = all ? [...this.#buckets.keys()] : [...this.#changed];
    if (!all) this.#changed.clear();
    return wanted
      .filter((id) => this.#buckets.has(id))
      .sort((a, b) => a - b)
      .map((id) => ({
        id,
        without: this.#buckets.get(id).without.summary(),
        with: this.#buckets.get(id).with.summary(),
      }));
  }

  #phase({ cycle, index }) {
    return this.#cycle(cycle).phases[index];
  }

  #cycle(number) {
    let cycle = this.#cycles.get(number);
    if (!cycle) {
      cycle = { phases: PHASES.map(tallies), attempts: [] };
      this.#cycles.set(number, cycle);
      this.#cycles.delete(number - KEPT_CYCLES);
    }
    return cycle;
  }

  #bucket(time) {
    const id = Math.floor((time - this.timeline.start) / BUCKET_MS);
    let bucket = this.#buckets.get(id);
    if (!bucket) {
      bucket = tallies();
      this.#buckets.set(id, bucket);
      this.#buckets.delete(id - KEPT_BUCKETS);
    }
    this.#changed.add(id);
    return bucket;
  }
}
