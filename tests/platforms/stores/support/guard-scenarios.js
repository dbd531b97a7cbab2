// What instances promise together when their guards share a real store. Runs on Node and in Workers;
// the times are real, as the store's are.

import { createCache } from "holdover";
import * as guard from "holdover/guards";

const INSTANCES = 6;
/** More than a store takes to answer, less than half of what the scenarios wait for. */
const SETTLES = 300;
const OPEN_FOR = 4000;

const pass = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

function same(actual, expected, what) {
  if (JSON.stringify(actual) === JSON.stringify(expected)) return;
  throw new Error(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** Instances of one function; `code` calls one of them. */
function stage(makeStore, name, policy) {
  const origin = { loads: 0, down: false, takes: 0 };
  const events = [];
  const instances = Array.from({ length: INSTANCES }, () => {
    const shared = makeStore();
    const cache = createCache({ namespace: name, onEvent: (event) => events.push(event) });
    const load = async () => {
      origin.loads += 1;
      const { down, takes } = origin;
      if (takes > 0) await pass(takes);
      if (down) throw new Error("down");
    };
    return cache.wrap(load, { name: "answers", ...policy(shared) });
  });
  let calls = 0;
  const code = () => {
    calls += 1;
    return instances[calls % INSTANCES](calls).then(
      () => "ok",
      (error) => error.code ?? error.message,
    );
  };
  const counted = async (times) => {
    const codes = await Promise.all(Array.from({ length: times }, code));
    return Object.fromEntries(
      [...new Set(codes)].sort().map((one) => [one, codes.filter((other) => other === one).length]),
    );
  };
  const failures = () => events.filter(({ type }) => type === "store-error");
  return { origin, code, counted, failures };
}

async function limits(makeStore, run, algorithm) {
  const rateLimit = { limit: 40, period: "1h", algorithm };
  const it = stage(makeStore, `${run}-${algorithm}`, (shared) => ({
    ttl: 0,
    guards: [guard.rateLimit({ ...rateLimit, shared })],
  }));
  same(await it.counted(150), { E_RATE_LIMITED: 110, ok: 40 }, "150 at once");
  same(await it.counted(10), { E_RATE_LIMITED: 10 }, "and later");
  same([it.origin.loads, it.failures().length], [40, 0], "loads, failures of the store");
}

async function slides(makeStore, run) {
  const rateLimit = { limit: 5, period: 1500, algorithm: "sliding" };
  const it = stage(makeStore, `${run}-slides`, (shared) => ({
    ttl: 0,
    guards: [guard.rateLimit({ ...rateLimit, shared })],
  }));
  const began = Date.now();
  const admitted = [];
  while (Date.now() - began < 4000) {
    const before = Date.now();
    if ((await it.code()) === "ok") admitted.push({ before, after: Date.now() });
    await pass(20);
  }
  for (let nth = 0; nth + 5 < admitted.length; nth += 1) {
    // When the store counted them is between the two; its clock may round.
    const span = admitted[nth + 5].after - admitted[nth].before;
    if (span < 1500 - 2) throw new Error(`6 loads in ${span} ms`);
  }
  // Who is refused uses nothing up; a busy machine asks seldom.
  if (admitted.length <= 5) throw new Error(`polling must not starve: ${admitted.length} loads`);
}

async function breaks(makeStore, run, halfOpenCalls) {
  const breaker = { errorRate: 0.5, window: "10m", minCalls: 6, openFor: OPEN_FOR, halfOpenCalls };
  const it = stage(makeStore, `${run}-breaks-${halfOpenCalls}`, (shared) => ({
    ttl: 0,
    guards: [guard.circuitBreaker({ ...breaker, shared })],
  }));
  const one = async () => {
    const code = await it.code();
    await pass(SETTLES);
    return code;
  };
  same([await one(), await one(), await one()], ["ok", "ok", "ok"], "while all is well");
  it.origin.down = true;
  same([await one(), await one()], ["down", "down"], "when it fails");
  const opened = Date.now();
  same(await one(), "down", "the load that opens it");
  same(await it.counted(60), { E_CIRCUIT_OPEN: 60 }, "60 at once while it is open");
  same(it.origin.loads, 6, "loads while it is open");
  await pass(OPEN_FOR + SETTLES - (Date.now() - opened));
  it.origin.takes = 4 * SETTLES; // long enough for all to be asked meanwhile
  const probes = { E_CIRCUIT_OPEN: 60 - halfOpenCalls, down: halfOpenCalls };
  same(await it.counted(60), probes, "60 at once when it is half-open");
  await pass(SETTLES);
  same(await it.counted(30), { E_CIRCUIT_OPEN: 30 }, "after the probes failed");
  it.origin.down = false;
  await pass(OPEN_FOR + SETTLES);
  same(await it.counted(60), { E_CIRCUIT_OPEN: 60 - halfOpenCalls, ok: halfOpenCalls }, "again");
  await pass(2 * SETTLES);
  same(await it.counted(60), { ok: 60 }, "after the probes succeeded");
  same(it.failures().length, 0, "failures of the store");
}

/**
 * The scenarios.
 * @param {() => object} makeStore one for each instance
 * @param {string} run something new, as servers may still have what an earlier run counted
 */
export function guardScenarios(makeStore, run) {
  return {
    "fixed window": () => limits(makeStore, run, "fixed"),
    "sliding window": () => limits(makeStore, run, "sliding"),
    "sliding window, polled": () => slides(makeStore, run),
    "circuit breaker, one probe": () => breaks(makeStore, run, 1),
    "circuit breaker, three probes": () => breaks(makeStore, run, 3),
  };
}
