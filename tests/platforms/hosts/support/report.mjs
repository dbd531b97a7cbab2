// One line per test, and `N passed, N failed` at the end.

let passed = 0;
let failed = 0;

/** Reports one test. */
export function report(name, error) {
  if (error === undefined) passed += 1;
  else failed += 1;
  console.log(`${error === undefined ? "ok    " : "FAILED"} ${name}`);
  if (error !== undefined) console.log(`       ${String(error).replaceAll("\n", "\n       ")}`);
}

/** Runs one test, or what runs many; a failure of it is one failed test. */
export async function attempt(name, test) {
  try {
    await test();
    report(name);
  } catch (error) {
    report(name, error?.stack ?? error);
  }
}

/** Reports what a host answered: `[{ name, error? }]`; none at all is a failure. */
export function reportAll(host, results) {
  if (results.length === 0) report(`${host}: it ran tests`, "it ran none");
  for (const { name, error } of results) report(`${host}: ${name}`, error);
}

/** Says how it went, also to who started this process. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
