// Keys and the order of accesses; the same in every run.

/** Returns `count` keys of 20 characters. */
export function keys(count, prefix = "key") {
  return Array.from({ length: count }, (_, index) => keyOf(prefix, index));
}

/** Returns a key of 20 characters, flat and hashed like a key that was used before. */
export function keyOf(prefix, index) {
  const key = `${prefix}:${String(index).padStart(19 - prefix.length, "0")}`;
  hashed.has(key);
  return key;
}

const hashed = new Set();

/** Returns a source of random numbers in [0, 1) (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns `length` picks of `items`, the n-th with a frequency of 1 / (n + 1) (Zipf). */
export function skewed(items, length, seed = 1) {
  const next = random(seed);
  const sums = [];
  items.reduce((sum, _, rank) => (sums[rank] = sum + 1 / (rank + 1)), 0);
  const total = sums.at(-1);
  return Array.from({ length }, () => {
    const wanted = next() * total;
    let low = 0;
    let high = items.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return items[low];
  });
}

/** Returns `length` picks of `items`, each equally frequent. */
export function evenly(items, length, seed = 1) {
  const next = random(seed);
  return Array.from({ length }, () => items[Math.floor(next() * items.length)]);
}
