// For hosts that take one script: pages, classic workers, Vercel's edge runtime.

import * as holdover from "holdover";
import * as guards from "holdover/guards";
import * as operations from "holdover/operations";
import { runAll } from "../shared/check.js";
import { smokeTests } from "../shared/smoke.js";
import { vectorTests } from "../shared/vectors.js";

globalThis.runTests = async (origin, host) => {
  const smoke = await runAll(smokeTests(holdover, origin, host));
  const vectors = await runAll(await vectorTests({ ...holdover, guards, operations }, origin));
  return JSON.stringify([...smoke, ...vectors]);
};
