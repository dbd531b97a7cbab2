// The package on the real Workers runtime. Prints a line per test and `N passed, N failed`.

import { leavings } from "./client.mjs";
import { testDates } from "./dates.mjs";
import * as fetching from "./fetching.mjs";
import { startOrigin } from "./origin.mjs";
import * as requests from "./requests.mjs";
import * as sharing from "./sharing.mjs";
import * as streaming from "./streaming.mjs";
import { testVectors } from "./vectors.mjs";
import { startWorkerd } from "./workerd.mjs";

// Told to stop: leave through the exit handlers, which stop workerd.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

let passed = 0;
let failed = 0;

function report(name, error) {
  if (error === undefined) passed += 1;
  else failed += 1;
  console.log(`${error === undefined ? "ok    " : "FAILED"} ${name}`);
  if (error !== undefined) console.log(`       ${String(error).replaceAll("\n", "\n       ")}`);
}

async function attempt(name, test) {
  try {
    await test();
    report(name);
  } catch (error) {
    report(name, error?.stack ?? error);
  }
}

/** Each test has paths of its own at the origin, so that all can run at once. */
async function testRequests(flags) {
  const origin = await startOrigin();
  const worker = await startWorkerd("worker/serve.js", { origin: origin.url, flags });
  const before = leavings();
  const note = flags.length === 0 ? "" : ` [${flags}]`;
  try {
    const stage = { origin, url: worker.url };
    const run = ([name, test]) => attempt(`${name}${note}`, () => test(stage));
    const together = {
      ...requests.together,
      ...fetching.together,
      ...sharing.together,
      ...streaming.together,
    };
    await Promise.all(Object.entries(together).map(run));
    for (const test of Object.entries(requests.apart)) await run(test);
    await attempt(`workerd has nothing to complain of${note}`, () => {
      if (worker.complaints.length > 0) throw new Error(worker.complaints.join("\n"));
      const more = worker.vanished() - (leavings() - before);
      if (more > 0) throw new Error(`${more} answers went to requests that nobody had left`);
    });
  } finally {
    await worker.stop();
    await origin.stop();
  }
}

await attempt("the request tests ran", () => testRequests([]));
// The flag makes a client's leaving abort `request.signal`, which calls with it must survive.
await attempt("the request tests ran with signals", () => testRequests(["enable_request_signal"]));
await attempt("the tests of compatibility dates ran", () => testDates(attempt));
await attempt("the vectors ran", () => testVectors(report));

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
