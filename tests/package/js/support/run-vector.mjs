// Plays a scenario vector against the npm package: see tests/vectors/README.md. Imports nothing of
// a host, as it also runs inside Workers.

import { ManualClock } from "./manual-clock.mjs";
import { checkNames } from "./vector-names.mjs";
import { decode, encode, Labels, ScriptedOrigin } from "./vector-origin.mjs";
import { policyOf } from "./vector-policy.mjs";
import { ROUTES } from "./vector-routes.mjs";

export { ROUTES } from "./vector-routes.mjs";

const show = (value) => JSON.stringify(value);
const same = (one, other) => show(one) === show(other);

/** Returns the last moment that a vector names. */
function endOf(vector) {
  const { steps, loads = [], until = 0 } = vector;
  const times = steps.flatMap(({ at, expect, others }) => [at, expect?.at ?? 0, others?.at ?? 0]);
  return Math.max(until, ...times, ...Object.values(loads).flat());
}

/** A vector played through one route. */
class Run {
  wrong = [];
  #vector;
  #route;
  #clock = new ManualClock();
  #labels = new Labels();
  #origin;
  #cache;
  #api;
  #controllers = new Map();
  #asked = [];
  #signalsEverywhere;
  #aborted;
  #gone = new Set();
  #vanishing;
  /** The next number of the random source. */
  #roll = 0.5;

  constructor(vector, route, { createCache, memory, guards, operations }) {
    this.#vector = vector;
    this.#route = route;
    this.#origin = new ScriptedOrigin(vector.origin ?? [], this.#clock, this.#labels);
    this.#cache = createCache({
      clock: this.#clock,
      random: () => this.#roll,
      waitUntil: vector.waitUntil === true ? () => {} : false,
      stores: [memory(vector.memory)],
    });
    const policy = policyOf(vector.policy, this.#labels, this.#origin, guards);
    this.#api = route.open(this.#cache, this.#origin, policy, operations);
    this.#vanishing = new Set(vector.steps.flatMap((step) => step.vanish ?? []));
    this.#aborted = new Set(vector.steps.flatMap((step) => step.abort ?? []));
    this.#signalsEverywhere = show(vector.origin ?? []).includes('"stopsOnAbort"');
  }

  async play() {
    let turn;
    for (const [index, step] of this.#vector.steps.entries()) {
      const goesOn = "call" in step && turn === step.at;
      if (!goesOn) await this.#clock.runTo(step.at);
      turn = "call" in step ? step.at : undefined;
      this.#step(index, step);
      // What its promises arm is its request's as well, unless another call follows in one turn.
      const isLast = this.#vector.steps[index + 1]?.at !== step.at;
      if (isLast && this.#vanishing.has(step.as)) await this.#clock.drainAs(step.as);
    }
    await this.#clock.runTo(endOf(this.#vector));
    for (const asked of this.#asked) this.#compareAnswer(asked);
    this.#compareLoads();
    this.#compareStats();
    await this.#cache.close();
  }

  #step(index, step) {
    const api = this.#api;
    if ("call" in step) this.#calls(index, step);
    else if ("refresh" in step) this.#ask(index, step, "refresh", (on) => api.refresh(on));
    else if ("peek" in step) this.#ask(index, step, "peek", (on) => api.peek(on));
    else if ("set" in step) this.#done(index, api.set(step.set, decode(step.value)));
    else if ("invalidate" in step) this.#done(index, api.invalidate(step.invalidate));
    else if ("clock" in step) this.#clock.shift(step.clock);
    else if ("roll" in step) this.#roll = step.roll;
    else if ("vanish" in step) for (const name of step.vanish) this.#vanish(name);
    else for (const name of step.abort) this.#abort(name);
  }

  #abort(name) {
    this.#controllers.get(name).abort(this.#labels.error("aborted"));
  }

  /** Drops a request as a host does: its timers go, and its answer is never seen. */
  #vanish(name) {
    this.#clock.vanish(name);
    this.#gone.add(name);
  }

  #calls(index, step) {
    for (let nth = 0; nth < (step.callers ?? 1); nth += 1) {
      const expected = nth > 0 ? mergeExpected(step.expect, step.others) : step.expect;
      const signal = this.#signalFor(step);
      const { call: key, ttl } = step;
      const answer = this.#clock.as(step.as, () => this.#api.call(key, signal, decode(ttl)));
      this.#watch({ index, what: "call", at: step.at, expected, as: step.as }, answer);
    }
  }

  /**
   * Returns a signal only where a step needs one: a call with a signal takes another way through
   * the driver.
   */
  #signalFor(step) {
    const aborted = this.#aborted.has(step.as);
    if (!aborted && !this.#signalsEverywhere) return undefined;
    const controller = new AbortController();
    this.#controllers.set(step.as, controller);
    return controller.signal;
  }

  #ask(index, step, what, ask) {
    const answer = ask(step[what]).then((value) => ({ value }));
    this.#watch({ index, what, at: step.at, expected: step.expect }, answer);
  }

  #watch(asked, answer) {
    this.#asked.push(asked);
    const settle = (got) => {
      if (!this.#gone.has(asked.as)) asked.got = { at: this.#clock.elapsed, ...got };
    };
    answer.then(
      (explained) => settle({ explained }),
      (error) => settle({ error: this.#labels.of(error), retryAfter: error?.retryAfter }),
    );
  }

  #done(index, operation) {
    operation.catch((error) => this.wrong.push(`step ${index}: ${error}`));
  }

  #compareAnswer({ index, what, at, expected, got }) {
    const where = `step ${index} (${what} at ${at})`;
    if (got === undefined) {
      if (expected.pending !== true) this.wrong.push(`${where}: has no answer`);
      return;
    }
    const compare = (name, want, is) => {
      if (!same(want, is))
        this.wrong.push(`${where}: ${name} should be ${show(want)}, is ${show(is)}`);
    };
    compare("pending", expected.pending ?? false, false);
    compare("settled at", expected.at ?? at, got.at);
    const { explained, error, retryAfter } = got;
    const wanted = "value" in expected ? { value: expected.value } : { error: expected.error };
    compare("result", wanted, explained ? { value: encode(explained.value) } : { error });
    if ("retryAfter" in expected && (this.#route.explains || explained === undefined)) {
      compare("retryAfter", expected.retryAfter, retryAfter ?? explained?.error?.retryAfter);
    }
    if (what !== "call" || explained === undefined || !this.#route.explains) return;
    compare("source", expected.source, explained.source);
    for (const name of ["age", "ttl"]) {
      if (name in expected) compare(name, expected[name], encode(explained[name]));
    }
    if ("cause" in expected) compare("cause", expected.cause, this.#labels.of(explained.error));
  }

  #compareLoads() {
    const { loads } = this.#origin;
    const stray = loads.find((load) => !load.scripted);
    if (stray) {
      this.wrong.push(`the origin's script has no load of ${stray.key} at ${stray.at}`);
    }
    this.#compareTimes("loads", this.#vector.loads ?? [], loads, (load) => load.at);
    const { aborts } = this.#vector;
    // A loader without a signal cannot tell if it was aborted.
    if (loads.some((load) => !load.seen)) return;
    if (aborts !== undefined) this.#compareTimes("aborts", aborts, loads, (load) => load.aborted);
    else if (loads.some((load) => load.aborted !== null)) {
      this.wrong.push(`loads were aborted: ${show(loads)}`);
    }
  }

  #compareTimes(name, expected, loads, timeOf) {
    const got = Array.isArray(expected) ? loads.map(timeOf) : {};
    if (!Array.isArray(expected)) {
      for (const key of Object.keys(expected)) got[key] = [];
      for (const load of loads) {
        got[load.key] ??= [];
        got[load.key].push(timeOf(load));
      }
    }
    if (!same(expected, got)) {
      this.wrong.push(`${name} should be ${show(expected)}, are ${show(got)}`);
    }
  }

  #compareStats() {
    const stats = this.#cache.stats();
    for (const [name, count] of Object.entries(this.#vector.stats ?? {})) {
      if (stats[name] !== count) {
        this.wrong.push(`stats.${name} should be ${count}, is ${stats[name]}`);
      }
    }
  }
}

function mergeExpected(first, others) {
  if (others === undefined) return first;
  const { value: _value, error: _error, pending: _pending, ...rest } = first;
  const says = ["value", "error", "pending"].some((name) => name in others);
  return { ...(says ? rest : first), ...others };
}

/** Returns the routes that a vector can take. */
export function routesOf(vector) {
  return Object.keys(ROUTES).filter((name) => ROUTES[name].takes(vector));
}

/**
 * Plays a vector against an installed package.
 * @param vector one element of `tests/vectors/*.json`
 * @param holdover the package's exports; `guards` and `operations` those of its entries of these
 *   names, for hosts with a copy of the package of their own
 * @param routes the routes to take, in turn; by default all that the vector can take
 * @throws Error that lists every difference
 */
export async function runVector(vector, holdover, routes = routesOf(vector)) {
  checkNames(vector);
  const wrong = [];
  for (const name of routes) {
    const run = new Run(vector, ROUTES[name], holdover);
    await run.play();
    wrong.push(...run.wrong.map((line) => `by ${name}, ${line}`));
  }
  if (wrong.length > 0) throw new Error([vector.name, vector.rule, ...wrong].join("\n    "));
}
