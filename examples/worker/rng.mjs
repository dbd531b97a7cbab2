// Seeded randomness: the same seed gives the same visitors and the same failures.

/** mulberry32: returns a function giving numbers in [0, 1). */
export function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** FNV-1a over the parts, so that each decision can have a generator of its own. */
export function hash(...parts) {
  let h = 0x811c9dc5;
  for (const char of parts.join("\0")) h = Math.imul(h ^ char.codePointAt(0), 0x01000193);
  return h >>> 0;
}

/** Time until the next of events that come `rate` times per second on average, in ms. */
export function exponential(random, rate) {
  return (-Math.log(1 - random()) / rate) * 1000;
}

/** Returns a function that picks 0 … count-1, number i with a weight of 1 / (i + 1). */
export function zipf(random, count) {
  const sums = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += 1 / (i + 1);
    sums.push(total);
  }
  return () => {
    const target = random() * total;
    return sums.findIndex((sum) => target < sum);
  };
}
