// Fake timers that are on before the package is imported, as `enableGlobally` does it.

import { expect, test } from "@jest/globals";
import * as holdover from "holdover";
import { timerCases } from "../cases.mjs";
import { timers } from "../jest-timers.mjs";

test("they were on when the package was imported", () => {
  expect(String(Date.now)).not.toMatch("native code");
});

timerCases(holdover, { test, expect, timers: { ...timers, use() {}, real() {} } });
