// The number that a random test begins with.

const { HOLDOVER_SEED: given } = process.env;

/** Returns a seed that nobody has seen. */
export const anySeed = () => Math.floor(Math.random() * 2 ** 31);

/**
 * Returns the seed of a run. A regular run plays the same each time, so that a red one is the fault
 * of the change; HOLDOVER_SEED=<number> plays others, HOLDOVER_SEED=random any, and the seed is
 * printed.
 */
export function seedOf(regular) {
  const seed = given === "random" ? anySeed() : Number(given ?? regular);
  console.log(`HOLDOVER_SEED=${seed}`);
  return seed;
}
