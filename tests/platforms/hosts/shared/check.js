// What the tests of every host need. No imports: this runs everywhere.

/** Fails unless both are the same. */
export function same(found, wanted, what) {
  if (Object.is(found, wanted)) return;
  throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise, what) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: it was not rejected`);
}

/** How long a test may take. */
const LIMIT = 20_000;

async function runOne(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${LIMIT} ms`)), LIMIT);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs tests, one after the other: `[{ name, error? }]`. */
export async function runAll(tests) {
  const results = [];
  for (const { name, run } of tests) {
    try {
      await runOne(run);
      results.push({ name });
    } catch (error) {
      results.push({ name, error: `${error?.message}\n${error?.stack}` });
    }
  }
  return results;
}
