// Jest's fake timers, for the cases.

import { jest } from "@jest/globals";

export const timers = {
  use: () => jest.useFakeTimers(),
  real: () => jest.useRealTimers(),
  advance: (ms) => jest.advanceTimersByTimeAsync(ms),
  setTime: (time) => jest.setSystemTime(time),
};
