import { type Case, type Has, LONG, same, type Time, timed, times } from "./bench.js";

const SHORT = 300;

/** Returns the cases of `increment`. */
export function counterCases(time: Time, has: Has): Case[] {
  if (!has("increment")) return [];
  const isEndless = time.lag === Number.POSITIVE_INFINITY;
  return isEndless ? counting : [...counting, ...ending(time)];
}

const counting: Case[] = [
  [
    "increment: begins at nothing, adds, subtracts, adds nothing",
    async ({ store, prefix }) => {
      const add = async (by: number) => store.increment?.(`${prefix}a`, by, LONG) ?? -1;
      same(await add(5), 5, "5 from nothing");
      same(await add(1), 6, "5 + 1");
      same(await add(-4), 2, "6 − 4");
      same(await add(-5), -3, "2 − 5");
      same(await add(0), -3, "−3 + 0");
      same(await add(2 ** 40), 2 ** 40 - 3, "2^40 − 3");
      same((await store.increment?.(`${prefix}b`, -2, LONG)) ?? 0, -2, "−2 from nothing");
      const expiresIn = Number.POSITIVE_INFINITY;
      same((await store.increment?.(`${prefix}c`, 1, { expiresIn })) ?? 0, 1, "an endless one");
    },
  ],
  [
    "increment: 50 at once are all counted, each gets a sum of its own",
    async ({ store, prefix }) => {
      const sums = await Promise.all(times(50, () => store.increment?.(`${prefix}a`, 1, LONG)));
      same(new Set(sums).size, 50, "different sums");
      same((await store.increment?.(`${prefix}a`, 0, LONG)) ?? -1, 50, "the sum");
    },
  ],
];

function ending(time: Time): Case[] {
  return [
    timed(
      "increment: a counter ends when it should, and is not prolonged by counting",
      time,
      async ({ store, prefix }, { advance, lag }, scale) => {
        const short = scale * SHORT;
        const expiresIn = 2 * short + lag;
        const add = async () => store.increment?.(`${prefix}a`, 1, { expiresIn }) ?? -1;
        same(await add(), 1, "a new counter");
        await advance(short);
        same(await add(), 2, "before its end");
        await advance(short + 2 * lag + 1);
        same(await add(), 1, "after its end");
      },
    ),
  ];
}
