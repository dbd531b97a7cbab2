// Races: contenders take turns for several rounds, so that a noisy neighbour or a hot processor
// affects all of them. The result is the median of a contender's rounds.
import { measure } from "mitata";

/** True for `--quick`, which takes few samples. */
export const quick = process.argv.includes("--quick");

const ROUNDS = quick ? 5 : 9;
const BUDGET = (quick ? 30 : 120) * 1e6;

/**
 * Returns a function with machine code of its own. Closures of one source share the engine's
 * feedback about them, so the first contender would slow down the later ones, or they it.
 */
export function own(parameters, body, values) {
  return new Function(...parameters, body)(...values);
}

/**
 * Races contenders: `[{ name, run, prepare? }]`. `run` is called with the result of `prepare`,
 * which is not timed. Returns the contenders with the nanoseconds of one call (`p50` and `min`,
 * both medians over the rounds, and how far the rounds are apart as `spread`).
 */
export async function race(contenders, { batch = 1024, rounds = ROUNDS, budget = BUDGET } = {}) {
  const times = contenders.map(() => ({ p50: [], min: [] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const which = (turn + round) % contenders.length;
      const { p50, min } = await once(contenders[which], batch, budget);
      // The first round warms up.
      if (round === 0) continue;
      times[which].p50.push(p50);
      times[which].min.push(min);
    }
  }
  return contenders.map(({ name, note, role }, which) => ({
    name,
    note,
    role,
    p50: median(times[which].p50),
    min: median(times[which].min),
    spread: spread(times[which].p50),
  }));
}

function once({ run, prepare }, batch, budget) {
  const options = {
    min_cpu_time: budget,
    min_samples: batch === 1 ? 5 : 12,
    batch_samples: batch,
    batch_threshold: batch === 1 ? 0 : 500_000,
    warmup_threshold: 50_000_000,
    warmup_samples: 5,
  };
  if (prepare === undefined) return measure(run, options);
  return measure(function* () {
    yield { 0: prepare, bench: run };
  }, options);
}

/** Returns how far the middle half of some numbers is apart, as a part of their median. */
export function spread(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  const at = (part) => sorted[Math.floor(part * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / at(0.5);
}

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
