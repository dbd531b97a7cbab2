// Vitest's fake timers, switched on after the package was imported.

import * as holdover from "holdover";
import { expect, test, vi } from "vitest";
import { timerCases } from "../cases.mjs";

const timers = {
  // Vitest leaves these alone by default; what must not wait for timers must not wait for these.
  use: () => vi.useFakeTimers({ toFake: FAKED }),
  real: () => vi.useRealTimers(),
  advance: (ms) => vi.advanceTimersByTimeAsync(ms),
  setTime: (time) => vi.setSystemTime(time),
};
const FAKED = ["Date", "setTimeout", "clearTimeout", "setImmediate", "queueMicrotask"];

timerCases(holdover, { test, expect, timers });
