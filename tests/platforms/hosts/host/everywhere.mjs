// Runs on Node, Deno and Bun, which import the package by themselves. Prints the results as JSON.

import * as holdover from "holdover";
import * as guards from "holdover/guards";
import * as operations from "holdover/operations";
import { runAll } from "../shared/check.js";
import { smokeTests } from "../shared/smoke.js";
import { vectorTests } from "../shared/vectors.js";

const [origin, host] = process.argv.slice(2);
const smoke = await runAll(smokeTests(holdover, origin, host));
const vectors = await runAll(await vectorTests({ ...holdover, guards, operations }, origin));
console.log(JSON.stringify([...smoke, ...vectors]));
