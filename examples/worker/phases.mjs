// What the origin goes through, and when.

/** `fate` says what becomes of a request: `roll` and `progress` (of the phase) are in [0, 1). */
export const PHASES = [
  {
    id: "healthy",
    title: "healthy",
    about: "the origin answers",
    fate: () => "answer",
  },
  {
    id: "errors",
    title: "30 % errors",
    about: "the origin answers 503 to three requests in ten",
    fate: (roll) => (roll < 0.3 ? "error" : "answer"),
  },
  {
    id: "slow",
    title: "2 s slow",
    about: "the origin answers, after two seconds",
    fate: () => "slow",
  },
  {
    id: "down",
    title: "down",
    about: "the origin drops every connection",
    fate: () => "drop",
  },
  {
    id: "recovering",
    title: "recovering",
    about: "the origin is back, its errors fall from 50 % to none",
    fate: (roll, progress) => (roll < 0.5 * (1 - progress) ? "error" : "answer"),
  },
];

/** Before the clock of the phases starts, the origin is healthy. */
const WARM_UP = { cycle: -1, index: -1, phase: PHASES[0], progress: 0 };

/** Repeats the phases, each `phaseMs` long. Times are milliseconds of `performance.now()`. */
export class Timeline {
  start = Number.POSITIVE_INFINITY;

  constructor(phaseMs) {
    this.phaseMs = phaseMs;
    this.cycleMs = phaseMs * PHASES.length;
  }

  begin(now) {
    this.start = now;
  }

  at(now) {
    const elapsed = now - this.start;
    if (!(elapsed >= 0)) return WARM_UP;
    const count = Math.floor(elapsed / this.phaseMs);
    const index = count % PHASES.length;
    const progress = elapsed / this.phaseMs - count;
    return { cycle: Math.floor(count / PHASES.length), index, phase: PHASES[index], progress };
  }

  endOfCycle(cycle) {
    return this.start + (cycle + 1) * this.cycleMs;
  }
}
