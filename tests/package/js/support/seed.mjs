// Seeds of random tests.

const { HOLDOVER_SEED: given } = process.env;

/** Returns a random seed. */
export const anySeed = () => Math.floor(Math.random() * 2 ** 31);

/**
 * Returns the seed of a run. A regular run plays the same each time, so that a failure is the fault
 * of the change. HOLDOVER_SEED=<number> sets another, HOLDOVER_SEED=random takes a random one, and
 * the seed is printed.
 */
export function seedOf(regular) {
  const seed = given === "random" ? anySeed() : Number(given ?? regular);
  console.log(`HOLDOVER_SEED=${seed}`);
  return seed;
}
