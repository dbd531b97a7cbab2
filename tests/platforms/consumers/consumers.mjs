// Every consumer there is, by kind.

import { BUNDLERS } from "./kinds/bundlers.mjs";
import { FRAMEWORKS } from "./kinds/frameworks.mjs";
import { NEXT_JS } from "./kinds/next.mjs";
import { NITRO } from "./kinds/nitro.mjs";
import { RECIPES } from "./kinds/recipes.mjs";
import { RUNNERS } from "./kinds/runners.mjs";
import { RUNTIMES } from "./kinds/runtimes.mjs";
import { SLIM } from "./kinds/slim.mjs";
import { STARTS } from "./kinds/starts.mjs";
import { WORKERS } from "./kinds/workers.mjs";

/**
 * Each has a `name`, the `tools` it uses with the project that pins them, what it `expects`
 * (`"hit"`, or `"warning"` with its `cure`), a `hint` if users have to do something, `fast` if
 * every run of the tests has it, and `answers()`, which builds and runs it.
 */
export const KINDS = {
  starts: STARTS,
  workers: WORKERS,
  bundlers: BUNDLERS,
  runtimes: RUNTIMES,
  runners: RUNNERS,
  slim: SLIM,
  next: NEXT_JS,
  frameworks: FRAMEWORKS,
  recipes: RECIPES,
  nitro: NITRO,
};
