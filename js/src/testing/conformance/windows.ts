import type { WindowOptions, WindowState } from "../../model/store.js";
import { type Bench, type Case, check, type Has, same, type Time, timed, times } from "./bench.js";

const PERIOD = 500;

/** Returns the cases of `window`. */
export function windowCases(time: Time, has: Has): Case[] {
  if (!has("window")) return [];
  const isEndless = time.lag === Number.POSITIVE_INFINITY;
  return isEndless ? atOnce : [...atOnce, ...ending(time)];
}

async function call({ store, prefix }: Bench, options: WindowOptions): Promise<WindowState> {
  const state = await store.window?.(`${prefix}w`, options);
  if (state === undefined) throw new Error("window gave nothing");
  check(Number.isFinite(state.retryAfter) && state.retryAfter >= 0, "retryAfter is no time");
  return state;
}

const ALGORITHMS: readonly WindowOptions["algorithm"][] = ["fixed", "sliding"];

const atOnce: Case[] = ALGORITHMS.flatMap((algorithm): Case[] => [
  [
    `window, ${algorithm}: admits the limit, refuses the next, says how long`,
    async (bench) => {
      const options = { algorithm, limit: 3, period: 60_000 };
      for (const left of [2, 1, 0]) {
        const { admitted, remaining, retryAfter } = await call(bench, options);
        same(admitted, true, `with ${left} left`);
        same(remaining, left, "remaining");
        if (left > 0) same(retryAfter, 0, "retryAfter while there is room");
        else check(retryAfter > 0, "retryAfter is 0 although nothing is left");
      }
      const { admitted, remaining, retryAfter } = await call(bench, options);
      same(admitted, false, "the call above the limit");
      same(remaining, 0, "remaining");
      check(retryAfter > 30_000 && retryAfter <= 60_000, `retryAfter is ${retryAfter}`);
    },
  ],
  [
    `window, ${algorithm}: 30 calls at once, the limit of them are admitted`,
    async (bench) => {
      const options = { algorithm, limit: 7, period: 60_000 };
      const states = await Promise.all(times(30, () => call(bench, options)));
      same(states.filter(({ admitted }) => admitted).length, 7, "admitted");
      const left = states.filter(({ admitted }) => admitted).map(({ remaining }) => remaining);
      same(new Set(left).size, 7, "different numbers of calls remaining");
    },
  ],
]);

function ending(time: Time): Case[] {
  return [...renewing(time), ...banning(time), sliding(time)];
}

/** Returns a period to wait for, and the milliseconds after which it has ended. */
function timesOf({ lag }: Time, scale: number): { period: number; over: number } {
  const period = scale * PERIOD + lag;
  return { period, over: period + lag + 1 };
}

function renewing(time: Time): Case[] {
  return ALGORITHMS.map((algorithm) =>
    timed(
      `window, ${algorithm}: after the period calls are admitted again, whatever was refused`,
      time,
      async (bench, { advance }, scale) => {
        const { period, over } = timesOf(time, scale);
        const options = { algorithm, limit: 2, period };
        for (const wanted of [true, true, false, false]) {
          same((await call(bench, options)).admitted, wanted, "in the first window");
        }
        await advance(over);
        for (const wanted of [true, true, false]) {
          same((await call(bench, options)).admitted, wanted, "in the second window");
        }
      },
    ),
  );
}

function banning(time: Time): Case[] {
  return [
    timed(
      "window, fixed: a ban lasts longer than the window, and refusals do not prolong it",
      time,
      async (bench, { advance, lag }, scale) => {
        const { period, over } = timesOf(time, scale);
        const options = { algorithm: "fixed", limit: 1, period, ban: 3 * period } as const;
        same((await call(bench, options)).admitted, true, "the first");
        const banned = await call(bench, options);
        same(banned.admitted, false, "the second");
        check(banned.retryAfter > 2 * period, `banned for ${banned.retryAfter} ms only`);
        await advance(over);
        same((await call(bench, options)).admitted, false, "after the window, in the ban");
        await advance(2 * period + lag);
        same((await call(bench, options)).admitted, true, "after the ban");
      },
    ),
    [
      "window, fixed: a ban shorter than the window does not shorten it",
      async (bench) => {
        const options = { algorithm: "fixed", limit: 1, period: 60_000, ban: 1 } as const;
        await call(bench, options);
        check((await call(bench, options)).retryAfter > 30_000, "the window is cut short");
        await time.advance(2);
        same((await call(bench, options)).admitted, false, "after the ban, in the window");
      },
    ],
  ];
}

function sliding(time: Time): Case {
  return timed(
    "window, sliding: each call leaves the window by itself",
    time,
    async (bench, { advance, lag }, scale) => {
      const { period } = timesOf(time, scale);
      const options = { algorithm: "sliding", limit: 2, period } as const;
      await call(bench, options);
      await advance(0.6 * period);
      await call(bench, options);
      same((await call(bench, options)).admitted, false, "with two calls in the window");
      await advance(0.4 * period + lag + 1);
      same((await call(bench, options)).admitted, true, "with the first call out of it");
      same((await call(bench, options)).admitted, false, "with two calls in it again");
    },
  );
}
