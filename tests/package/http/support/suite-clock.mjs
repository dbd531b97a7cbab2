// Time of the HTTP cache suite. Nothing of it passes while anything is under way, so no load of the
// machine makes a response stale: when all tests wait, it moves to the moment the first waits for.

import { setTimeout as sleep } from "node:timers/promises";

/** The pause of the suite's own client, which it makes with the global `setTimeout`. */
const PAUSE = 3000;
/** How long nothing has to happen at the origin before time may pass. */
const QUIET = 50;

/** A clock that moves when every test that is under way waits for it. */
export class SuiteClock {
  #now = Date.now();
  #waiting = [];
  #underWay = 0;
  #moving = false;
  #moved;
  #isQuiet;

  /**
   * @param options.isQuiet true if nothing is asked of the origin right now
   * @param options.moved called with the time before anybody who waited for it goes on
   */
  constructor({ isQuiet, moved = () => {} }) {
    this.#isQuiet = isQuiet;
    this.#moved = moved;
  }

  now() {
    return this.#now;
  }

  /** Calls `task` when `delay` milliseconds of this clock have passed. */
  wait(task, delay) {
    this.#waiting.push({ due: this.#now + delay, task });
    this.#check();
  }

  /** Runs tests at once, with the suite's pauses and the origin's `Date.now()` on this clock. */
  async run(tests) {
    const { setTimeout: hostTimeout } = globalThis;
    const hostNow = Date.now;
    globalThis.setTimeout = (task, delay, ...rest) =>
      delay === PAUSE ? this.wait(task, delay) : hostTimeout(task, delay, ...rest);
    Date.now = () => this.#now;
    this.#underWay = tests.length;
    try {
      await Promise.all(tests.map((test) => this.#ended(test())));
    } finally {
      globalThis.setTimeout = hostTimeout;
      Date.now = hostNow;
    }
  }

  async #ended(running) {
    await running;
    this.#underWay -= 1;
    this.#check();
  }

  #check() {
    if (this.#moving || this.#waiting.length === 0) return;
    if (this.#waiting.length < this.#underWay) return;
    this.#moving = true;
    this.#move();
  }

  async #move() {
    do await sleep(QUIET);
    while (!this.#isQuiet());
    this.#now = Math.min(...this.#waiting.map(({ due }) => due));
    const due = this.#waiting.filter((waiting) => waiting.due <= this.#now);
    this.#waiting = this.#waiting.filter((waiting) => waiting.due > this.#now);
    await this.#moved(this.#now);
    this.#moving = false;
    for (const { task } of due) task();
  }
}
